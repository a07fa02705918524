// Evidence files come from anywhere: whatever the bytes, nothing but what the pinned key signed is
// good.
#include <cstdint>
#include <cstdlib>

#include "rotation/evidence.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Nobody holds the private half of this one: the digits of pi.
  constexpr std::string_view kPinned =
      "test/audit/1+00000000+ATFBWSZTWJeTI4RiZDODJ5UCiEGXFpOZN1EFggl0lEWS";
  const auto report = kw::rotation::verify_evidence(text, kPinned);
  if (report && report->good()) std::abort();
  (void)kw::rotation::verify_evidence(kPinned, text);
  return 0;
}
