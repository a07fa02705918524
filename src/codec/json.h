// JSON in and out. Reading is strict (RFC 8259) and bounded before anything is built; writing is
// one small forward writer. Both keep their text in memory that is wiped, since bodies may hold
// secrets.
//
//   KW_TRY(const JsonDocument body, JsonDocument::parse(text));
//   KW_TRY(const std::string_view plaintext, body.root().text("plaintext"));
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::codec {

/// What a JSON text may be at most; checked before and while it is read.
struct JsonLimits {
  static constexpr std::size_t kDepthCeiling =
      64;  ///< no limit lets a text, or a writer, nest deeper

  std::size_t bytes_max = 1 << 20;  ///< up to 1 GiB
  std::size_t depth_max = 32;       ///< arrays and objects inside each other
  std::size_t tokens_max = 10'000;  ///< values and member names together
};

class JsonDocument;

/// A borrowed view of one value; valid while its JsonDocument lives. Cheap to copy. Reads are
/// type-checked:
/// @errors kInvalidArgument(json_type) for the wrong type, kInvalidArgument(json_missing) for an
/// absent member; the message repeats the member's name, so ask only for names that the program
/// chose.
class JsonView {
 public:
  enum class Kind : std::uint8_t { kNull, kBool, kInteger, kDouble, kString, kArray, kObject };

  Kind kind() const;
  Result<bool> boolean() const;
  /// Whole numbers within int64; 1.0 and 1e3 are refused.
  Result<std::int64_t> integer() const;
  /// Any number; an integer of more than 53 bits is rounded.
  Result<double> number() const;
  /// The string without its escapes, valid UTF-8; may hold U+0000. Borrowed from the document.
  Result<std::string_view> text() const;

  /// True when this object has the member.
  bool has(std::string_view name) const;
  /// The member, or nothing: for optional members.
  std::optional<JsonView> find(std::string_view name) const;
  /// The member of this object. Walks the members one by one.
  Result<JsonView> member(std::string_view name) const;
  /// Shorthands for member(name)->text() and so on.
  Result<std::string_view> text(std::string_view name) const;
  Result<std::int64_t> integer(std::string_view name) const;
  Result<bool> boolean(std::string_view name) const;

  std::vector<JsonView> elements() const;  ///< empty when not an array
  /// In text order; empty when not an object.
  std::vector<std::pair<std::string_view, JsonView>> members() const;

 private:
  friend class JsonDocument;
  JsonView(const void* document, std::size_t index) : document_(document), index_(index) {}
  const void* document_;
  std::size_t index_;
};

/// A parsed JSON text. Owns a copy of its strings, which is wiped when it dies. Reading is safe
/// from any thread.
class JsonDocument {
 public:
  /// Reads one JSON text and nothing behind it. Refuses invalid UTF-8, surrogates without their
  /// other half, a byte order mark, numbers that no double holds, and two members of one name in
  /// one object.
  ///
  /// @errors kTooLarge(json_too_large); kInvalidArgument(json_syntax | json_depth | json_tokens |
  ///         json_duplicate_key), with the byte where it was seen.
  /// @source RFC 8259; RFC 7493, 2.3 (duplicate names).
  static Result<JsonDocument> parse(std::string_view text, const JsonLimits& limits = {});
  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();
  JsonView root() const;

  struct Tree;

 private:
  explicit JsonDocument(std::unique_ptr<Tree> tree);
  std::unique_ptr<Tree> tree_;
};

/// Writes one JSON text forward. Escapes strings; invalid UTF-8 becomes U+FFFD. The caller keeps
/// begin and end paired and gives each member of an object a name (checked: a broken pair aborts).
/// The buffer is on the heap from the start and wiped when freed. Not thread-safe.
class JsonWriter {
 public:
  JsonWriter();
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& name(std::string_view member);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
  JsonWriter& value(unsigned number) { return value(static_cast<std::uint64_t>(number)); }
  /// The shortest text that reads back alike; null when not finite. @source ECMA-262, 6.1.6.1.20.
  JsonWriter& value(double number);
  JsonWriter& value(bool flag);
  JsonWriter& null();
  /// Standard base64 of `bytes` as a string, without a temporary.
  JsonWriter& base64(ByteView bytes);
  /// A complete JSON text as it is; the caller vouches for it.
  JsonWriter& raw(std::string_view json);

  /// name + value in one call.
  template <typename Value>
  JsonWriter& member(std::string_view member_name, const Value& member_value) {
    return name(member_name).value(member_value);
  }

  /// What is written so far, borrowed until the next call.
  std::string_view text() const { return {text_.data(), text_.size()}; }
  /// The finished text; the writer is spent. Everything that was begun must have ended.
  WipedText take();

 private:
  JsonWriter& open(char bracket, bool object);
  JsonWriter& close(char bracket, bool object);
  bool in_object() const { return (objects_ & 1) != 0; }
  void separate();

  WipedText text_;
  std::uint64_t objects_ =
      0;  ///< one bit for each open bracket, the innermost lowest: 1 for an object
  std::uint8_t depth_ = 0;
  bool after_name_ = false;
};

/// RFC 8785 canonical form of a parsed text (members sorted by UTF-16 code units, no white space,
/// ES6 numbers: an integer that a double cannot hold is rounded to one, as the standard says). For
/// public data: the result is not wiped.
///
/// @errors as JsonDocument::parse. @source RFC 8785, 3.2.
Result<std::string> canonical_json(std::string_view text, const JsonLimits& limits = {});

}  // namespace kw::codec
