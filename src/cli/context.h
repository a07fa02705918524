// Contexts: which server, which tenant, which token. Kept in
// $XDG_CONFIG_HOME/keywright/contexts.json (0600), written whole by rename.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::cli {

struct Context {
  std::string url;
  std::string tenant;
  std::string ca_file;
  std::string pinned_sha256;  ///< trust exactly this server certificate
  std::string client_certificate_file, client_key_file;
  WipedText token;
};

struct Contexts {
  std::string current;
  std::map<std::string, Context> all;
};

/// Where the file lies: $KEYWRIGHT_CONFIG_DIR, else $XDG_CONFIG_HOME/keywright, else
/// ~/.config/keywright.
std::string context_directory();
/// No file means no contexts. @errors kInvalidArgument(bad_context_file)
Result<Contexts> load_contexts();
/// Writes temp + fsync + rename; never touches another context than those given.
Status save_contexts(const Contexts& contexts);
/// Context "dev" for a development server, made current.
Status save_development_context(const std::string& url, const std::string& certificate_sha256,
                                const WipedText& token);

}  // namespace kw::cli
