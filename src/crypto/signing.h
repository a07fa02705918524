// Ed25519 for signed notes: checkpoints of the audit log and other statements of the service
// itself.
//
//   KW_TRY(SigningKey key, SigningKey::from_seed(seed));
//   const auto signature = key.sign(as_bytes("note"));
#pragma once

#include <array>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::crypto {

/// A private Ed25519 key, held in OpenSSL's secure heap. Move-only; signing is thread-safe. @source
/// RFC 8032.
class SigningKey {
 public:
  /// @errors kInvalidArgument(bad_key): not 32 bytes. kResourceExhausted(secure_heap_full)
  static Result<SigningKey> from_seed(const SecretBytes& seed);
  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

  /// The public key as in RFC 8032, 5.1.5.
  std::array<std::uint8_t, 32> public_key() const;
  std::array<std::uint8_t, 64> sign(ByteView message) const;

 private:
  struct State;
  explicit SigningKey(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// True when `signature` (64 bytes) is valid for `message` under `public_key` (32 bytes); false for
/// any other sizes.
bool ed25519_verify(ByteView public_key, ByteView message, ByteView signature);

}  // namespace kw::crypto
