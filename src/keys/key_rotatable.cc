#include "keys/key_rotatable.h"

#include <algorithm>

#include "keys/key_chains.h"
#include "keys/key_facts.h"
#include "keys/key_run_steps.h"
#include "keys/proof.h"
#include "keys/rollout_meter.h"
#include "keys/usage.h"

namespace kw::keys {

namespace {

using rotation::Outcome;
using rotation::Performed;
using rotation::Run;
using rotation::SubjectFacts;
using rotation::Verb;

constexpr std::size_t kHoldersMax = 20;

struct Unused final : rotation::Carried {
  explicit Unused(bool it_is) : unused(it_is) {}
  bool unused;
};
struct End final : rotation::Carried {
  explicit End(rotation::OldVersion wanted) : end(wanted) {}
  rotation::OldVersion end;
};

template <typename Content, typename Value>
Performed done_with(Value value) {
  Performed performed;
  performed.carried = std::make_shared<const Content>(std::move(value));
  return performed;
}

Performed refused(std::string_view reason) {
  return {Outcome::kDefiniteFail, std::string(reason), nullptr};
}
Performed later(std::string_view reason) {
  return {Outcome::kUnknown, std::string(reason), nullptr};
}

// What another try may cure.
Performed failed(const Error& failure) {
  const bool passes = failure.code == Code::kUnavailable || failure.code == Code::kAborted ||
                      failure.code == Code::kDeadlineExceeded ||
                      failure.code == Code::kResourceExhausted;
  return passes ? later(failure.reason) : refused(failure.reason);
}

std::string_view action_of(Verb verb) {
  switch (verb) {
    case Verb::kCreatePending:
      return "key.rotate.create";
    case Verb::kInstall:
      return "key.rotate.install";
    case Verb::kTest:
      return "key.rotate.test";
    case Verb::kSetRollout:
      return "key.rotate.rollout";
    case Verb::kPromote:
      return "key.rotate.promote";
    case Verb::kDisableOld:
      return "key.rotate.stop";
    case Verb::kRestoreOld:
      return "key.rotate.restore";
    case Verb::kDemote:
      return "key.rotate.demote";
    case Verb::kRemovePending:
      return "key.rotate.discard";
    case Verb::kDispose:
    case Verb::kRevokeOld:
      break;
  }
  return "key.rotate.dispose";
}

bool accepted(const Version* version) {
  return version != nullptr && permission(version->state, Use::kProcess) == Permission::kYes;
}

Result<crypto::Algorithm> wanted_algorithm(const Key& key, const Run& run) {
  if (!run.algorithm.empty()) return crypto::parse_algorithm(run.algorithm);
  const Version* primary = key.version(key.primary);
  return primary != nullptr ? primary->algorithm : key.versions.back().algorithm;
}

// Ciphertexts, tags and derived secrets lie with the callers.
bool references_known(const Key& key) {
  return key.purpose == crypto::Purpose::kSign;
}

// Retired versions go on processing: then only what the policy calls quiet counts. Else, without a
// word of the policy, the times of the gate.
std::optional<rotation::Seconds> quiet_of(const Run& run, Counted counted) {
  if (counted == Counted::kEvery && run.policy.quiet.count() == 0) return std::nullopt;
  return run.policy.quiet;
}

std::string holder(const Blocker& blocker) {
  return blocker.kind == "in_use" ? blocker.where : blocker.kind + " of " + blocker.where;
}

}  // namespace

KeyRotatable::KeyRotatable(Keyring& keyring, UsageLedger& usage, RolloutMeter& meter, Proof proof)
    : keyring_(keyring), usage_(usage), meter_(meter), proof_(std::move(proof)) {}

// What callers derive or search for must be the same for all of them at one time: no rollout.
// A version is revoked for a reason, by an incident: never as the end of a rotation.
rotation::Traits KeyRotatable::traits(const SubjectFacts& facts) const {
  const bool same_for_all = facts.type == "derive" || facts.type == "deterministic";
  return {.external = false, .soft_disable = true, .revocable = false, .rollout = !same_for_all};
}

// Every row is read and checked, also of keys that are held: a pass finds what was changed in the
// store behind the service.
Result<std::vector<SubjectFacts>> KeyRotatable::inventory(const rotation::Subject* after,
                                                          int limit) {
  const rotation::Subject place = after != nullptr ? *after : rotation::Subject{};
  const Foundations& on = keyring_.foundations();
  std::vector<rows::Placed> found;
  KW_OK(on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(found, rows::keys_behind({reader, on.barrier}, place.tenant, place.name, limit));
    return ok();
  }));
  std::vector<KeyId> ids;
  for (const rows::Placed& each : found)
    if (each.key) ids.push_back(each.key->id);
  KW_TRY(const auto totals, usage_.totals_of(ids));
  std::vector<SubjectFacts> all;
  all.reserve(found.size());
  for (const rows::Placed& each : found) {
    if (!each.key) {
      all.push_back(rotation::damaged_facts({"key", each.tenant, each.name}));
      continue;
    }
    const auto use = totals.find(each.key->id);
    all.push_back(facts_of(*each.key, use == totals.end() ? UsageTotal() : use->second));
  }
  return all;
}

