// Any text may be given as a share: it is refused or says exactly what it was made of.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "seal/share_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = kw::as_text({data, size});
  const auto share = kw::seal::parse_share(text);
  if (!share) return 0;
  const kw::WipedText again = kw::seal::share_text(*share);
  KW_CHECK(std::string_view(again) == text);
  return 0;
}
