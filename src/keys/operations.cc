// Protecting and processing data. Verification is in verification.cc.
#include "keys/operations.h"

#include <array>

#include "base/reveal.h"
#include "codec/base64.h"
#include "crypto/random.h"
#include "keys/jwks.h"
#include "keys/jwt.h"
#include "keys/message_budget.h"
#include "keys/usage.h"
#include "keys/version_choice.h"

namespace kw::keys {

namespace {

using crypto::Purpose;

constexpr std::array<std::string_view, kOperationCount> kNames = {
    "encrypt",    "decrypt",           "rewrap", "sign", "verify", "mac",
    "verify-mac", "generate-data-key", "derive"};
constexpr std::size_t kDerivedMin = 16, kDerivedMax = 64;

Status check_size(std::size_t size) {
  if (size >= kDerivedMin && size <= kDerivedMax) return ok();
  return error(Code::kInvalidArgument, "bad_size", "the size is 16 to 64 bytes");
}

Status require_encryption(const Key& key) {
  return require_purpose(key, {Purpose::kEncrypt, Purpose::kWrap, Purpose::kDeterministic});
}

// Without a context equal plaintexts would show everywhere, not only where the caller expects it.
Status require_context(const Key& key, ByteView aad) {
  if (key.purpose != Purpose::kDeterministic || !aad.empty()) return ok();
  return error(Code::kInvalidArgument, "context_required",
               "deterministic encryption needs associated data");
}

Result<Bytes> encrypt_with(const Key& key, const Version& version, const crypto::Key& material,
                           ByteView aad, ByteView plaintext) {
  KW_OK(require_context(key, aad));
  crypto::EnvelopeHeader header;
  header.key = key.id;
  header.version = version.number;
  return material.encrypt(header, aad, plaintext);
}

/// A version and its material, ready for one use.
struct Ready {
  const Version* version = nullptr;
  std::shared_ptr<const crypto::Key> material;
};

Result<Ready> ready_to_protect(Keyring& keyring, MessageBudget& budget, const Key& key,
                               Result<const Version*> chosen) {
  KW_TRY(const Version* version, std::move(chosen));
  KW_TRY(auto material, keyring.material(key, *version));
  const std::uint64_t messages_max = crypto::info(version->algorithm).messages_max;
  if (messages_max != 0) {
    KW_OK(budget.take(key.id, version->number, static_cast<std::int64_t>(messages_max)));
  }
  return Ready{version, std::move(material)};
}

// The envelope says which version; a version that is not of this key is just another broken
// envelope.
Result<Used<WipedBytes>> open_envelope(Keyring& keyring, const Key& key, ByteView bytes,
                                       ByteView aad) {
  KW_OK(require_encryption(key));
  const auto envelope = crypto::parse_envelope(bytes);
  if (!envelope || envelope->header.key != key.id) return crypto::decrypt_failed();
  const Version* version = key.version(envelope->header.version);
  if (version == nullptr) return crypto::decrypt_failed();
  if (crypto::info(version->algorithm).suite != envelope->header.suite)
    return crypto::decrypt_failed();
  KW_OK(choose_to_process(key, version->number));
  KW_TRY(const auto material, keyring.material(key, *version));
  auto plaintext = material->decrypt(*envelope, aad);
  if (!plaintext) return crypto::decrypt_failed();
  return Used<WipedBytes>{*std::move(plaintext), version->number};
}

}  // namespace

std::string_view operation_name(Operation operation) {
  return kNames.at(static_cast<std::size_t>(operation));
}

Operations::Operations(Keyring& keyring, UsageLedger& usage, MessageBudget& budget,
                       const Clock& clock)
    : keyring_(keyring), usage_(usage), budget_(budget), clock_(clock) {}

Result<Used<Bytes>> Operations::encrypt(const Key& key, std::uint32_t version, ByteView aad,
                                        ByteView plaintext, std::string_view caller) {
  KW_OK(require_encryption(key));
  KW_OK(require_context(key, aad));
  KW_TRY(const Ready ready,
         ready_to_protect(keyring_, budget_, key, choose_to_protect(key, version, clock_.wall())));
  KW_TRY(Bytes envelope, encrypt_with(key, *ready.version, *ready.material, aad, plaintext));
  usage_.count(key.id, ready.version->number, Operation::kEncrypt, caller);
  return Used<Bytes>{std::move(envelope), ready.version->number};
}

Result<Used<WipedBytes>> Operations::decrypt(const Key& key, ByteView envelope, ByteView aad,
                                             std::string_view caller) {
  KW_TRY(auto opened, open_envelope(keyring_, key, envelope, aad));
  usage_.count(key.id, opened.version, Operation::kDecrypt, caller);
  return opened;
}

Result<Used<Bytes>> Operations::rewrap(const Key& key, ByteView envelope, ByteView aad,
                                       std::string_view caller) {
  KW_TRY(const auto opened, open_envelope(keyring_, key, envelope, aad));
  KW_TRY(const Ready ready,
         ready_to_protect(keyring_, budget_, key, choose_to_protect(key, 0, clock_.wall())));
  KW_TRY(Bytes wrapped, encrypt_with(key, *ready.version, *ready.material, aad, opened.content));
  usage_.count(key.id, opened.version, Operation::kRewrap, caller);
  if (opened.version != ready.version->number)
    usage_.count(key.id, ready.version->number, Operation::kRewrap, caller);
  return Used<Bytes>{std::move(wrapped), ready.version->number};
}

Result<Used<Bytes>> Operations::sign(const Key& key, std::uint32_t version, ByteView message,
                                     std::string_view caller) {
  KW_OK(require_purpose(key, {Purpose::kSign}));
  KW_TRY(const Ready ready,
         ready_to_protect(keyring_, budget_, key, choose_to_protect(key, version, clock_.wall())));
  KW_TRY(Bytes signature, ready.material->sign(message));
  usage_.count(key.id, ready.version->number, Operation::kSign, caller);
  return Used<Bytes>{std::move(signature), ready.version->number};
}

Result<Used<Bytes>> Operations::sign_token(const Key& key, std::uint32_t version,
                                           const TokenOrder& order, std::string_view caller) {
  if (!signs_tokens(key))
    return error(Code::kFailedPrecondition, "no_token_key",
                 "tokens are signed by keys of purpose sign or mac with the label use=jwt");
  KW_OK(check_token_type(order.type));
  KW_OK(check_claims(order.claims, order.life, clock_.wall()));
  KW_TRY(const Ready ready,
         ready_to_protect(keyring_, budget_, key, choose_to_protect(key, version, clock_.wall())));
  KW_TRY(const std::string kid, keyring_.kid(key, *ready.version));
  KW_TRY(std::string token,
         signing_input({ready.version->algorithm, kid, order.type}, order.claims));
  const bool mac = key.purpose == Purpose::kMac;
  KW_TRY(const Bytes signature,
         mac ? ready.material->mac(as_bytes(token)) : ready.material->sign(as_bytes(token)));
  KW_TRY(const Bytes raw, crypto::in_form(ready.version->algorithm, crypto::SignatureForm::kJose,
                                          signature));
  token += "." + codec::base64url(raw);
  usage_.count(key.id, ready.version->number, Operation::kSign, caller);
  return Used<Bytes>{Bytes(token.begin(), token.end()), ready.version->number};
}

Result<std::uint32_t> Operations::version_of_kid(const Key& key, std::string_view kid) {
  for (auto each = key.versions.rbegin(); each != key.versions.rend(); ++each) {
    KW_TRY(const std::string own, keyring_.kid(key, *each));
    if (!own.empty() && own == kid) return each->number;
  }
  return error(Code::kNotFound, "unknown_kid", "no version of this key has this kid");
}

Result<Used<Bytes>> Operations::mac(const Key& key, std::uint32_t version, ByteView message,
                                    std::string_view caller) {
  KW_OK(require_purpose(key, {Purpose::kMac}));
  KW_TRY(const Ready ready,
         ready_to_protect(keyring_, budget_, key, choose_to_protect(key, version, clock_.wall())));
  KW_TRY(Bytes tag, ready.material->mac(message));
  usage_.count(key.id, ready.version->number, Operation::kMac, caller);
  return Used<Bytes>{std::move(tag), ready.version->number};
}

Result<DataKey> Operations::generate_data_key(const Key& key, std::uint32_t version, ByteView aad,
                                              std::size_t size, std::string_view caller) {
  KW_OK(require_purpose(key, {Purpose::kEncrypt, Purpose::kWrap}));
  KW_OK(check_size(size));
  KW_TRY(const Ready ready,
         ready_to_protect(keyring_, budget_, key, choose_to_protect(key, version, clock_.wall())));
  DataKey made;
  made.plaintext = crypto::random_secret(size);
  made.version = ready.version->number;
  KW_TRY(made.wrapped,
         encrypt_with(key, *ready.version, *ready.material, aad, made.plaintext.reveal(Reveal{})));
  usage_.count(key.id, made.version, Operation::kGenerateDataKey, caller);
  return made;
}

Result<Used<SecretBytes>> Operations::derive(const Key& key, std::uint32_t version,
                                             ByteView context, std::size_t size,
                                             std::string_view caller) {
  KW_OK(require_purpose(key, {Purpose::kDerive}));
  KW_OK(check_size(size));
  KW_TRY(const Ready ready, ready_to_protect(keyring_, budget_, key,
                                             version == 0 ? choose_to_protect(key, 0, clock_.wall())
                                                          : choose_to_process(key, version)));
  KW_TRY(SecretBytes derived, ready.material->derive(context, size));
  usage_.count(key.id, ready.version->number, Operation::kDerive, caller);
  return Used<SecretBytes>{std::move(derived), ready.version->number};
}

}  // namespace kw::keys
