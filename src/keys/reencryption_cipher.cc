#include "keys/reencryption_cipher.h"

#include "crypto/envelope_start.h"
#include "keys/keyring_state.h"

namespace kw::keys {

namespace {

constexpr std::string_view kTextPrefix = "kw1:";

bool is_text(ByteView ciphertext) {
  return as_text(ciphertext).starts_with(kTextPrefix);
}

Error this_item(std::string_view reason, std::string_view message) {
  return error(Code::kInvalidArgument, reason, message);
}

Error tag_invalid() {
  return this_item("tag_invalid", "the ciphertext does not open with this associated data");
}

}  // namespace

Result<std::unique_ptr<ReencryptionCipher>> ReencryptionCipher::open(
    Keyring& keyring, Operations& uses, std::string tenant, std::string name, Grant grant) {
  KW_TRY(const auto key, keyring.find(tenant, name));
  if (key->purpose == crypto::Purpose::kSign || key->purpose == crypto::Purpose::kMac ||
      key->purpose == crypto::Purpose::kDerive)
    return error(Code::kFailedPrecondition, "wrong_purpose", "this key encrypts nothing");
  return std::unique_ptr<ReencryptionCipher>(new ReencryptionCipher(
      keyring, uses, std::move(tenant), std::move(name), key->id, std::move(grant)));
}

std::optional<std::uint32_t> ReencryptionCipher::inspect(ByteView ciphertext) const {
  const auto header = is_text(ciphertext) ? crypto::peek_envelope_text(as_text(ciphertext))
                                          : crypto::peek_envelope(ciphertext);
  if (!header || header->key != id_) return std::nullopt;
  return header->version;
}

Result<Bytes> ReencryptionCipher::reencrypt(ByteView ciphertext, ByteView aad,
                                            std::uint32_t target) {
  const auto version = inspect(ciphertext);
  if (!version) return this_item("not_ours", "this is no ciphertext of the key");
  KW_TRY(const auto key, keyring_.find(tenant_, name_));
  if (key->id != id_)
    return error(Code::kFailedPrecondition, "key_changed", "the name belongs to another key now");
  const Version* from = key->version(*version);
  if (from == nullptr || from->state == VersionState::kDestroyed)
    return this_item("kid_missing", "the key has no such version any more");
  Bytes envelope;
  if (is_text(ciphertext)) {
    auto decoded = crypto::envelope_from_text(as_text(ciphertext));
    if (!decoded) return tag_invalid();
    envelope = *std::move(decoded);
    ciphertext = envelope;
  }
  KW_TRY(Bytes fresh, moved(*key, ciphertext, aad, target));
  if (envelope.empty()) return fresh;
  return to_bytes(as_bytes(crypto::envelope_text(fresh)));
}

// It may come while the job is at work, so a job without one asks again.
Result<std::optional<ReencryptionGrant>> ReencryptionCipher::grant() {
  const std::scoped_lock lock(mutex_);
  if (!grant_ && ask_grant_) {
    KW_TRY(grant_, ask_grant_());
  }
  return grant_;
}

Result<Used<WipedBytes>> ReencryptionCipher::opened(const Key& key, ByteView envelope,
                                                    ByteView aad) {
  auto plain = uses_.decrypt(key, envelope, aad, kReencryptionCaller);
  if (plain || plain.error().reason != "version_state") return plain;
  KW_TRY(const auto granted, grant());
  if (!granted) return plain;
  if (granted->over(keyring_.foundations().clock.wall()))
    return error(Code::kFailedPrecondition, "grant_over",
                 "the time is over in which this job may open revoked versions");
  return uses_.decrypt_granted(key, envelope, aad, kReencryptionCaller, *granted);
}

// Opened again before it is handed out: a ciphertext that does not open must never replace one that
// does.
Result<Bytes> ReencryptionCipher::moved(const Key& key, ByteView envelope, ByteView aad,
                                        std::uint32_t target) {
  const auto plain = opened(key, envelope, aad);
  if (!plain && plain.error().reason == "decrypt_failed") return tag_invalid();
  if (!plain) return plain.error();
  KW_TRY(auto fresh, uses_.encrypt(key, target, aad, plain->content, kReencryptionCaller));
  KW_TRY(const auto again, uses_.decrypt(key, fresh.content, aad, kReencryptionCaller));
  if (again.version == target && equal_constant_time(again.content, plain->content))
    return std::move(fresh.content);
  return error(Code::kInternal, "rewrap_differs", "a new ciphertext does not open to the old text");
}

}  // namespace kw::keys
