// Logic-less templates: literal text with places for values. No conditions, no loops, no functions,
// no input or output: what a template can do is put named values, escaped, into a text.
//
//   {{db/orders#password}}          the field of the secret, as it is
//   {{db/orders#password|url}}      escaped: url, json, shell, base64 or yaml
//   {{db/orders@previous#password}} of the version before, while both are valid
//   {{api/token}}                   a value without fields
//   {{"{{"}}                        the quoted text itself
//   {{! a remark}}                  nothing
//
// Blanks inside the braces are allowed around each part. Used by the agent for files and by the
// server for rendered secrets.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::codec {

inline constexpr std::size_t kTemplateBytesMax = 256 * 1024;
inline constexpr std::size_t kTemplateReferencesMax = 1000;
inline constexpr std::size_t kRenderedBytesMax = 1 << 20;

/// How a value is written. Json, shell and yaml write a whole token with its quotes.
enum class TextEscape : std::uint8_t {
  kNone,
  kUrl,     ///< all but unreserved characters in percent form. @source RFC 3986, 2.3
  kJson,    ///< a JSON string. @source RFC 8259, 7
  kShell,   ///< one word in single quotes. @source POSIX.1-2017, Shell 2.2.2
  kBase64,  ///< standard, with padding. @source RFC 4648, 4
  kYaml,    ///< a double-quoted scalar on one line. @source YAML 1.2.2, 5.7 and 7.3.1
};
std::string_view text_escape_name(TextEscape escape);  ///< "none", "url", "json" …

/// Which value is meant.
struct TextReference {
  std::string path;   ///< names [A-Za-z0-9][A-Za-z0-9._-]* with '/' between, at most 255 bytes
  std::string field;  ///< [a-z0-9_]{1,64}; "": the value has no fields
  bool previous = false;
  auto operator<=>(const TextReference&) const = default;
};

/// Appends `value` to `out`, which must be on the heap already (reserve) to leave no copy behind.
/// @errors kInvalidArgument(not_text): json and yaml take UTF-8, shell takes no NUL;
///   kTooLarge(rendered_too_large): out would pass kRenderedBytesMax
Status append_escaped(TextEscape escape, ByteView value, WipedText& out);

/// A parsed template. Holds no secrets. Reading is safe from any thread.
class TextTemplate {
 public:
  /// @errors kTooLarge(template_too_large); kInvalidArgument(bad_template): the message begins with
  ///   "line N column N: ". Nothing is repaired: a brace pair that opens must be a place.
  static Result<TextTemplate> parse(std::string_view text);

  /// Each reference once, in order.
  const std::vector<TextReference>& references() const { return references_; }

  /// Borrows the value of a reference until it is called again.
  using Lookup = std::function<Result<ByteView>(const TextReference&)>;
  /// The text with all values in place, in wiped memory.
  /// @errors those of `value`; as append_escaped, with the reference in the message
  Result<WipedText> render(const Lookup& value) const;

 private:
  friend class TextTemplateParser;
  /// A literal, or a reference when `reference` is not negative.
  struct Piece {
    std::string literal;
    int reference = -1;
    TextEscape escape = TextEscape::kNone;
  };
  std::vector<Piece> pieces_;
  std::vector<TextReference> references_;
};

/// "path@previous#field", as it is written in a template.
std::string reference_text(const TextReference& reference);

}  // namespace kw::codec
