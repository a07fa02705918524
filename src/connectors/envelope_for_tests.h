// Ciphertexts that look like envelopes, for tests of places: what they hold does not matter.
#pragma once

#include <string>

#include "crypto/envelope.h"
#include "crypto/envelope_start.h"

namespace kw::connectors {

inline KeyId key_for_tests(std::uint8_t seed = 7) {
  std::array<std::uint8_t, 16> bytes{};
  bytes.fill(seed);
  return KeyId(bytes);
}

inline Bytes envelope_for_tests(std::uint32_t version, const std::string& body,
                                const KeyId& key = key_for_tests()) {
  crypto::EnvelopeHeader header;
  header.suite = 0x0101;
  header.key = key;
  header.version = version;
  Bytes envelope = crypto::encode_header(header);
  const std::string padded = body + std::string(16, '.');
  envelope.insert(envelope.end(), padded.begin(), padded.end());
  return envelope;
}

/// The same under another version.
inline Bytes moved_for_tests(ByteView envelope, std::uint32_t version) {
  Bytes moved = to_bytes(envelope);
  moved[23] = static_cast<std::uint8_t>(version);
  return moved;
}

}  // namespace kw::connectors
