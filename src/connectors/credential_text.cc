#include "connectors/credential_text.h"

#include <algorithm>

#include "connectors/outcome.h"

namespace kw::connectors {

namespace {

// Longer than what a string keeps in itself, where nothing would wipe it.
constexpr std::size_t kOnTheHeap = 64;

}  // namespace

Result<WipedText> credential_text(const SecretBytes& secret) {
  const ByteView bytes = secret.reveal(Reveal{});
  const bool carried = !bytes.empty() && std::none_of(bytes.begin(), bytes.end(), [](auto byte) {
    return byte == 0 || byte == '\n' || byte == '\r';
  });
  if (!carried)
    return rejected_by_policy("the value is empty or holds a zero byte or an end of line");
  WipedText text;
  text.reserve(std::max(kOnTheHeap, bytes.size()));
  text.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text;
}

SecretBytes mutated(const SecretBytes& secret) {
  SecretBytes other = secret.empty() ? SecretBytes(1) : secret.clone();
  std::uint8_t& first = other.reveal_mutable(Reveal{})[0];
  first = first == 'A' ? 'B' : 'A';
  return other;
}

}  // namespace kw::connectors