// A snapshot that does not know the run's version yet is older than the run.
Result<std::shared_ptr<const Key>> KeyRotatable::read(const Run& run) {
  KW_TRY(auto key, keyring_.find(run.subject.tenant, run.subject.name));
  if (run.to_version == 0 || key->version(run.to_version) != nullptr) return key;
  keyring_.forget(key->id);
  return keyring_.find(run.subject.tenant, run.subject.name);
}

Result<rotation::Observed> KeyRotatable::inspect(const Run& run) {
  std::optional<Key> key;
  KW_OK(keyring_.foundations().store.read([&](store::Reader& reader) -> Status {
    KW_TRY(key, keyring_.load(reader, run.subject.tenant, run.subject.name));
    return ok();
  }));
  KW_TRY(const UsageTotal use, usage_.total(key->id, key->primary));
  return observed(*std::move(key), use, run);
}

rotation::Observed KeyRotatable::observed(Key found, const UsageTotal& use, const Run& run) {
  auto basis = std::make_shared<const SeenKey>(std::move(found));
  const Key* key = &basis->key;
  rotation::Observed seen;
  seen.facts = facts_of(*key, use);
  seen.basis = std::move(basis);
  const Version* next = key->version(run.to_version);
  seen.pending_exists = next != nullptr && next->state != VersionState::kDestroyed;
  seen.pending_accepted = accepted(next);
  seen.pending_primary = run.to_version != 0 && key->primary == run.to_version;
  seen.old_accepted = accepted(key->version(run.from_version));
  const bool known = key->primary == run.from_version || seen.pending_primary;
  if (run.from_version != 0 && !known) seen.drift = "primary_changed";
  return seen;
}

std::vector<Result<rotation::Observed>> KeyRotatable::inspect_all(
    std::span<const Run* const> runs) {
  auto keys = keys_of(keyring_, runs);
  if (!keys) return {runs.size(), Result<rotation::Observed>(keys.error())};
  std::vector<KeyId> ids;
  for (const auto& key : *keys)
    if (key) ids.push_back(key->id);
  const auto totals = usage_.totals_of(ids);
  if (!totals) return {runs.size(), Result<rotation::Observed>(totals.error())};
  std::vector<Result<rotation::Observed>> all;
  all.reserve(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::optional<Key>& key = (*keys)[i];
    if (!key) {
      all.push_back(inspect(*runs[i]));
      continue;
    }
    const auto use = totals->find(key->id);
    all.push_back(
        observed(*std::move(key), use == totals->end() ? UsageTotal() : use->second, *runs[i]));
  }
  return all;
}

