// Protecting and processing data. Verification is in verification.cc.
#include "keys/operations.h"

#include <array>

#include "base/failpoint.h"
#include "base/reveal.h"
#include "codec/base64.h"
#include "crypto/random.h"
#include "keys/jwks.h"
#include "keys/jwt.h"
#include "keys/message_budget.h"
#include "keys/protect_limits.h"
#include "keys/reencryption_grant.h"
#include "keys/rollout_meter.h"
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

// A grant opens what is revoked, and nothing that is stopped for another reason.
Status may_open(const Key& key, const Version& version, const ReencryptionGrant* grant,
                WallTime now) {
  const bool granted = grant != nullptr && version.state == VersionState::kRevoked &&
                       grant->covers(key.id, version.number, now);
  if (granted) return ok();
  KW_OK(choose_to_process(key, version.number));
  return ok();
}

/// What is opened, with what it was sealed for.
struct Closed {
  ByteView bytes, aad;
  const ReencryptionGrant* grant = nullptr;
  WallTime now{};
};

// The envelope says which version; a version that is not of this key is just another broken
// envelope.
Result<Used<WipedBytes>> open_envelope(Keyring& keyring, const Key& key, const Closed& closed) {
  KW_OK(require_encryption(key));
  const auto envelope = crypto::parse_envelope(closed.bytes);
  if (!envelope || envelope->header.key != key.id) return crypto::decrypt_failed();
  const Version* version = key.version(envelope->header.version);
  if (version == nullptr) return crypto::decrypt_failed();
  if (crypto::info(version->algorithm).suite != envelope->header.suite)
    return crypto::decrypt_failed();
  KW_OK(may_open(key, *version, closed.grant, closed.now));
  KW_TRY(const auto material, keyring.material(key, *version));
  auto plaintext = material->decrypt(*envelope, closed.aad);
  if (!plaintext) return crypto::decrypt_failed();
  return Used<WipedBytes>{*std::move(plaintext), version->number};
}

// Test builds can make the new version's answers wrong here.
Status untouched() {
  KW_FAILPOINT("keys.rollout.answer");
  return ok();
}

// A failure that the caller would have had with any version.
bool is_callers_fault(const Error& failure) {
  return failure.code == Code::kInvalidArgument || failure.code == Code::kTooLarge;
}

bool holds(const Result<bool>& verdict) {
  return verdict && *verdict;
}

bool opens(const crypto::Key& material, ByteView envelope, ByteView aad, ByteView plaintext) {
  const auto parsed = crypto::parse_envelope(envelope);
  if (!parsed) return false;
  const auto opened = material.decrypt(*parsed, aad);
  return opened && std::equal(opened->begin(), opened->end(), plaintext.begin(), plaintext.end());
}

}  // namespace

std::string_view operation_name(Operation operation) {
  return kNames.at(static_cast<std::size_t>(operation));
}

Operations::Operations(Keyring& keyring, UsageLedger& usage, MessageBudget& budget,
                       const Clock& clock, UseWatch watch)
    : keyring_(keyring), usage_(usage), budget_(budget), clock_(clock), watch_(watch) {}

struct Operations::Ready {
  const Version* version = nullptr;
  std::shared_ptr<const crypto::Key> material;
};

// @errors kFailedPrecondition(protect_blocked)
Result<Ceiling> Operations::ceiling_of(const Key& key, const Version& version) {
  Ceiling ceiling;
  ceiling.algorithm_messages =
      static_cast<std::int64_t>(crypto::info(version.algorithm).messages_max);
  if (watch_.limits == nullptr) return ceiling;
  KW_TRY(const Limits limits, watch_.limits->of(key));
  const bool blocked = limits.blocked_from && clock_.wall() >= *limits.blocked_from;
  if (blocked && version.number == key.primary) {
    return error(Code::kFailedPrecondition, "protect_blocked",
                 "the rotation of this key is overdue, and its policy stops it until then");
  }
  ceiling.policy_messages = limits.operations_max;
  ceiling.policy_bytes = limits.bytes_max;
  return ceiling;
}

Result<Operations::Ready> Operations::ready_to_protect(const Key& key,
                                                       Result<const Version*> chosen,
                                                       std::size_t bytes) {
  KW_TRY(const Version* version, std::move(chosen));
  KW_TRY(auto material, keyring_.material(key, *version));
  KW_TRY(const Ceiling ceiling, ceiling_of(key, *version));
  if (ceiling.any()) {
    KW_OK(budget_.take(key.id, version->number, ceiling, static_cast<std::int64_t>(bytes)));
  }
  return Ready{version, std::move(material)};
}

