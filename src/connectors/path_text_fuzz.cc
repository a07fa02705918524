#include <cstdint>

#include "base/bytes.h"
#include "connectors/path_text.h"

// A path that is accepted has exactly this text, and leads nowhere outside.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = kw::as_text({data, size});
  const auto path = kw::connectors::path_of_text(text);
  if (!path) return 0;
  if (kw::connectors::path_text(*path) != text) __builtin_trap();
  for (const std::string_view name : kw::connectors::path_names(*path))
    if (name.empty() || name == "." || name == "..") __builtin_trap();
  return 0;
}
