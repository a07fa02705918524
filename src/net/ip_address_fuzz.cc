#include <arpa/inet.h>

#include <cstdint>

#include "base/bytes.h"
#include "net/ip_address.h"

// What parses is what the system's own reader reads; a range holds its own first address; and an
// address inside another one is never public.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = kw::as_text({data, size});
  if (const auto range = kw::net::AddressRange::parse(text)) {
    if (!range->holds(range->first)) __builtin_trap();
  }
  if (const auto address = kw::net::IpAddress::parse(text)) {
    char shown[INET6_ADDRSTRLEN] = {};
    inet_ntop(address->v4 ? AF_INET : AF_INET6, address->bytes.data(), shown, sizeof shown);
    if (kw::net::IpAddress::parse(shown) != address) __builtin_trap();
  }
  if (size < 16) return 0;
  kw::net::IpAddress raw;
  raw.v4 = false;
  std::copy(data, data + 16, raw.bytes.begin());
  const bool global = raw.bytes[0] >> 5 == 1;
  if (kw::net::kind_of(raw) == kw::net::AddressKind::kPublic && !global) __builtin_trap();
  return 0;
}
