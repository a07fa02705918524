// SHA-2, HMAC and HKDF. Algorithms are fetched once per process and never substituted.
#pragma once

#include <array>
#include <memory>

#include "base/bytes.h"
#include "base/secret_bytes.h"

namespace kw::crypto {

using Digest256 = std::array<std::uint8_t, 32>;
enum class Hash : std::uint8_t { kSha256, kSha384, kSha512 };

/// SHA-256 of the concatenation of `parts`. About 100 ns for 64 bytes. @source FIPS 180-4.
Digest256 sha256(ByteView bytes);
Digest256 sha256(std::initializer_list<ByteView> parts);
Bytes digest(Hash hash, ByteView bytes);

/// HMAC. @source FIPS 198-1, RFC 2104.
Digest256 hmac_sha256(const SecretBytes& key, ByteView message);
Bytes hmac(Hash hash, const SecretBytes& key, ByteView message);

/// HMAC-SHA-256 of many messages under one key, which is set up once: that is two thirds of a short
/// one's cost. Not thread-safe, and not for longer than the messages take: while it lives, what
/// OpenSSL made of the key lies outside the secret arena. Wiped on destruction. @source FIPS 198-1.
class HmacSha256 {
 public:
  explicit HmacSha256(const SecretBytes& key);
  HmacSha256(HmacSha256&&) noexcept;
  HmacSha256& operator=(HmacSha256&&) noexcept;
  ~HmacSha256();

  Digest256 of(ByteView message);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// HKDF (RFC 5869). `size` at most 255 times the hash length (checked).
SecretBytes hkdf(Hash hash, const SecretBytes& input_key, ByteView salt, ByteView info,
                 std::size_t size);
/// The expand step alone: `key` must already be uniformly random.
SecretBytes hkdf_expand(Hash hash, const SecretBytes& key, ByteView info, std::size_t size);

}  // namespace kw::crypto
