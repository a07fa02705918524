#include <cstdint>

#include "base/bytes.h"
#include "connectors/key_text.h"

// Whatever is read as a key comes back alike from its own text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const std::size_t count : {1U, 2U}) {
    const auto values = kw::connectors::key_values(kw::as_text({data, size}), count);
    if (!values) continue;
    const auto again = kw::connectors::key_values(kw::connectors::key_text(*values), count);
    if (!again || *again != *values) __builtin_trap();
  }
  return 0;
}
