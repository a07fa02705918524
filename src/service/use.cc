#include "service/use.h"

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

Status carry_out(keys::Operations& uses, Operation operation, const keys::Key& key,
                 const UseItem& item, std::string_view caller, UseOutcome& out) {
  switch (operation) {
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
      return keep(out, uses.sign(key, item.version, item.input, caller), &UseOutcome::output);
    case Operation::kVerify:
      return keep(out, uses.verify(key, item.version, item.input, item.proof, caller));
    case Operation::kMac:
      return keep(out, uses.mac(key, item.version, item.input, caller), &UseOutcome::output);
    case Operation::kVerifyMac:
      return keep(out, uses.verify_mac(key, item.version, item.input, item.proof, caller));
    case Operation::kGenerateDataKey:
      return keep(
          out, uses.generate_data_key(key, item.version, item.associated_data, item.size, caller));
    case Operation::kDerive:
      return keep(out, uses.derive(key, item.version, item.input, item.size, caller),
                  &UseOutcome::secret);
  }
  return error(Code::kInternal, "internal", "an operation without a body");
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

Result<std::shared_ptr<const keys::Key>> admit_use(House& house, Call& call) {
  return visible_key(house, call);
}

void use_key(House& house, Call& call, const keys::Key& key, const UseRequest& request,
             const Prepare& prepare) {
  std::vector<UseOutcome> outcomes(request.items.size());
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    Status done = carry_out(house.uses, request.operation, key, request.items[i], call.caller->name,
                            outcomes[i]);
    if (!done) outcomes[i].failure = std::move(done).error();
  }
  std::int64_t version = 0;
  const Status summary = summarise(outcomes, version);
  const auto count = static_cast<std::int64_t>(request.items.size());
  record(house, call, summary, version, count > 1 ? count : 0, prepare(std::move(outcomes)));
}

}  // namespace kw::service
