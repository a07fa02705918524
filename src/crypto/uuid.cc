#include "crypto/uuid.h"

#include <span>

#include "crypto/random.h"

namespace kw::crypto {

namespace {

constexpr int kTimeBytes = 6, kVersionByte = 6, kVariantByte = 8;

}  // namespace

std::array<std::uint8_t, 16> uuid_of_time(WallTime time) {
  std::array<std::uint8_t, 16> bytes{};
  random_public(std::span(bytes).subspan(kTimeBytes));
  const std::int64_t milliseconds = to_micros(time) / 1000;
  for (int i = 0; i < kTimeBytes; ++i)
    bytes.at(i) = static_cast<std::uint8_t>(milliseconds >> (8 * (kTimeBytes - 1 - i)));
  bytes.at(kVersionByte) = (bytes.at(kVersionByte) & 0x0f) | 0x70;
  bytes.at(kVariantByte) = (bytes.at(kVariantByte) & 0x3f) | 0x80;
  return bytes;
}

}  // namespace kw::crypto
