#include <cstdint>

#include "base/bytes.h"
#include "connectors/json_pointer.h"

// The first line is a pointer, the rest a value: whatever they are, a lookup ends, and a pointer
// that passes the check finds only what is there.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all = kw::as_text({data, size});
  const std::string_view pointer = all.substr(0, all.find('\n'));
  if (!kw::connectors::check_json_pointer(pointer) || pointer.size() == all.size()) return 0;
  const auto value = kw::codec::JsonDocument::parse(all.substr(pointer.size() + 1));
  if (!value) return 0;
  const auto found = kw::connectors::at_json_pointer(value->root(), pointer);
  const auto text = kw::connectors::text_at(value->root(), pointer);
  if (text && !found) __builtin_trap();
  if (pointer.empty() && !found) __builtin_trap();
  return 0;
}
