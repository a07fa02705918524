// Whatever is accepted has one canonical form, and that form is its own.
#include "base/check.h"
#include "codec/json.h"
#include "codec/strict_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = kw::as_text({data, size});
  const auto canonical = kw::codec::canonical_json(text);
  if (!canonical) return 0;
  KW_CHECK(kw::codec::valid_utf8(*canonical));
  const auto again = kw::codec::canonical_json(*canonical, {.bytes_max = 16 << 20});
  KW_CHECK(again && *again == *canonical);
  return 0;
}
