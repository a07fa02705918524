// Signed notes, checkpoints and verifier keys: whatever the bytes, they are refused or read, never
// worse.
#include <cstddef>
#include <cstdint>

#include "audit/note.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto key = kw::audit::parse_vkey(text)) {
    const auto again = kw::audit::parse_vkey(kw::audit::vkey_line(*key));
    KW_CHECK(again.has_value() && again->name == key->name);
  }
  for (const std::string_view one : kw::audit::split_notes(text)) KW_CHECK(one.size() < size);
  const auto note = kw::audit::parse_note(text);
  if (!note) return 0;
  (void)kw::audit::parse_checkpoint(note->text);
  (void)kw::audit::is_signed_by(*note, {std::string(note->signatures.front().name), {}});
  return 0;
}
