// Verifying signatures and tags: valid, invalid, or valid but from a version that nobody should
// trust.
#include <array>

#include "crypto/jwk.h"
#include "keys/jwks.h"
#include "keys/jwt.h"
#include "keys/operations.h"
#include "keys/usage.h"
#include "keys/version_choice.h"

namespace kw::keys {

namespace {

using crypto::Purpose;

constexpr std::array<std::string_view, 8> kVerdicts = {
    "valid",
    "invalid",
    "untrusted",
    "valid_retired",
    "valid_before_compromise",
    "signed_after_compromise",
    "expired",
    "not_yet_valid",
};

/// What was tagged, and by what.
struct TagClaim {
  ByteView message;
  ByteView tag;
};

Verified told(Verdict verdict, const Version& version) {
  return {verdict, version.number, std::string(state_name(version.state))};
}

Verified untrusted(const Version& version) {
  return told(Verdict::kUntrusted, version);
}

Verified verdict(const Version& version, bool valid) {
  return {valid ? Verdict::kValid : Verdict::kInvalid, version.number, {}};
}

// Destroyed, or waiting for it, at the end of an orderly life, as private signature keys shall be:
// the public half proves as much as before. @source SP 800-57 Part 1 Rev. 5, 5.3.6.
bool ended_in_order(const Version& version) {
  const bool ends =
      version.state == VersionState::kDestroying || version.state == VersionState::kDestroyed;
  return ends && version.state_before == VersionState::kArchived && !version.compromised_at;
}

// A thief can date a signature as he likes: what the caller says counts only against it, and only a
// record that was made before the compromise counts for it.
Verdict after_compromise(const Version& version, const SignatureClaim& claim, ByteView signature) {
  if (!version.compromised_at) return Verdict::kUntrusted;
  if (claim.signed_at && *claim.signed_at >= *version.compromised_at)
    return Verdict::kSignedAfterCompromise;
  const auto recorded = claim.witness ? claim.witness(version, signature) : std::nullopt;
  if (!recorded) return Verdict::kUntrusted;
  return *recorded < *version.compromised_at ? Verdict::kValidBeforeCompromise
                                             : Verdict::kSignedAfterCompromise;
}

Result<Verified> judge_stopped(const Version& version, const SignatureClaim& claim,
                               ByteView signature) {
  // The private half of a stopped version stays sealed.
  KW_TRY(const auto half, crypto::load_public(version.algorithm, version.public_key));
  KW_TRY(const bool valid, half->verify(claim.message, signature));
  if (!valid) return verdict(version, false);
  if (ended_in_order(version)) return told(Verdict::kValidRetired, version);
  return told(after_compromise(version, claim, signature), version);
}

Result<Verified> judge_signature(Keyring& keyring, const Key& key, const Version& version,
                                 const SignatureClaim& claim) {
  const Permission allowed = permission(version.state, Use::kVerify);
  if (allowed != Permission::kYes && allowed != Permission::kUntrusted)
    return version_state(version);
  const auto signature = crypto::from_form(version.algorithm, claim.form, claim.signature);
  if (!signature) return verdict(version, false);
  if (allowed == Permission::kUntrusted) return judge_stopped(version, claim, *signature);
  KW_TRY(const auto material, keyring.material(key, version));
  KW_TRY(const bool valid, material->verify(claim.message, *signature));
  const bool over =
      version.state == VersionState::kRetired || version.state == VersionState::kArchived;
  return valid && over ? told(Verdict::kValidRetired, version) : verdict(version, valid);
}

Result<Verified> judge_tag(Keyring& keyring, const Key& key, const Version& version,
                           const TagClaim& claim) {
  if (permission(version.state, Use::kVerify) == Permission::kUntrusted) return untrusted(version);
  KW_OK(choose_to_process(key, version.number));
  KW_TRY(const auto material, keyring.material(key, version));
  KW_TRY(const bool valid, material->verify_mac(claim.message, claim.tag));
  return verdict(version, valid);
}

constexpr std::int64_t kSecondsMax = 253'402'300'799;  // the end of year 9999

// A time that no clock shows is none.
std::optional<WallTime> moment_of(const std::optional<std::int64_t>& seconds) {
  if (!seconds || *seconds < 0 || *seconds > kSecondsMax) return std::nullopt;
  return from_micros(*seconds * 1'000'000);
}

void judge_times(const UnprovenToken& token, WallTime now, Verified& verified) {
  const std::int64_t present = to_micros(now) / 1'000'000;
  if (token.expires && *token.expires <= present) verified.verdict = Verdict::kExpired;
  if (token.not_before && *token.not_before > present) verified.verdict = Verdict::kNotYetValid;
}

template <typename Judge>
Result<Verified> try_versions(const Key& key, std::uint32_t number, Use use, const Judge& judge) {
  if (number != 0) {
    const Version* version = key.version(number);
    if (version == nullptr) return no_such_version();
    return judge(*version);
  }
  for (const Version* each : choose_to_try(key, use)) {
    KW_TRY(Verified verified, judge(*each));
    if (verified.verdict != Verdict::kInvalid) return verified;
  }
  return Verified{};
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  return kVerdicts.at(static_cast<std::size_t>(verdict));
}

bool relied_on(Verdict verdict) {
  return verdict == Verdict::kValid || verdict == Verdict::kValidRetired ||
         verdict == Verdict::kValidBeforeCompromise;
}

Result<Verified> Operations::verify(const Key& key, std::uint32_t version,
                                    const SignatureClaim& claim, std::string_view caller) {
  KW_OK(require_purpose(key, {Purpose::kSign}));
  KW_TRY(Verified verified, try_versions(key, version, Use::kVerify, [&](const Version& each) {
           return judge_signature(keyring_, key, each, claim);
         }));
  if (verified.verdict != Verdict::kInvalid)
    usage_.count(key.id, verified.version, Operation::kVerify, caller);
  return verified;
}

Result<Verified> Operations::verify_mac(const Key& key, std::uint32_t version, ByteView message,
                                        ByteView tag, std::string_view caller) {
  KW_OK(require_purpose(key, {Purpose::kMac}));
  const TagClaim claim{message, tag};
  KW_TRY(Verified verified, try_versions(key, version, Use::kProcess, [&](const Version& each) {
           return judge_tag(keyring_, key, each, claim);
         }));
  if (verified.verdict == Verdict::kValid)
    usage_.count(key.id, verified.version, Operation::kVerifyMac, caller);
  return verified;
}

Result<Operations::VerifiedToken> Operations::verify_token(const Key& key, std::string_view text,
                                                           const Witness& witness,
                                                           std::string_view caller) {
  if (!signs_tokens(key))
    return error(Code::kFailedPrecondition, "no_token_key",
                 "tokens are signed by keys of purpose sign or mac with the label use=jwt");
  KW_TRY(UnprovenToken token, parse_token(text));
  KW_TRY(const std::uint32_t number, version_of_kid(key, token.kid));
  const Version& version = *key.version(number);
  if (token.algorithm != crypto::jws_algorithm(version.algorithm))
    return VerifiedToken{{Verdict::kInvalid, number, "alg_mismatch"}, {}};
  const ByteView input = as_bytes(token.input);
  VerifiedToken found;
  if (key.purpose == Purpose::kMac) {
    KW_TRY(found.verified, verify_mac(key, number, input, token.signature, caller));
  } else {
    SignatureClaim claim{input, token.signature, crypto::SignatureForm::kJose, {}, witness};
    claim.signed_at = moment_of(token.issued);
    KW_TRY(found.verified, verify(key, number, claim, caller));
  }
  if (relied_on(found.verified.verdict)) judge_times(token, clock_.wall(), found.verified);
  if (relied_on(found.verified.verdict)) found.claims = std::move(token.claims);
  return found;
}

}  // namespace kw::keys
