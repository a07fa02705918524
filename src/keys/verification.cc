// Verifying signatures and tags: valid, invalid, or valid but from a version that nobody should
// trust.
#include "keys/operations.h"
#include "keys/usage.h"
#include "keys/version_choice.h"

namespace kw::keys {

namespace {

using crypto::Purpose;

/// What was signed or tagged, and by what.
struct Claim {
  ByteView message;
  ByteView evidence;
};

Verified untrusted(const Version& version) {
  return {Verdict::kUntrusted, version.number, std::string(state_name(version.state))};
}

Verified verdict(const Version& version, bool valid) {
  return {valid ? Verdict::kValid : Verdict::kInvalid, version.number, {}};
}

Result<Verified> judge_signature(Keyring& keyring, const Key& key, const Version& version,
                                 const Claim& claim) {
  const Permission allowed = permission(version.state, Use::kVerify);
  if (allowed == Permission::kYes) {
    KW_TRY(const auto material, keyring.material(key, version));
    KW_TRY(const bool valid, material->verify(claim.message, claim.evidence));
    return verdict(version, valid);
  }
  if (allowed != Permission::kUntrusted) return version_state(version);
  // The private half of a stopped version stays sealed.
  KW_TRY(const auto half, crypto::load_public(version.algorithm, version.public_key));
  KW_TRY(const bool valid, half->verify(claim.message, claim.evidence));
  return valid ? untrusted(version) : verdict(version, false);
}

Result<Verified> judge_tag(Keyring& keyring, const Key& key, const Version& version,
                           const Claim& claim) {
  if (permission(version.state, Use::kVerify) == Permission::kUntrusted) return untrusted(version);
  KW_OK(choose_to_process(key, version.number));
  KW_TRY(const auto material, keyring.material(key, version));
  KW_TRY(const bool valid, material->verify_mac(claim.message, claim.evidence));
  return verdict(version, valid);
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

Result<Verified> Operations::verify(const Key& key, std::uint32_t version, ByteView message,
                                    ByteView signature, std::string_view caller) {
  KW_OK(require_purpose(key, {Purpose::kSign}));
  const Claim claim{message, signature};
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
  const Claim claim{message, tag};
  KW_TRY(Verified verified, try_versions(key, version, Use::kProcess, [&](const Version& each) {
           return judge_tag(keyring_, key, each, claim);
         }));
  if (verified.verdict == Verdict::kValid)
    usage_.count(key.id, verified.version, Operation::kVerifyMac, caller);
  return verified;
}

}  // namespace kw::keys
