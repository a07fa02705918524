// What a re-encryption job does with each ciphertext of one key: look at its header, and put its
// plaintext under another version without showing it to anybody.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "keys/keyring.h"
#include "keys/operations.h"
#include "keys/reencryption_grant.h"
#include "rotation/reencryption.h"

namespace kw::keys {

/// Who the usage ledger says it was.
inline constexpr std::string_view kReencryptionCaller = "keywright/reencrypt";

/// Takes envelopes and their text form "kw1:…", and answers in the form it was given. Thread-safe;
/// borrows keyring and operations.
class ReencryptionCipher final : public rotation::Cipher {
 public:
  /// What the job may do besides; asked at the first revoked version.
  using Grant = std::function<Result<std::optional<ReencryptionGrant>>()>;

  /// For the key of this name as it is now: another key of the same name later is refused.
  /// @errors as Keyring::find; kFailedPrecondition(wrong_purpose): it does not encrypt
  static Result<std::unique_ptr<ReencryptionCipher>> open(Keyring& keyring, Operations& uses,
                                                          std::string tenant, std::string name,
                                                          Grant grant = {});

  std::optional<std::uint32_t> inspect(ByteView ciphertext) const override;
  /// @errors as rotation::Cipher; kFailedPrecondition(key_changed): the name is another key's now;
  ///   grant_over: the time of the job's grant
  Result<Bytes> reencrypt(ByteView ciphertext, ByteView aad, std::uint32_t target) override;

  const KeyId& id() const { return id_; }

 private:
  ReencryptionCipher(Keyring& keyring, Operations& uses, std::string tenant, std::string name,
                     const KeyId& id, Grant grant)
      : keyring_(keyring),
        uses_(uses),
        tenant_(std::move(tenant)),
        name_(std::move(name)),
        id_(id),
        ask_grant_(std::move(grant)) {}
  Result<Used<WipedBytes>> opened(const Key& key, ByteView envelope, ByteView aad);
  Result<std::optional<ReencryptionGrant>> grant();
  Result<Bytes> moved(const Key& key, ByteView envelope, ByteView aad, std::uint32_t target);

  Keyring& keyring_;
  Operations& uses_;
  const std::string tenant_, name_;
  const KeyId id_;
  const Grant ask_grant_;
  std::mutex mutex_;
  std::optional<ReencryptionGrant> grant_;
};

}  // namespace kw::keys
