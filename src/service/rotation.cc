#include <algorithm>

#include "codec/base64.h"
#include "crypto/digest.h"
#include "service/keys.h"
#include "service/rotation_runs.h"

namespace kw::service {

namespace {

constexpr std::size_t kPlanBytes = 6;

// Everything that a rotation's outcome depends on: the key in its present state, and the options.
std::string plan_id(const keys::Key& key, crypto::Algorithm algorithm, bool promote) {
  ByteWriter text;
  text.field("keywright/rotation-plan/v1").raw(key.id.bytes());
  text.u64(static_cast<std::uint64_t>(key.epoch)).field(crypto::info(algorithm).name);
  text.u64(key.versions.size()).u8(promote ? 1 : 0);
  const crypto::Digest256 digest = crypto::sha256(text.bytes());
  return "p-" + codec::hex(ByteView(digest).first(kPlanBytes));
}

crypto::Algorithm chosen_algorithm(const keys::Key& key, const keys::Keyring::Rotate& options) {
  if (options.algorithm) return *options.algorithm;
  const keys::Version* primary = key.version(key.primary);
  return primary != nullptr ? primary->algorithm : key.versions.back().algorithm;
}

Error plan_stale() {
  return error(Code::kFailedPrecondition, "plan_stale",
               "the key changed since this plan, or the plan is another key's");
}

// The options that the plan's id stands for, found by trying all of them: the id is all that is
// kept of a plan.
Result<keys::Keyring::Rotate> planned(const keys::Key& key, const std::string& id) {
  for (const crypto::AlgorithmInfo& row : crypto::algorithms())
    for (const bool promote : {true, false}) {
      if (plan_id(key, row.algorithm, promote) != id) continue;
      keys::Keyring::Rotate options;
      options.algorithm = row.algorithm;
      options.promote = promote;
      return options;
    }
  return plan_stale();
}

// New material is generated before the transaction, for the algorithm that is named from here on.
Result<keys::Keyring::Rotate> prepared(const keys::Key& key, const RotationOrder& order) {
  keys::Keyring::Rotate options = order.options;
  if (!order.plan.empty()) {
    KW_TRY(options, planned(key, order.plan));
  }
  options.algorithm = chosen_algorithm(key, options);
  KW_TRY(options.prepared, keys::Keyring::prepare(*options.algorithm));
  return options;
}

}  // namespace

Result<RotationPlan> plan_rotation(House& house, Call& call, const keys::Keyring::Rotate& options) {
  return consulted_key<RotationPlan>(house, call, [&](const KeyPtr& key) -> Result<RotationPlan> {
    RotationPlan plan;
    plan.algorithm = chosen_algorithm(*key, options);
    const auto& purposes = crypto::info(plan.algorithm).purposes;
    if (std::find(purposes.begin(), purposes.end(), key->purpose) == purposes.end())
      return error(Code::kInvalidArgument, "purpose_mismatch",
                   "this algorithm does not serve the key's purpose");
    plan.purpose = key->purpose;
    plan.promote = options.promote;
    plan.id = plan_id(*key, plan.algorithm, plan.promote);
    plan.from = key->primary;
    plan.to = static_cast<std::uint32_t>(key->versions.size()) + 1;
    plan.grace = key->lease_grace;
    return plan;
  });
}

Result<Rotated> rotate_key(House& house, Call& call, const RotationOrder& order,
                           const Wording<Rotated>& wording) {
  return recorded<Rotated>(house, call, [&]() -> Result<Rotated> {
    KW_TRY(const KeyPtr key, visible_key(house, call));
    KW_TRY(const keys::Keyring::Rotate ready, prepared(*key, order));
    Rotated rotated;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(const keys::Key current, house.keyring.load(change.tx, call.tenant, call.object));
      KW_OK(require_thawed(house, call, change.tx, {"key", call.tenant, call.object}));
      KW_OK(require_no_run(house, call, change.tx, {"key", call.tenant, call.object}));
      if (!order.plan.empty()) KW_OK(planned(current, order.plan));
      KW_TRY(rotated.version, house.keyring.rotate(change, current, ready));
      KW_TRY(rotated.key, house.keyring.load(change.tx, call.tenant, call.object));
      keep(call, wording, rotated);
      return ok();
    }));
    house.keyring.refresh(key->id);
    return rotated;
  });
}

}  // namespace kw::service
