#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "net/head_scanner.h"

// Byte by byte or all at once: the verdict is the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Verdict = kw::net::HeadScanner::Verdict;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  kw::net::HeadScanner whole;
  const Verdict at_once = whole.scan(bytes);
  kw::net::HeadScanner drip;
  Verdict slowly = Verdict::kIncomplete;
  for (std::size_t n = 1; n <= size && slowly == Verdict::kIncomplete; ++n)
    slowly = drip.scan(bytes.substr(0, n));
  KW_CHECK(at_once == slowly);
  KW_CHECK(at_once != Verdict::kComplete || whole.head_size() == drip.head_size());
  return 0;
}
