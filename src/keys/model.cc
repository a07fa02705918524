#include "keys/model.h"

#include <algorithm>
#include <array>

namespace kw::keys {

namespace {
constexpr std::array<std::string_view, 4> kClassifications = {"public", "internal", "confidential",
                                                              "restricted"};
}

std::string_view classification_name(Classification classification) {
  return kClassifications.at(static_cast<std::size_t>(classification));
}

Result<Classification> parse_classification(std::string_view name) {
  const auto found = std::find(kClassifications.begin(), kClassifications.end(), name);
  if (found == kClassifications.end()) {
    return error(Code::kInvalidArgument, "unknown_classification",
                 "a classification is public, internal, confidential or restricted");
  }
  return static_cast<Classification>(found - kClassifications.begin());
}

const Version* Key::version(std::uint32_t number) const {
  const auto found = std::lower_bound(
      versions.begin(), versions.end(), number,
      [](const Version& each, std::uint32_t wanted) { return each.number < wanted; });
  return found != versions.end() && found->number == number ? &*found : nullptr;
}

std::string Key::etag() const {
  return '"' + std::to_string(epoch) + '"';
}

}  // namespace kw::keys
