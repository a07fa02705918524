// Using keys: encrypt, decrypt, rewrap, sign, verify, mac, verify-mac, generate-data-key, derive.
// State, purpose and limits are enforced here, uses are counted here. No authorisation: that is the
// service's. Thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "crypto/jose_signature.h"
#include "keys/keyring.h"

namespace kw::keys {

class UsageLedger;
class MessageBudget;
struct Ceiling;
class RolloutMeter;
class ProtectLimits;
class ReencryptionGrant;

enum class Operation : std::uint8_t {
  kEncrypt,
  kDecrypt,
  kRewrap,
  kSign,
  kVerify,
  kMac,
  kVerifyMac,
  kGenerateDataKey,
  kDerive
};
inline constexpr int kOperationCount = 9;
std::string_view operation_name(Operation operation);  ///< "encrypt" … "generate-data-key"

enum class Verdict : std::uint8_t {
  kValid,
  kInvalid,
  kUntrusted,              ///< the signature is right, and nobody should rely on it
  kValidRetired,           ///< by a version that signs nothing any more and was never compromised
  kValidBeforeCompromise,  ///< by a compromised version, proven to be older than the compromise
  kSignedAfterCompromise,  ///< by a compromised version, and not older than the compromise
  kExpired,                ///< a token whose signature may be relied on, after its `exp`
  kNotYetValid,            ///< the same, before its `nbf`
};
/// "valid", "invalid", "untrusted", "valid_retired" …
std::string_view verdict_name(Verdict verdict);
/// True for the verdicts that one may rely on.
bool relied_on(Verdict verdict);

/// When a signature of `version` (as Key::sign made it) was recorded for good; nothing when no
/// record is found that commits to it. Asked for compromised versions alone.
using Witness = std::function<std::optional<WallTime>(const Version& version, ByteView signature)>;

/// A signature, and what the caller says about it.
struct SignatureClaim {
  ByteView message;
  ByteView signature;
  crypto::SignatureForm form = crypto::SignatureForm::kDer;
  /// Says the caller: believed only against the signature.
  std::optional<WallTime> signed_at{};
  Witness witness{};  ///< may be empty
};

/// What a use answers: bytes (ciphertext, plaintext, signature …) and which version did it.
template <typename Content>
struct Used {
  Content content;
  std::uint32_t version = 0;
};
struct Verified {
  Verdict verdict = Verdict::kInvalid;
  std::uint32_t version = 0;
  std::string reason;  ///< why not simply valid: the state's name
};
struct DataKey {
  SecretBytes plaintext;  ///< 16 to 64 bytes, default 32
  Bytes wrapped;          ///< envelope
  std::uint32_t version = 0;
};

/// What a rotation asks of every use. Absent parts watch nothing.
struct UseWatch {
  RolloutMeter* meter = nullptr;    ///< counts and checks while a new version is tried
  ProtectLimits* limits = nullptr;  ///< what policies allow a version to protect
};

/// Uses keys. Stands on references that the caller keeps alive.
class Operations {
 public:
  Operations(Keyring& keyring, UsageLedger& usage, MessageBudget& budget, const Clock& clock,
             UseWatch watch = {});

  // `version` 0 means the default: the primary to protect, the envelope's own to process. While a
  // rotation is rolled out, the callers whose turn it is protect with the new version; when that
  // fails, or its answer is checked and wrong, with the primary after all.
  // A named version protects only while active, or secondary within the key's lease grace after its
  // demotion. Common errors: kNotFound(not_found), kFailedPrecondition(no_primary | version_state |
  // key_exhausted | protect_blocked: its rotation is overdue | wrong_purpose),
  // kInvalidArgument(decrypt_failed) for every failed decryption, kUnavailable(sealed). Every
  // success is counted in the usage ledger under `caller`.

  /// Makes ready what protects by default and what is rolled out: material, limits, the first block
  /// of messages. For Keyring::warm_by; what fails is left to the first use.
  void warm(const Key& key);

