// Arithmetic in GF(2^8) with the AES polynomial, without tables or branches on its operands.
#pragma once

#include <cstdint>

namespace kw::seal::gf256 {

/// The product of `a` and `b` modulo x^8 + x^4 + x^3 + x + 1. @source FIPS 197, 4.2.
std::uint8_t multiply(std::uint8_t a, std::uint8_t b);
/// The multiplicative inverse; 0 for 0.
std::uint8_t invert(std::uint8_t a);

}  // namespace kw::seal::gf256
