// What rotates, as the command line names it: "orders", "acme:orders", "orders@2", or as runs and
// calendars print it: "key:acme/orders".
#pragma once

#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/session.h"

namespace kw::cli {

struct SubjectReference {
  std::string kind = "key", tenant, name;
  std::optional<std::uint32_t> version;
  std::string text() const { return kind + ":" + tenant + "/" + name; }
  /// "?tenant=…&kind=…&name=…"
  std::string query() const;
};
/// @param kind  for the short forms. @errors kInvalidArgument(usage)
Result<SubjectReference> parse_subject(Session& session, const std::string& text,
                                       const std::string& kind = "key");

/// The tenant of the context, or "" with --all. @errors kInvalidArgument(usage)
Result<std::string> tenant_or_all(Session& session, const Arguments& arguments);
/// As tenant_or_all, but a context without a tenant means all.
std::string tenant_if_any(Session& session, const Arguments& arguments);

}  // namespace kw::cli