void Operations::warm(const Key& key) {
  for (const std::uint32_t number : {key.primary, key.rollout.version}) {
    const Version* version = key.version(number);
    if (version == nullptr || !keyring_.material(key, *version)) continue;
    const auto ceiling = ceiling_of(key, *version);
    if (ceiling && ceiling->any()) budget_.prepare(key.id, number, *ceiling);
  }
}

template <typename Make>
Result<Used<Bytes>> Operations::protect_with(const Key& key, Result<const Version*> chosen,
                                             const Wish& wish, const Make& make) {
  KW_TRY(const Ready ready, ready_to_protect(key, std::move(chosen), wish.bytes));
  KW_TRY(Bytes answer, make(*ready.version, *ready.material));
  usage_.count(key.id, ready.version->number, wish.operation, wish.caller, 1,
               static_cast<std::int64_t>(wish.bytes));
  return Used<Bytes>{std::move(answer), ready.version->number};
}

// The one place where a version is tried out: nobody pays for the trial, its answers are looked at
// before they leave.
template <typename Make, typename Check>
Result<Used<Bytes>> Operations::protect_in_rollout(const Key& key, const Wish& wish,
                                                   const Make& make, const Check& check) {
  RolloutMeter* meter = watch_.meter;
  const Version* next = choose_in_rollout(key, wish.caller);
  if (next != nullptr && meter != nullptr && !meter->trusts(key)) next = nullptr;
  const SteadyTime began = clock_.steady();
  const auto note = [&](Cohort cohort, bool good) {
    if (meter != nullptr) meter->note(key, cohort, good, clock_.steady() - began);
  };
  if (next == nullptr) {
    auto answer = protect_with(key, choose_to_protect(key, 0, clock_.wall()), wish, make);
    note(Cohort::kOld, answer || is_callers_fault(answer.error()));
    return answer;
  }
  const auto checked = [&](const Version& version, const crypto::Key& material) -> Result<Bytes> {
    KW_TRY(Bytes answer, make(version, material));
    if (!untouched() && !answer.empty()) answer.back() ^= 1;
    if (meter == nullptr || !meter->wants_check(key) || check(version, material, answer))
      return answer;
    meter->note_wrong(key);
    return error(Code::kInternal, "wrong_answer", "the new version does not undo what it does");
  };
  auto answer = protect_with(key, Result<const Version*>(next), wish, checked);
  const bool good = answer || is_callers_fault(answer.error());
  note(Cohort::kNew, good);
  if (good) return answer;
  return protect_with(key, choose_to_protect(key, 0, clock_.wall()), wish, make);
}

template <typename Make, typename Check>
Result<Used<Bytes>> Operations::protect(const Key& key, const Wish& wish, const Make& make,
                                        const Check& check) {
  if (wish.version == 0 && key.rollout.open()) return protect_in_rollout(key, wish, make, check);
  return protect_with(key, choose_to_protect(key, wish.version, clock_.wall()), wish, make);
}

Result<Used<Bytes>> Operations::encrypt(const Key& key, std::uint32_t version, ByteView aad,
                                        ByteView plaintext, std::string_view caller) {
  KW_OK(require_encryption(key));
  KW_OK(require_context(key, aad));
  const Wish wish{version, Operation::kEncrypt, caller, plaintext.size()};
  return protect(
      key, wish,
      [&](const Version& with, const crypto::Key& material) {
        return encrypt_with(key, with, material, aad, plaintext);
      },
      [&](const Version&, const crypto::Key& material, const Bytes& envelope) {
        return opens(material, envelope, aad, plaintext);
      });
}

Result<Used<WipedBytes>> Operations::decrypt(const Key& key, ByteView envelope, ByteView aad,
                                             std::string_view caller) {
  KW_TRY(auto opened, open_envelope(keyring_, key, {envelope, aad}));
  usage_.count(key.id, opened.version, Operation::kDecrypt, caller);
  return opened;
}

Result<Used<WipedBytes>> Operations::decrypt_granted(const Key& key, ByteView envelope,
                                                     ByteView aad, std::string_view caller,
                                                     const ReencryptionGrant& grant) {
  KW_TRY(auto opened, open_envelope(keyring_, key, {envelope, aad, &grant, clock_.wall()}));
  usage_.count(key.id, opened.version, Operation::kDecrypt, caller);
  return opened;
}

