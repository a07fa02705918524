#include <cstdint>

#include "base/bytes.h"
#include "connectors/gnupg_output.h"

// Whatever a listing says, fingerprints are fingerprints; a text with a word of refusal in a status
// line is never a good signature.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = kw::as_text({data, size});
  for (const auto& subkey : kw::connectors::gnupg_subkeys(text))
    if (subkey.fingerprint.size() != 40 || subkey.key_id().size() != 16) __builtin_trap();
  const std::string after = std::string(text) + "\n[GNUPG:] REVKEYSIG x\n";
  if (kw::connectors::gnupg_verdict(after, std::string(40, 'A')) ==
      kw::connectors::GnupgVerdict::kGood)
    __builtin_trap();
  return 0;
}
