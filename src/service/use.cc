#include "service/use.h"

#include "keys/jwks.h"
#include "observe/names.h"
#include "service/jwks.h"

namespace kw::service {

namespace {

using keys::Operation;

template <typename Content>
Status keep(UseOutcome& outcome, Result<keys::Used<Content>> used, Content UseOutcome::*member) {
  if (!used) return std::move(used).error();
  outcome.version = used->version;
  outcome.*member = std::move(used->content);
  return ok();
}

Status keep(UseOutcome& outcome, Result<keys::Verified> verified) {
  if (!verified) return std::move(verified).error();
  outcome.version = verified->version;
  outcome.verdict = verified->verdict;
  outcome.reason = verified->reason;
  return ok();
}

Status keep(UseOutcome& outcome, Result<keys::DataKey> made) {
  if (!made) return std::move(made).error();
  outcome.version = made->version;
  outcome.output = std::move(made->wrapped);
  outcome.secret = std::move(made->plaintext);
  return ok();
}

/// One request on its way through its items.
struct Serving {
  House& house;
  const Call& call;
  const keys::Key& key;
  const UseRequest& request;
  std::string_view caller;
};

Status sign(const Serving& work, const UseItem& item, UseOutcome& out) {
  keys::Operations& uses = work.house.uses;
  if (work.request.token) {
    KW_TRY(const auto life, life_of_tokens(work.house, work.key));
    const keys::Operations::TokenOrder order{item.claims, item.type, life};
    return keep(out, uses.sign_token(work.key, item.version, order, work.caller),
                &UseOutcome::output);
  }
  KW_OK(keep(out, uses.sign(work.key, item.version, item.input, work.caller), &UseOutcome::output));
  if (work.request.anchor) out.anchor = {work.house.accesses.node(), work.house.accesses.size()};
  return ok();
}

// A kid names its version; one that nobody knows is counted, since verifiers with an old or a
// foreign key set show so first.
Result<std::uint32_t> named_version(const Serving& work, const UseItem& item) {
  if (item.kid.empty()) return item.version;
  auto number = work.house.uses.version_of_kid(work.key, item.kid);
  if (!number && number.error().reason == "unknown_kid") unknown_kids(work.house).add();
  return number;
}

// Where the caller says that the signing was recorded.
keys::Witness witness_of(const Serving& work, const UseItem& item) {
  if (!item.anchor) return {};
  return [&](const keys::Version& version, ByteView signature) {
    return recorded_at(work.house, work.call, version.number, signature, *item.anchor);
  };
}

// Tokens of a MAC version that ended count for a token's life after its last one.
Result<bool> token_life_over(const Serving& work, const keys::Version& version) {
  const bool ended = version.state == keys::VersionState::kRetired ||
                     version.state == keys::VersionState::kArchived;
  if (!ended || work.key.purpose != crypto::Purpose::kMac || !keys::signs_tokens(work.key))
    return false;
  KW_TRY(const auto life, life_of_tokens(work.house, work.key));
  return !keys::published(work.key, version, life, work.house.clock.wall());
}

Status verify_token(const Serving& work, const UseItem& item, UseOutcome& out) {
  auto judged =
      work.house.uses.verify_token(work.key, item.token, witness_of(work, item), work.caller);
  if (!judged) {
    if (judged.error().reason == "unknown_kid") unknown_kids(work.house).add();
    return judged.error();
  }
  KW_TRY(const bool over, token_life_over(work, *work.key.version(judged->verified.version)));
  if (over && keys::relied_on(judged->verified.verdict))
    return keep(out, keys::Verified{keys::Verdict::kUntrusted, judged->verified.version,
                                    "token_life_over"});
  out.claims = std::move(judged->claims);
  return keep(out, judged->verified);
}

Status verify(const Serving& work, const UseItem& item, UseOutcome& out) {
  if (work.request.token) return verify_token(work, item, out);
  KW_TRY(const std::uint32_t number, named_version(work, item));
  const keys::SignatureClaim claim{item.input, item.proof, item.form, item.signed_at,
                                   witness_of(work, item)};
  return keep(out, work.house.uses.verify(work.key, number, claim, work.caller));
}

Status verify_mac(const Serving& work, const UseItem& item, UseOutcome& out) {
  KW_TRY(const std::uint32_t number, named_version(work, item));
  const keys::Version* version = work.key.version(number);
  if (!item.kid.empty() && version != nullptr) {
    KW_TRY(const bool over, token_life_over(work, *version));
    if (over)
      return keep(out, keys::Verified{keys::Verdict::kUntrusted, number, "token_life_over"});
  }
  return keep(out,
              work.house.uses.verify_mac(work.key, number, item.input, item.proof, work.caller));
}

Status carry_out(const Serving& work, const UseItem& item, UseOutcome& out) {
  keys::Operations& uses = work.house.uses;
  const keys::Key& key = work.key;
  const std::string_view caller = work.caller;
  switch (work.request.operation) {
    case Operation::kEncrypt:
      return keep(out, uses.encrypt(key, item.version, item.associated_data, item.input, caller),
                  &UseOutcome::output);
    case Operation::kDecrypt:
      return keep(out, uses.decrypt(key, item.envelope, item.associated_data, caller),
                  &UseOutcome::plaintext);
    case Operation::kRewrap:
      return keep(out, uses.rewrap(key, item.envelope, item.associated_data, caller),
                  &UseOutcome::output);
    case Operation::kSign:
      return sign(work, item, out);
    case Operation::kVerify:
      return verify(work, item, out);
    case Operation::kMac:
      return keep(out, uses.mac(key, item.version, item.input, caller), &UseOutcome::output);
    case Operation::kVerifyMac:
      return verify_mac(work, item, out);
    case Operation::kGenerateDataKey:
      return keep(
          out, uses.generate_data_key(key, item.version, item.associated_data, item.size, caller));
    case Operation::kDerive:
      return keep(out, uses.derive(key, item.version, item.input, item.size, caller),
                  &UseOutcome::secret);
  }
  return error(Code::kInternal, "internal", "an operation without a body");
}

// Somebody asked for a revoked version: a thief, or a consumer that nobody told.
void note_compromised(const Serving& work, const UseItem& item, const UseOutcome& outcome) {
  std::uint32_t number = item.version;
  if (number == 0 && !item.envelope.empty())
    if (const auto envelope = crypto::parse_envelope(item.envelope))
      number = envelope->header.version;
  if (!outcome.failure) number = outcome.version;
  const keys::Version* version = work.key.version(number);
  const bool refused = outcome.failure ? outcome.failure->reason == "version_state"
                                       : !keys::relied_on(outcome.verdict);
  if (!refused || version == nullptr || version->state != keys::VersionState::kRevoked) return;
  compromised_uses(work.house, work.request.operation).add();
}

// The name of the version that signed, tagged or was found to have.
Status name_version(House& house, const keys::Key& key, UseOutcome& outcome) {
  const bool named = key.purpose == crypto::Purpose::kSign || keys::signs_tokens(key);
  const keys::Version* version = named ? key.version(outcome.version) : nullptr;
  if (version == nullptr) return ok();
  KW_TRY(outcome.kid, house.keyring.kid(key, *version));
  return ok();
}

// Before the caller's form: the record and a later look at it mean the same bytes.
Status finish_signature(const keys::Key& key, const UseRequest& request, const UseItem& item,
                        Call& call, UseOutcome& outcome) {
  if (request.operation != Operation::kSign || request.token) return ok();
  const keys::Version* version = key.version(outcome.version);
  if (version == nullptr) return ok();
  if (request.anchor) call.note = anchor_note(outcome.output);
  KW_TRY(outcome.output, crypto::in_form(version->algorithm, item.form, outcome.output));
  return ok();
}

// The record names the version when all items share it, and the failure when it is the only item.
Status summarise(const std::vector<UseOutcome>& outcomes, std::int64_t& version) {
  version = outcomes.front().version;
  for (const UseOutcome& outcome : outcomes)
    if (outcome.version != version) version = 0;
  if (outcomes.size() == 1 && outcomes.front().failure) return *outcomes.front().failure;
  return ok();
}

}  // namespace

observe::Counter& compromised_uses(House& house, keys::Operation operation) {
  return house.metrics.counter(observe::names::kCompromisedUse,
                               "Uses of revoked versions that were asked for",
                               {{"operation", std::string(keys::operation_name(operation))}});
}

observe::Counter& unknown_kids(House& house) {
  return house.metrics.counter(observe::names::kUnknownKid,
                               "Verifications that named a kid nobody knows");
}

Result<std::shared_ptr<const keys::Key>> admit_use(House& house, Call& call) {
  return visible_key(house, call);
}

void use_key(House& house, Call& call, const keys::Key& key, const UseRequest& request,
             const Prepare& prepare) {
  std::vector<UseOutcome> outcomes(request.items.size());
  const Serving work{house, call, key, request, call.caller->name};
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto body = [&]() -> Status {
      KW_OK(carry_out(work, request.items[i], outcomes[i]));
      KW_OK(name_version(house, key, outcomes[i]));
      return finish_signature(key, request, request.items[i], call, outcomes[i]);
    };
    Status done = body();
    if (!done) outcomes[i].failure = std::move(done).error();
    note_compromised(work, request.items[i], outcomes[i]);
  }
  std::int64_t version = 0;
  const Status summary = summarise(outcomes, version);
  const auto count = static_cast<std::int64_t>(request.items.size());
  record(house, call, summary, version, count > 1 ? count : 0, prepare(std::move(outcomes)));
}

}  // namespace kw::service
