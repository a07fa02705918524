// Cursors come from clients: any text is refused or is a cursor that writes itself again.
#include <cstdlib>

#include "keys/listing_cursor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto sort : {kw::keys::Sort::kName, kw::keys::Sort::kNameDown,
                          kw::keys::Sort::kCreated, kw::keys::Sort::kCreatedDown}) {
    const auto cursor = kw::keys::parse_cursor(text, sort);
    if (!cursor || text.empty()) continue;
    const auto again = kw::keys::parse_cursor(kw::keys::cursor_text(*cursor), sort);
    if (!again || again->name != cursor->name || again->id != cursor->id) std::abort();
  }
  return 0;
}
