#include <cstdint>

#include "connectors/ssh_krl.h"

// A list that is understood takes a key once: the second time nothing changes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kw::Bytes key{1, 2, 3};
  const auto once = kw::connectors::krl_with({data, size}, key);
  if (!once) return 0;
  const auto twice = kw::connectors::krl_with(*once, key);
  if (!twice || *twice != *once) __builtin_trap();
  return 0;
}
