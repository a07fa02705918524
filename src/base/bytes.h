// Plain byte strings and the canonical, length-prefixed forms that are hashed, authenticated or
// stored.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kw {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// The bytes of `text`, borrowed.
inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
/// The characters of `bytes`, borrowed.
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
/// A copy as an owning vector.
inline Bytes to_bytes(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}
/// Byte-wise equality of public data. Never for secrets: see equal_constant_time.
inline bool same_bytes(ByteView a, ByteView b) {
  return as_text(a) == as_text(b);
}

/// Appends big-endian integers and length-prefixed fields; the one way to build authenticated
/// encodings.
class ByteWriter {
 public:
  ByteWriter& u8(std::uint8_t value);
  ByteWriter& u16(std::uint16_t value);
  ByteWriter& u32(std::uint32_t value);
  ByteWriter& u64(std::uint64_t value);
  /// The bytes as they are.
  ByteWriter& raw(ByteView bytes);
  /// u32 length, then the bytes: two different field lists never encode to the same string.
  ByteWriter& field(ByteView bytes);
  ByteWriter& field(std::string_view text) { return field(as_bytes(text)); }

  const Bytes& bytes() const& { return bytes_; }
  Bytes&& bytes() && { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

/// Reads what ByteWriter wrote. Every read checks what is left; errors:
/// kInvalidArgument(truncated).
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}

  Result<std::uint8_t> u8();
  Result<std::uint16_t> u16();
  Result<std::uint32_t> u32();
  Result<std::uint64_t> u64();
  /// The next `length` bytes, borrowed from the input.
  Result<ByteView> raw(std::size_t length);
  /// A u32-prefixed field, borrowed from the input.
  Result<ByteView> field();

  std::size_t left() const { return rest_.size(); }
  bool done() const { return rest_.empty(); }

 private:
  Result<std::uint64_t> big_endian(std::size_t width);
  ByteView rest_;
};

}  // namespace kw
