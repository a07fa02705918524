// The associated data that binds a ciphertext to its place, as a template: "{tenant}/{table}/{pk}".
// Plain values, pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace kw::connectors {

class AadTemplate {
 public:
  /// Text with {names}; "{{" and "}}" stand for braces. "" means no associated data.
  /// @param names  those that may occur
  /// @errors kInvalidArgument(bad_aad): an unknown name or a brace without its other half
  static Result<AadTemplate> parse(std::string_view text,
                                   const std::vector<std::string_view>& names);

  /// Every name of the template has its value in `values` (checked).
  Bytes fill(const std::map<std::string, std::string, std::less<>>& values) const;

 private:
  struct Part {
    bool is_name = false;
    std::string text;
  };
  std::vector<Part> parts_;
};

}  // namespace kw::connectors