  /// Purposes encrypt, wrap and deterministic; the last needs `aad`.
  /// @errors kInvalidArgument(context_required), kTooLarge(plaintext_too_large)
  Result<Used<Bytes>> encrypt(const Key& key, std::uint32_t version, ByteView aad,
                              ByteView plaintext, std::string_view caller);
  /// One error whatever was wrong with envelope or `aad`; only a state that forbids decryption is
  /// told (version_state).
  Result<Used<WipedBytes>> decrypt(const Key& key, ByteView envelope, ByteView aad,
                                   std::string_view caller);
  /// As decrypt, for the job of `grant`: also what is under a revoked version that it covers.
  Result<Used<WipedBytes>> decrypt_granted(const Key& key, ByteView envelope, ByteView aad,
                                           std::string_view caller, const ReencryptionGrant& grant);
  /// Decrypts and encrypts under the primary; the plaintext does not leave. Another version that it
  /// was under counts a decryption.
  Result<Used<Bytes>> rewrap(const Key& key, ByteView envelope, ByteView aad,
                             std::string_view caller);
  Result<Used<Bytes>> sign(const Key& key, std::uint32_t version, ByteView message,
                           std::string_view caller);
  /// Without a version: the primary, then the others that may verify, newest first, then untrusted
  /// ones; at most 32. A good signature of a revoked, suspended, destroying or destroyed version is
  /// "untrusted". `version` is 0 in a negative answer to an unnamed question.
  /// A good signature of a retired or archived version, and of one that was destroyed from there,
  /// is "valid_retired". Of a compromised one: what claim.witness and claim.signed_at prove, else
  /// "untrusted".
  Result<Verified> verify(const Key& key, std::uint32_t version, const SignatureClaim& claim,
                          std::string_view caller);
  Result<Verified> verify(const Key& key, std::uint32_t version, ByteView message,
                          ByteView signature, std::string_view caller) {
    return verify(key, version, SignatureClaim{message, signature}, caller);
  }
  /// A JSON Web Token in compact form, bound to the version that signs it: purposes sign and mac
  /// with the label use=jwt.
  /// @errors kFailedPrecondition(no_token_key | no_jws_algorithm), kInvalidArgument(json_type |
  ///   bad_token_expiry | bad_token_type)  @source RFC 7515, 7.1; RFC 7519.
  struct TokenOrder {
    std::string_view claims;  ///< JSON text, signed as it is
    std::string_view type = "JWT";
    std::chrono::seconds life{};  ///< the latest `exp`, from now
  };
  Result<Used<Bytes>> sign_token(const Key& key, std::uint32_t version, const TokenOrder& order,
                                 std::string_view caller);
  /// A token from anywhere. Its kid names the version, the version the algorithm; a header that
  /// says otherwise, "none" too, is "invalid" (reason alg_mismatch). `iat` counts as
  /// SignatureClaim::signed_at. Then its times: "expired", "not_yet_valid".
  /// @errors kFailedPrecondition(no_token_key), kNotFound(unknown_kid), those of parse_token
  /// @source RFC 8725, 3.1
  struct VerifiedToken {
    Verified verified;
    std::string claims;  ///< JSON text; "" unless the verdict may be relied on
  };
  Result<VerifiedToken> verify_token(const Key& key, std::string_view token, const Witness& witness,
                                     std::string_view caller);
  /// The number of the version with this kid. @errors kNotFound(unknown_kid)
  Result<std::uint32_t> version_of_kid(const Key& key, std::string_view kid);
  Result<Used<Bytes>> mac(const Key& key, std::uint32_t version, ByteView message,
                          std::string_view caller);
  /// As verify; but stopped versions are not tried, and a named one is "untrusted" without a look
  /// at the tag.
  Result<Verified> verify_mac(const Key& key, std::uint32_t version, ByteView message, ByteView tag,
                              std::string_view caller);
  /// Purposes encrypt and wrap. @param size 16 to 64 bytes. @errors kInvalidArgument(bad_size)
  Result<DataKey> generate_data_key(const Key& key, std::uint32_t version, ByteView aad,
                                    std::size_t size, std::string_view caller);
  /// By default under the primary. A named version may derive again what it derived before, as it
  /// may decrypt.
  /// @param size 16 to 64 bytes. @errors kInvalidArgument(bad_size)
  Result<Used<SecretBytes>> derive(const Key& key, std::uint32_t version, ByteView context,
                                   std::size_t size, std::string_view caller);

 private:
  /// Who protects how much, and what the ledger calls it.
  struct Wish {
    std::uint32_t version = 0;
    Operation operation = Operation::kEncrypt;
    std::string_view caller;
    std::size_t bytes = 0;
  };
  /// A version and its material, ready for one use.
  struct Ready;
  Result<Ceiling> ceiling_of(const Key& key, const Version& version);
  Result<Ready> ready_to_protect(const Key& key, Result<const Version*> chosen, std::size_t bytes);
  template <typename Make>
  Result<Used<Bytes>> protect_with(const Key& key, Result<const Version*> chosen, const Wish& wish,
                                   const Make& make);
  template <typename Make, typename Check>
  Result<Used<Bytes>> protect_in_rollout(const Key& key, const Wish& wish, const Make& make,
                                         const Check& check);
  template <typename Make, typename Check>
  Result<Used<Bytes>> protect(const Key& key, const Wish& wish, const Make& make,
                              const Check& check);

  Keyring& keyring_;
  UsageLedger& usage_;
  MessageBudget& budget_;
  const Clock& clock_;
  UseWatch watch_;
};

}  // namespace kw::keys