Performed KeyRotatable::create_pending(const Run& run, const rotation::Observed& seen) {
  const auto* basis = dynamic_cast<const SeenKey*>(seen.basis.get());
  return basis == nullptr ? prepare(run) : prepare(run, basis->key);
}

Status KeyRotatable::settle_chains(store::Tx& tx, std::span<rotation::Chain> chains) {
  return settle_key_chains(keyring_.foundations(), tx, chains);
}

void KeyRotatable::chains_settled(std::span<const rotation::Chain> chains) {
  for (const rotation::Chain& chain : chains) {
    const auto* seen = dynamic_cast<const SeenKey*>(chain.seen->basis.get());
    if (seen != nullptr) keyring_.refresh(seen->key.id);
  }
}

Performed KeyRotatable::prepare(const Run& run) {
  if (run.to_version != 0) return {};
  const auto key = read(run);
  if (!key) return failed(key.error());
  return prepare(run, **key);
}

Performed KeyRotatable::prepare(const Run& run, const Key& key) {
  if (run.to_version != 0) return {};
  const auto algorithm = wanted_algorithm(key, run);
  if (!algorithm) return failed(algorithm.error());
  if (!crypto::allows(*algorithm, key.purpose)) return refused("purpose_mismatch");
  auto prepared = Keyring::prepare(*algorithm);
  if (!prepared) return failed(prepared.error());
  return done_with<NewMaterial>(*std::move(prepared));
}

// As it is stored: sealed, read back, both answers. In a chain that makes the version, prepare()
// has proved it.
Performed KeyRotatable::test(const Run& run) {
  if (run.to_version == 0) return {};
  const auto key = read(run);
  if (!key) return failed(key.error());
  const Version* next = (*key)->version(run.to_version);
  if (next == nullptr || next->cell == 0) return refused("version_state");
  const auto material = keyring_.material(**key, *next);
  if (!material) return failed(material.error());
  const Status proved = prove(**material, (*key)->purpose);
  return proved ? Performed{} : refused(proved.error().reason);
}

Performed KeyRotatable::may_promote(const Run& run) {
  if (run.to_version == 0) return {};
  const auto key = read(run);
  if (!key) return failed(key.error());
  const Version* next = (*key)->version(run.to_version);
  const bool ready = next != nullptr && (next->state == VersionState::kPending ||
                                         next->state == VersionState::kActive ||
                                         next->state == VersionState::kPrimary);
  if (!ready) return refused("version_state");
  const bool known = (*key)->primary == run.from_version || (*key)->primary == run.to_version;
  return known ? Performed{} : refused("drift");
}

Performed KeyRotatable::may_demote(const Run& run) {
  const auto key = read(run);
  if (!key) return failed(key.error());
  if (run.from_version == 0 || (*key)->primary == run.from_version) return {};
  if ((*key)->primary != run.to_version) return refused("drift");
  const Version* old = (*key)->version(run.from_version);
  // Suspended: kRestoreOld comes before this in the same chain.
  const bool can = old != nullptr && (old->state == VersionState::kSecondary ||
                                      old->state == VersionState::kSuspended);
  return can ? Performed{} : refused("version_state");
}

// The retirement gate. Without a proof that nothing needs it, a version is kept in the archive.
Performed KeyRotatable::may_dispose(const Run& run) {
  const auto key = read(run);
  if (!key) return failed(key.error());
  const Version* old = (*key)->version(run.from_version);
  rotation::OldVersion end = run.policy.old_version;
  if (old == nullptr || end == rotation::OldVersion::kKeepSecondary) return done_with<End>(end);
  const bool proved = references_known(**key) || (proof_ && proof_(run));
  if (end == rotation::OldVersion::kDestroy && !proved) end = rotation::OldVersion::kArchive;
  const Counted counted = taken_away(**key, end);
  const auto gate = readiness(**key, *old, end_state(end), usage_, keyring_.foundations().clock,
                              quiet_of(run, counted), counted);
  if (!gate) return failed(gate.error());
  return gate->ready ? done_with<End>(end) : later(gate->blockers.front().kind);
}

