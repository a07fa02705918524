// Typed 128-bit identifiers: a key's id cannot be passed where a token's id is wanted.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace kw {

namespace id_text {
std::string encode(ByteView bytes);
Result<std::array<std::uint8_t, 16>> decode(std::string_view text);
}  // namespace id_text

/// A 128-bit id of the kind `Tag`. Text form: 32 lower-case hexadecimal digits.
template <typename Tag>
class Id {
 public:
  Id() = default;
  explicit Id(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}

  /// @errors kInvalidArgument(bad_id): not exactly 32 lower-case hexadecimal digits.
  static Result<Id> parse(std::string_view text) {
    KW_TRY(auto bytes, id_text::decode(text));
    return Id(bytes);
  }
  /// @errors kInvalidArgument(bad_id): not exactly 16 bytes.
  static Result<Id> from_bytes(ByteView bytes) {
    if (bytes.size() != 16) return error(Code::kInvalidArgument, "bad_id", "an id has 16 bytes");
    Id id;
    std::copy(bytes.begin(), bytes.end(), id.bytes_.begin());
    return id;
  }

  ByteView bytes() const { return bytes_; }
  std::string text() const { return id_text::encode(bytes_); }
  auto operator<=>(const Id&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

using KeyId = Id<struct KeyTag>;
using TokenId = Id<struct TokenTag>;
using ApprovalId = Id<struct ApprovalTag>;
using RequestId = Id<struct RequestTag>;
using JobId = Id<struct JobTag>;
using RunId = Id<struct RunTag>;
using IncidentId = Id<struct IncidentTag>;

}  // namespace kw

template <typename Tag>
struct std::hash<kw::Id<Tag>> {
  std::size_t operator()(const kw::Id<Tag>& id) const noexcept {
    return std::hash<std::string_view>{}(kw::as_text(id.bytes()));
  }
};
