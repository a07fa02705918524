// A decoder accepts exactly the texts that the encoder writes, and all variants agree.
#include "base/check.h"
#include "base/reveal.h"
#include "codec/base64.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kw::codec;
  const kw::ByteView bytes{data, size};
  const std::string_view text = kw::as_text(bytes);
  if (const auto plain = from_base64(text)) KW_CHECK(base64(*plain) == text);
  if (const auto url = from_base64url(text)) KW_CHECK(base64url(*url) == text);
  if (const auto digits = from_hex(text)) KW_CHECK(from_hex(hex(*digits)).value() == *digits);
  const auto secret = secret_from_base64url(wiped_base64url(bytes));
  KW_CHECK(secret && kw::same_bytes(secret->reveal(kw::Reveal{}), bytes));
  const auto wiped = wiped_from_base64(wiped_base64(bytes));
  KW_CHECK(wiped && kw::same_bytes(*wiped, bytes));
  return 0;
}
