#include "seal/gf256.h"

namespace kw::seal::gf256 {

// Masks instead of branches and tables: shares must not show in caches or branch predictors.
std::uint8_t multiply(std::uint8_t a, std::uint8_t b) {
  unsigned product = 0;
  unsigned shifted = a;
  for (unsigned bit = 0; bit < 8; ++bit) {
    product ^= shifted & (0u - ((b >> bit) & 1u));
    const unsigned carry = 0u - ((shifted >> 7) & 1u);
    shifted = ((shifted << 1) & 0xFFu) ^ (carry & 0x1Bu);
  }
  return static_cast<std::uint8_t>(product);
}

// a^254 by square and multiply over the fixed exponent 0b11111110.
std::uint8_t invert(std::uint8_t a) {
  std::uint8_t power = a;
  for (int step = 0; step < 6; ++step) power = multiply(multiply(power, power), a);
  return multiply(power, power);
}

}  // namespace kw::seal::gf256
