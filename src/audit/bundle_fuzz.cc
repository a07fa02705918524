// Entry bundles and tile names: what is read writes back to the same bytes.
#include <cstddef>
#include <cstdint>

#include "audit/tile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kw::ByteView bytes(data, size);
  const auto name = kw::audit::parse_tile_path(kw::as_text(bytes));
  if (name) KW_CHECK(kw::audit::tile_path(*name) == kw::as_text(bytes));
  kw::audit::EntryReader reader(bytes);
  kw::Bytes again;
  while (!reader.done()) {
    const auto entry = reader.next();
    if (!entry) break;
    kw::audit::append_entry(again, *entry);
  }
  KW_CHECK(kw::same_bytes(again, bytes.first(size - reader.left())));
  return 0;
}
