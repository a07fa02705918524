// One key version, ready to use: parsed once, immutable, thread-safe. The `keys` room caches these
// and drops them.
//
//   KW_TRY(Material made, generate(Algorithm::kAes256Gcm));
//   KW_TRY(auto key, load(Algorithm::kAes256Gcm, made.secret));
//   KW_TRY(Bytes envelope, key->encrypt({.key = id, .version = 1}, aad, plaintext));
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "crypto/algorithm.h"
#include "crypto/envelope.h"

namespace kw::crypto {

/// New or imported material: what is sealed and what is public.
struct Material {
  SecretBytes secret;  ///< raw bytes (symmetric) or PKCS#8 DER (asymmetric; ML-DSA and ML-KEM as
                       ///< seed alone)
  Bytes public_key;    ///< SubjectPublicKeyInfo DER; empty for symmetric algorithms
};

/// Generates material from the private generator, with the pairwise consistency test for key pairs.
/// RSA-4096 takes about a second.
/// @errors kUnimplemented(algorithm_unavailable): never a substitute. kInternal(inconsistent_pair)
/// @source SP 800-133 Rev. 2; FIPS 140-3 IG 10.3.A (pairwise consistency).
Result<Material> generate(Algorithm algorithm);

/// The gate for foreign material. Symmetric keys: exact size (HMAC: from the hash length to 128
/// bytes), not all bytes equal; AES-SIV: two different halves. Key pairs: PKCS#8 DER of the exact
/// type and size; RSA: two primes, odd e >= 65537 below 2^256, no small factor, 100 rounds of
/// Fermat, ROCA fingerprint, complete key check; ECDSA: named curve, point on it, private key not
/// tiny; then the pairwise consistency test. Returns the normalised encoding. RSA-4096 takes about
/// a second.
/// @errors kInvalidArgument(weak_key | bad_key), kUnimplemented(algorithm_unavailable)
Result<Material> check_import(Algorithm algorithm, const SecretBytes& secret);

/// One error for every failed decryption: kInvalidArgument(decrypt_failed), whatever the cause.
Error decrypt_failed();

/// A loaded key version. Secrets live in the SecretArena or OpenSSL's secure heap until the last
/// owner drops it. Operations that an algorithm does not have answer
/// kInvalidArgument(unsupported_operation).
class Key {
 public:
  virtual ~Key() = default;
  virtual Algorithm algorithm() const = 0;

  /// Encrypts into a complete envelope (header and body). `header.suite` is set by the key;
  /// `header.version` is at least 1 and `header.flags` is 0 (checked).
  /// @errors kInvalidArgument(unsupported_operation | context_required: AES-SIV without aad),
  ///         kTooLarge(plaintext_too_large: above 1 GiB; RSA: above modulus size less 66 bytes)
  virtual Result<Bytes> encrypt(EnvelopeHeader header, ByteView aad, ByteView plaintext) const;
  /// Opens a parsed envelope of the key's own suite. The caller has found this key by the header's
  /// key and version.
  /// @errors decrypt_failed(), kInvalidArgument(unsupported_operation)
  virtual Result<WipedBytes> decrypt(const Envelope& envelope, ByteView aad) const;
  /// Raw RSA-OAEP-SHA-256 decryption (MGF1 with SHA-256) with an empty label, for interoperable
  /// wrapped import.
  /// @errors decrypt_failed(), kInvalidArgument(unsupported_operation)  @source RFC 8017, 7.1.2.
  virtual Result<SecretBytes> unwrap_raw(ByteView ciphertext) const;
  /// Raw RSA-OAEP-SHA-256 encryption with an empty label: the other half of unwrap_raw, for export
  /// to a recipient.
  /// @errors kTooLarge(plaintext_too_large), kInvalidArgument(unsupported_operation)
  virtual Result<Bytes> wrap_raw(const SecretBytes& secret) const;
  /// Signature in the algorithm's usual form (ECDSA: DER). RSA-PSS: MGF1 and salt of the hash.
  /// @errors kInvalidArgument(unsupported_operation), kUnavailable(crypto_busy): out of secure
  /// memory
  /// @source FIPS 186-5, RFC 8032, RFC 8017, FIPS 204.
  virtual Result<Bytes> sign(ByteView message) const;
  /// True when valid; false when not. Errors only for unsupported operations.
  virtual Result<bool> verify(ByteView message, ByteView signature) const;
  /// HMAC of full length. @source FIPS 198-1.
  virtual Result<Bytes> mac(ByteView message) const;
  /// Constant-time comparison. A tag that has not full length is false.
  virtual Result<bool> verify_mac(ByteView message, ByteView tag) const;
  /// HKDF-Expand(key, "keywright/derive/v1" | context). `size` 16 to 64 bytes; one context is for
  /// one size.
  /// @errors kInvalidArgument(bad_size | unsupported_operation)  @source RFC 5869, 2.3.
  virtual Result<SecretBytes> derive(ByteView context, std::size_t size) const;

 protected:
  Error unsupported() const;
};

/// @errors kDataLoss(bad_key): stored material that does not parse.
/// kUnimplemented(algorithm_unavailable),
///         kResourceExhausted(secure_heap_full): too many private keys are loaded at once
Result<std::shared_ptr<const Key>> load(Algorithm algorithm, const SecretBytes& secret);
/// Public half only: verify, or encrypt for asymmetric algorithms.
/// @errors as load(); kInvalidArgument(unsupported_operation): a symmetric algorithm
Result<std::shared_ptr<const Key>> load_public(Algorithm algorithm,
                                               ByteView subject_public_key_info);

}  // namespace kw::crypto
