#include <cstdint>

#include "connectors/ssh_key.h"

// Whatever text is given: it is no key, or a key whose line is found again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto key = kw::connectors::public_half(kw::SecretBytes::copy_of({data, size}));
  if (!key) return 0;
  if (!kw::connectors::line_has_key("no-pty " + key->line() + " comment", *key)) __builtin_trap();
  return 0;
}
