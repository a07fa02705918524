// Any bytes as envelope and as its text form: never a crash, and what parses is stable under
// re-encoding.
#include "crypto/envelope.h"

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kw::ByteView input(data, size);
  const auto envelope = kw::crypto::parse_envelope(input);
  if (envelope.has_value()) {
    KW_CHECK(envelope->header_bytes.size() + envelope->body.size() == size);
    const auto back = kw::crypto::envelope_from_text(kw::crypto::envelope_text(input));
    KW_CHECK(back.has_value() && kw::same_bytes(back.value(), input));
  }
  const auto decoded = kw::crypto::envelope_from_text(kw::as_text(input));
  if (decoded.has_value())
    KW_CHECK(kw::crypto::envelope_text(decoded.value()) == kw::as_text(input));
  return 0;
}
