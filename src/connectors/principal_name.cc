#include "connectors/principal_name.h"

#include <algorithm>

#include "connectors/outcome.h"

namespace kw::connectors {

namespace {

constexpr std::size_t kBaseNameMax = 56;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

Status check_base_name(std::string_view name) {
  const bool fits = !name.empty() && name.size() <= kBaseNameMax && is_letter(name.front()) &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
                    });
  if (fits) return ok();
  return bad_setting("a name has letters, digits, '_', '-' or '.', at most 56 of them");
}

Result<std::string> alternate_name(std::string_view base, const secrets::Minting& minting) {
  const bool odd = minting.version % 2 == 1;
  for (const bool first : {odd, !odd}) {
    std::string name = std::string(base) + (first ? "_a" : "_b");
    if (std::find(minting.taken.begin(), minting.taken.end(), name) == minting.taken.end())
      return name;
  }
  return error(Code::kFailedPrecondition, "no_free_slot",
               "both principals of the account are in use: revoke an old version first");
}

}  // namespace kw::connectors