Result<Used<Bytes>> Operations::rewrap(const Key& key, ByteView envelope, ByteView aad,
                                       std::string_view caller) {
  KW_TRY(const auto opened, open_envelope(keyring_, key, {envelope, aad}));
  const Wish wish{0, Operation::kRewrap, caller, opened.content.size()};
  KW_TRY(Used<Bytes> wrapped,
         protect(
             key, wish,
             [&](const Version& with, const crypto::Key& material) {
               return encrypt_with(key, with, material, aad, opened.content);
             },
             [&](const Version&, const crypto::Key& material, const Bytes& made) {
               return opens(material, made, aad, opened.content);
             }));
  if (opened.version != wrapped.version)
    usage_.count(key.id, opened.version, Operation::kDecrypt, caller);
  return wrapped;
}

Result<Used<Bytes>> Operations::sign(const Key& key, std::uint32_t version, ByteView message,
                                     std::string_view caller) {
  KW_OK(require_purpose(key, {Purpose::kSign}));
  return protect(
      key, Wish{version, Operation::kSign, caller, message.size()},
      [&](const Version&, const crypto::Key& material) { return material.sign(message); },
      [&](const Version&, const crypto::Key& material, const Bytes& signature) {
        return holds(material.verify(message, signature));
      });
}

Result<Used<Bytes>> Operations::sign_token(const Key& key, std::uint32_t version,
                                           const TokenOrder& order, std::string_view caller) {
  if (!signs_tokens(key))
    return error(Code::kFailedPrecondition, "no_token_key",
                 "tokens are signed by keys of purpose sign or mac with the label use=jwt");
  KW_OK(check_token_type(order.type));
  KW_OK(check_claims(order.claims, order.life, clock_.wall()));
  const bool mac = key.purpose == Purpose::kMac;
  // The header names the version that signs: only here, after the choice, is it known.
  return protect(
      key, Wish{version, Operation::kSign, caller, order.claims.size()},
      [&](const Version& with, const crypto::Key& material) -> Result<Bytes> {
        KW_TRY(const std::string kid, keyring_.kid(key, with));
        KW_TRY(const std::string input,
               signing_input({with.algorithm, kid, order.type}, order.claims));
        KW_TRY(const Bytes signature,
               mac ? material.mac(as_bytes(input)) : material.sign(as_bytes(input)));
        return compact_token(with.algorithm, input, signature);
      },
      [&](const Version& with, const crypto::Key& material, const Bytes& token) {
        const auto parts = split_token(with.algorithm, as_text(token));
        if (!parts) return false;
        const ByteView input = as_bytes(parts->input);
        return holds(mac ? material.verify_mac(input, parts->signature)
                         : material.verify(input, parts->signature));
      });
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
  return protect(
      key, Wish{version, Operation::kMac, caller, message.size()},
      [&](const Version&, const crypto::Key& material) { return material.mac(message); },
      [&](const Version&, const crypto::Key& material, const Bytes& tag) {
        return holds(material.verify_mac(message, tag));
      });
}

Result<DataKey> Operations::generate_data_key(const Key& key, std::uint32_t version, ByteView aad,
                                              std::size_t size, std::string_view caller) {
  KW_OK(require_purpose(key, {Purpose::kEncrypt, Purpose::kWrap}));
  KW_OK(check_size(size));
  DataKey made;
  made.plaintext = crypto::random_secret(size);
  const ByteView plaintext = made.plaintext.reveal(Reveal{});
  KW_TRY(Used<Bytes> wrapped,
         protect(
             key, Wish{version, Operation::kGenerateDataKey, caller, size},
             [&](const Version& with, const crypto::Key& material) {
               return encrypt_with(key, with, material, aad, plaintext);
             },
             [&](const Version&, const crypto::Key& material, const Bytes& envelope) {
               return opens(material, envelope, aad, plaintext);
             }));
  made.version = wrapped.version;
  made.wrapped = std::move(wrapped.content);
  return made;
}

// Never part of a rollout: all callers derive the same from the same context.
Result<Used<SecretBytes>> Operations::derive(const Key& key, std::uint32_t version,
                                             ByteView context, std::size_t size,
                                             std::string_view caller) {
  KW_OK(require_purpose(key, {Purpose::kDerive}));
  KW_OK(check_size(size));
  KW_TRY(const Ready ready, ready_to_protect(key,
                                             version == 0 ? choose_to_protect(key, 0, clock_.wall())
                                                          : choose_to_process(key, version),
                                             size));
  KW_TRY(SecretBytes derived, ready.material->derive(context, size));
  usage_.count(key.id, ready.version->number, Operation::kDerive, caller, 1,
               static_cast<std::int64_t>(size));
  return Used<SecretBytes>{std::move(derived), ready.version->number};
}

}  // namespace kw::keys
