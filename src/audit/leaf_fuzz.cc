// Leaves: what parse_leaf accepts is canonical JSON by the codec's own judgement.
#include <cstddef>
#include <cstdint>

#include "audit/leaf.h"
#include "codec/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!kw::audit::parse_leaf(text)) return 0;
  const auto canonical = kw::codec::canonical_json(text);
  if (!canonical) KW_CHECK(canonical.error().reason != "json_syntax");
  if (canonical) KW_CHECK(*canonical == text);
  return 0;
}
