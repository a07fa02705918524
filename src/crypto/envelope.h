// The ciphertext envelope, version 1 (docs/formats/envelope.md): a self-describing header, then the
// suite's body.
//
//   0   magic C7             1
//   1   format version 01    1
//   2   suite                2
//   4   key id              16
//   20  key version          4   from 1
//   24  flags                2   none defined: 0
//   26  extension length     2   bytes of TLVs that follow, mostly 0
//   28  extensions               each: type u16 (top bit: critical) | length u16 | value; none is
//   defined yet
//       body
// All integers are big-endian. "header" below is everything before the body, extensions included.
//
//   0x0101  C2SP chunked encryption, AES-256-GCM, SHA-512 (the default; committing;
//   c2sp.org/chunked-encryption):
//           salt 24 | commitment 32 | chunks of 16384 + 16 | last chunk, shorter;
//           context = header | SHA-512(aad); 100 bytes more than the plaintext below 16 KiB
//   0x0102  AES-256-GCM:        nonce 12 (random) | ciphertext | tag 16;  associated data = header
//   | aad 0x0103  AES-256-SIV:        V 16 | ciphertext;  RFC 5297 with two components: header, aad
//   (never empty) 0x0104  ChaCha20-Poly1305:  as 0x0102, RFC 8439 0x0301  RSA-OAEP:           one
//   block of modulus size; SHA-256, MGF1-SHA-256, label = SHA-256(header | aad) 0x0401  ML-KEM-768,
//   -1024:  KEM ciphertext (1088, 1568) | body as 0x0101 under the shared secret;
//           context = header | SHA-512(u32 length of the KEM ciphertext | KEM ciphertext | aad)
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"

namespace kw::crypto {

inline constexpr std::size_t kEnvelopeHeaderBytes = 28;
/// No suite has a shorter body: each has a tag of 16 bytes at least.
inline constexpr std::size_t kEnvelopeBodyBytesMin = 16;

/// Who can open a ciphertext. Authenticated with the body.
struct EnvelopeHeader {
  std::uint16_t suite = 0;
  KeyId key;
  std::uint32_t version = 0;  ///< key version, from 1
  std::uint16_t flags = 0;    ///< none defined: must be 0
};

/// A parsed envelope; borrows the bytes it was parsed from.
struct Envelope {
  EnvelopeHeader header;
  ByteView header_bytes;  ///< exactly as received, for authentication
  ByteView body;
};

/// Checks everything that can be checked without a key. Unknown extensions that are not critical
/// are kept and authenticated.
/// @errors kInvalidArgument(bad_envelope): magic, format version, suite or key version 0, flags,
/// critical or broken
///         extension, length.
Result<Envelope> parse_envelope(ByteView bytes);
/// The 28 header bytes. `header.version` is at least 1 and `header.flags` is 0 (checked).
Bytes encode_header(const EnvelopeHeader& header);

/// Text form: "kw1:" and base64url without padding. @source RFC 4648, 5.
std::string envelope_text(ByteView envelope);
/// Accepts the text form only as envelope_text writes it.
/// @errors kInvalidArgument(bad_envelope)
Result<Bytes> envelope_from_text(std::string_view text);

}  // namespace kw::crypto
