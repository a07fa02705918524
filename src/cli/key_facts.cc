#include "cli/key_facts.h"

#include <cstdio>

#include "cli/session.h"
#include "crypto/algorithm.h"

namespace kw::cli {

using codec::JsonView;

std::optional<JsonView> primary_of(const JsonView& key) {
  const auto versions = key.member("versions");
  if (!versions) return std::nullopt;
  for (const JsonView& version : versions->elements())
    if (count(version, "version") == count(key, "primary")) return version;
  return std::nullopt;
}

std::string primary_text(const JsonView& key) {
  const auto primary = primary_of(key);
  return primary ? "@" + std::to_string(count(*primary, "version")) : "none";
}

std::string reference_of(const JsonView& key) {
  return member(key, "tenant") + ":" + member(key, "name");
}

std::string algorithm_text(const std::string& name) {
  const auto algorithm = crypto::parse_algorithm(name);
  if (!algorithm || crypto::info(*algorithm).suite == 0) return name;
  char suite[16];
  std::snprintf(suite, sizeof suite, "/0x%04x", crypto::info(*algorithm).suite);
  return name + suite;
}

}  // namespace kw::cli
