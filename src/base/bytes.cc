#include "base/bytes.h"

namespace kw {

namespace {
template <typename Integer>
void append_big_endian(Bytes& out, Integer value) {
  for (int shift = static_cast<int>(sizeof(Integer)) * 8 - 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}
}  // namespace

ByteWriter& ByteWriter::u8(std::uint8_t value) {
  bytes_.push_back(value);
  return *this;
}
ByteWriter& ByteWriter::u16(std::uint16_t value) {
  append_big_endian(bytes_, value);
  return *this;
}
ByteWriter& ByteWriter::u32(std::uint32_t value) {
  append_big_endian(bytes_, value);
  return *this;
}
ByteWriter& ByteWriter::u64(std::uint64_t value) {
  append_big_endian(bytes_, value);
  return *this;
}
ByteWriter& ByteWriter::raw(ByteView bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}
ByteWriter& ByteWriter::field(ByteView bytes) {
  KW_CHECK(bytes.size() <= UINT32_MAX);
  return u32(static_cast<std::uint32_t>(bytes.size())).raw(bytes);
}

Result<std::uint64_t> ByteReader::big_endian(std::size_t width) {
  KW_TRY(ByteView part, raw(width));
  std::uint64_t value = 0;
  for (std::uint8_t byte : part) value = value << 8 | byte;
  return value;
}
Result<std::uint8_t> ByteReader::u8() {
  KW_TRY(std::uint64_t value, big_endian(1));
  return static_cast<std::uint8_t>(value);
}
Result<std::uint16_t> ByteReader::u16() {
  KW_TRY(std::uint64_t value, big_endian(2));
  return static_cast<std::uint16_t>(value);
}
Result<std::uint32_t> ByteReader::u32() {
  KW_TRY(std::uint64_t value, big_endian(4));
  return static_cast<std::uint32_t>(value);
}
Result<std::uint64_t> ByteReader::u64() {
  return big_endian(8);
}

Result<ByteView> ByteReader::raw(std::size_t length) {
  if (length > rest_.size())
    return error(Code::kInvalidArgument, "truncated",
                 "the input ends before a field that it announces");
  ByteView part = rest_.first(length);
  rest_ = rest_.subspan(length);
  return part;
}
Result<ByteView> ByteReader::field() {
  KW_TRY(std::uint32_t length, u32());
  return raw(length);
}

}  // namespace kw
