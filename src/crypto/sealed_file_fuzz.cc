#include <cstdint>

#include "crypto/sealed_file.h"

// The file parser: parts never reach outside the input, and joining them gives it back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parts = kw::crypto::parse_sealed_file({data, size});
  if (parts && !kw::same_bytes(kw::crypto::join_sealed_file(*parts), {data, size})) __builtin_trap();
  return 0;
}