Performed KeyRotatable::perform(Verb verb, const Run& run) {
  switch (verb) {
    case Verb::kCreatePending:
      return prepare(run);
    case Verb::kTest:
      return test(run);
    case Verb::kPromote:
      return may_promote(run);
    case Verb::kDemote:
      return may_demote(run);
    case Verb::kDispose:
      return may_dispose(run);
    case Verb::kRevokeOld:
      return refused("not_revocable");
    case Verb::kRemovePending: {
      if (run.to_version == 0) return done_with<Unused>(true);
      const auto key = read(run);
      if (!key) return failed(key.error());
      const auto use = usage_.total((*key)->id, run.to_version);
      if (!use) return failed(use.error());
      return done_with<Unused>(!use->last_at && use->reserved == 0 && use->reserved_bytes == 0);
    }
    default:
      return {};
  }
}

Status KeyRotatable::settle(Verb verb, store::Tx& tx, const audit::Event& by, Run& run,
                            const Performed& performed) {
  const std::string id = run.id.text();
  audit::Event event = by;
  event.action = action_of(verb);
  event.request_id = id;
  const auto* decided = dynamic_cast<const End*>(performed.carried.get());
  if (decided != nullptr && decided->end != run.policy.old_version)
    event.note = "references_not_proved";
  KeyRunSteps steps(keyring_, {tx, event}, run);
  const rotation::Carried* carried = performed.carried.get();
  switch (verb) {
    case Verb::kCreatePending: {
      const auto* made = dynamic_cast<const NewMaterial*>(carried);
      return made == nullptr ? ok() : steps.create(*made->prepared);
    }
    case Verb::kInstall:
      return steps.install();
    case Verb::kTest:
      return steps.tested();
    case Verb::kSetRollout:
      return steps.set_rollout();
    case Verb::kPromote:
      return steps.promote();
    case Verb::kDemote:
      return steps.demote();
    case Verb::kDisableOld:
      return steps.stop_old();
    case Verb::kRestoreOld:
      return steps.restore_old();
    case Verb::kRemovePending: {
      const auto* found = dynamic_cast<const Unused*>(carried);
      return steps.discard(found != nullptr && found->unused);
    }
    case Verb::kDispose:
      return decided == nullptr ? ok() : steps.dispose(decided->end);
    case Verb::kRevokeOld:
      break;
  }
  return error(Code::kInternal, "not_revocable", "a rotation does not revoke");
}

void KeyRotatable::settled(const Run& run) {
  const auto key = keyring_.find(run.subject.tenant, run.subject.name);
  if (key) {
    keyring_.refresh((*key)->id);
  } else {
    keyring_.forget_all();
  }
}

Result<rotation::Drain> KeyRotatable::measure_drain(const Run& run) {
  KW_TRY(const auto key, read(run));
  rotation::Drain drain;
  drain.quality = rotation::Drain::Quality::kExact;
  drain.references_known = references_known(*key);
  const Version* old = key->version(run.from_version);
  if (old == nullptr) return drain;
  const rotation::OldVersion end = run.policy.old_version;
  const Counted counted = taken_away(*key, end);
  KW_TRY(const UsageTotal use, usage_.total(key->id, old->number));
  drain.last_used = counted == Counted::kEvery ? use.last_at : use.last_protect_at;
  KW_TRY(const Readiness gate,
         readiness(*key, *old, end_state(end), usage_, keyring_.foundations().clock,
                   quiet_of(run, counted), counted));
  for (const Blocker& each : gate.blockers) {
    ++drain.in_use;
    if (drain.holders.size() < kHoldersMax) drain.holders.push_back(holder(each));
  }
  return drain;
}

Result<rotation::Health> KeyRotatable::health(const Run& run) {
  KW_TRY(const auto key, read(run));
  Rollout rollout;
  rollout.version = run.to_version;
  rollout.percent = run.percent;
  return meter_.health(key->id, rollout);
}

}  // namespace kw::keys
