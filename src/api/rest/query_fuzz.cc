#include <cstdint>

#include "api/rest/exchange.h"

// The query parser: any bytes are pairs of valid UTF-8 or an error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto pairs = kw::api::rest::parse_query(kw::as_text({data, size}));
  if (pairs && pairs->size() > 32) __builtin_trap();
  return 0;
}
