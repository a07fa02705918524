#include <cstdint>

#include "api/rest/router.h"
#include "base/bytes.h"

// The router: a match never has an empty parameter, or a slash in one but a path.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const kw::api::rest::Router router;
  const auto match = router.match("POST", kw::as_text({data, size}));
  if (!match) return 0;
  for (const auto& [name, value] : match->parameters)
    if (value.empty() || (name != "path" && value.find('/') != value.npos)) __builtin_trap();
  return 0;
}
