// What is accepted survives being written and read again.
#include "base/check.h"
#include "codec/pem.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kw::codec;
  const auto der = from_pem("CERTIFICATE", kw::as_text({data, size}));
  if (!der) return 0;
  const auto again = from_pem("CERTIFICATE", pem("CERTIFICATE", *der));
  KW_CHECK(again && *again == *der);
  return 0;
}
