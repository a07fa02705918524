// The request target in its one accepted form. Nothing is ever decoded, merged or cleaned: what is
// not canonical is refused.
#pragma once

#include <string_view>

#include "base/result.h"

namespace kw::net {

/// Borrowed parts of a target.
struct HttpTarget {
  std::string_view path;   ///< starts with '/'
  std::string_view query;  ///< without '?'
};

/// Splits an origin-form target and refuses every other or ambiguous spelling: absolute form, `*`,
/// empty and dot segments, encoded `/`, `.`, `\` and control characters, malformed or non-UTF-8
/// percent encodings, characters outside RFC 3986 `pchar`, and `#`. A trailing slash is kept.
///
/// @errors kInvalidArgument(bad_target): the message names the rule.
/// @source RFC 9112 section 3.2.1, RFC 3986 section 3.3, RFC 3629 section 4.
Result<HttpTarget> split_target(std::string_view raw);

}  // namespace kw::net
