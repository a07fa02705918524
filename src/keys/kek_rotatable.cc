#include "keys/kek_rotatable.h"

#include <algorithm>

#include "keys/kek_rotation.h"
#include "keys/keyring_state.h"

namespace kw::keys {

namespace {

using rotation::Outcome;
using rotation::Performed;
using rotation::Run;
using rotation::Subject;
using rotation::SubjectFacts;
using rotation::Verb;
using seal::KekState;
using seal::KekVersion;

constexpr std::string_view kName = "kek";
constexpr int kJobsLooked = 20;

const KekVersion* primary_of(const std::vector<KekVersion>& keks) {
  const auto found = std::find_if(keks.begin(), keks.end(), [](const KekVersion& each) {
    return each.state == KekState::kPrimary;
  });
  return found == keks.end() ? nullptr : &*found;
}

const KekVersion* version_of(const std::vector<KekVersion>& keks, std::uint32_t number) {
  const auto found = std::find_if(keks.begin(), keks.end(),
                                  [&](const KekVersion& each) { return each.version == number; });
  return found == keks.end() ? nullptr : &*found;
}

// Random nonces: a version has sealed at most as many cells as the tenant ever got.
Result<std::int64_t> cells_ever(store::Reader& reader, std::int64_t tenant) {
  KW_TRY(const auto row,
         reader.query_one("SELECT next - 1 FROM sealed_head WHERE tenant = $1", {tenant}));
  return row ? row->integer(0) : 0;
}

Result<SubjectFacts> facts_of(const Foundations& on, store::Reader& reader, const Tenant& tenant) {
  KW_TRY(const auto keks, on.barrier.keks(reader, tenant.number));
  SubjectFacts facts;
  facts.subject = {"kek", tenant.name, std::string(kName)};
  facts.type = "kek";
  facts.created_at = facts.primary_since = tenant.created_at;
  if (const KekVersion* primary = primary_of(keks)) {
    facts.primary = primary->version;
    facts.primary_since = primary->created_at;
  }
  KW_TRY(facts.operations, cells_ever(reader, tenant.number));
  facts.epoch = static_cast<std::int64_t>(keks.size()) << 32 | facts.primary;
  return facts;
}

/// What the store says about a tenant's KEK now.
struct Look {
  Tenant tenant;
  SubjectFacts facts;
  std::vector<KekVersion> keks;
  std::vector<Job> jobs;  ///< newest first

  const Job* open_job() const {
    const auto found = std::find_if(jobs.begin(), jobs.end(), [](const Job& each) {
      return each.state != JobState::kDone && each.state != JobState::kRolledBack;
    });
    return found == jobs.end() ? nullptr : &*found;
  }
  // A job that rolls back has its versions swapped.
  const Job* job_of(const Run& run) const {
    const auto found = std::find_if(jobs.begin(), jobs.end(), [&](const Job& each) {
      return std::max(each.from_version, each.target_version) == run.to_version;
    });
    return run.to_version == 0 || found == jobs.end() ? nullptr : &*found;
  }
};

Result<Look> look_at(Keyring& keyring, KekRotations& rotations, const Subject& subject) {
  Look look;
  if (subject.name != kName) return not_found();
  KW_TRY(look.tenant, keyring.tenant(subject.tenant));
  const Foundations& on = keyring.foundations();
  KW_OK(on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(look.facts, facts_of(on, reader, look.tenant));
    KW_TRY(look.keks, on.barrier.keks(reader, look.tenant.number));
    return ok();
  }));
  KW_TRY(look.jobs, rotations.list(subject.tenant, kJobsLooked));
  return look;
}

Performed refused(std::string_view reason) {
  return {Outcome::kDefiniteFail, std::string(reason), nullptr};
}
Performed later(std::string_view reason) {
  return {Outcome::kUnknown, std::string(reason), nullptr};
}

Error drift() {
  return error(Code::kFailedPrecondition, "drift",
               "somebody else changed the tenant's primary KEK meanwhile");
}

Performed may_promote(const Look& look, const Run& run) {
  const Job* open = look.open_job();
  if (look.facts.primary == run.to_version && run.to_version != 0) return {};
  if (open != nullptr) return later("rewrap_open");
  return look.facts.primary == run.from_version ? Performed{} : refused("drift");
}

Performed may_demote(const Look& look, const Run& run) {
  if (look.facts.primary == run.from_version) return {};
  const Job* job = look.job_of(run);
  if (job == nullptr) return refused("drift");
  return job->state == JobState::kDone ? refused("kek_retired") : Performed{};
}

// The version that the promotion will make: numbers are dense.
Status announce_next(const Foundations& on, store::Tx& tx, const Tenant& tenant, Run& run) {
  if (run.to_version != 0) return ok();
  KW_TRY(const auto keks, on.barrier.keks(tx, tenant.number));
  run.to_version = keks.empty() ? 1 : keks.back().version + 1;
  return ok();
}

Status promote(const Foundations& on, KekRotations& rotations, Change change, const Tenant& tenant,
               const Run& run) {
  KW_TRY(const auto keks, on.barrier.keks(change.tx, tenant.number));
  const KekVersion* primary = primary_of(keks);
  if (primary == nullptr) return drift();
  if (primary->version == run.to_version) return ok();
  if (primary->version != run.from_version) return drift();
  KW_TRY(const Job job, rotations.start(change, tenant));
  return job.target_version == run.to_version ? ok() : drift();
}

}  // namespace

KekRotatable::KekRotatable(Keyring& keyring, KekRotations& rotations)
    : keyring_(keyring), rotations_(rotations) {}

// Only one KEK of a tenant seals at a time, and the job retires the old one itself.
rotation::Traits KekRotatable::traits(const SubjectFacts&) const {
  return {.external = false, .soft_disable = false, .revocable = false, .rollout = false};
}

Result<std::vector<SubjectFacts>> KekRotatable::inventory(const Subject* after, int limit) {
  const Subject place = after != nullptr ? *after : Subject{};
  // A place before the only subject of its tenant includes that tenant.
  const bool itself = place.name < kName;
  const Foundations& on = keyring_.foundations();
  std::vector<SubjectFacts> all;
  KW_OK(on.store.read([&](store::Reader& reader) -> Status {
    all.clear();
    KW_TRY(const auto tenants,
           rows::tenants_from({reader, on.barrier}, place.tenant, itself, limit));
    for (const rows::PlacedTenant& each : tenants) {
      Result<SubjectFacts> facts = rows::tampered();
      if (each.tenant) facts = facts_of(on, reader, *each.tenant);
      if (!facts && facts.error().reason != "row_tampered") return facts.error();
      all.push_back(facts ? *std::move(facts)
                          : rotation::damaged_facts({"kek", each.name, std::string(kName)}));
    }
    return ok();
  }));
  return all;
}

Result<rotation::Observed> KekRotatable::inspect(const Run& run) {
  KW_TRY(const Look look, look_at(keyring_, rotations_, run.subject));
  rotation::Observed seen;
  seen.facts = look.facts;
  const KekVersion* next = version_of(look.keks, run.to_version);
  seen.pending_exists = seen.pending_accepted = next != nullptr;
  seen.pending_primary = run.to_version != 0 && look.facts.primary == run.to_version;
  const KekVersion* old = version_of(look.keks, run.from_version);
  seen.old_accepted = old != nullptr && old->state != KekState::kRetired;
  const Job* open = look.open_job();
  seen.free_slot = open == nullptr || open == look.job_of(run);
  const bool known = look.facts.primary == run.from_version || seen.pending_primary;
  if (run.from_version != 0 && !known) seen.drift = "primary_changed";
  return seen;
}

Performed KekRotatable::perform(Verb verb, const Run& run) {
  if (verb == Verb::kRevokeOld) return refused("not_revocable");
  if (verb != Verb::kPromote && verb != Verb::kDemote) return {};
  const auto look = look_at(keyring_, rotations_, run.subject);
  if (!look) return later(look.error().reason);
  return verb == Verb::kPromote ? may_promote(*look, run) : may_demote(*look, run);
}

Status KekRotatable::settle(Verb verb, store::Tx& tx, const audit::Event& by, Run& run,
                            const Performed&) {
  const std::string id = run.id.text();
  audit::Event event = by;
  event.action = verb == Verb::kDemote ? "kek.roll-back" : "kek.rotate";
  event.tenant = run.subject.tenant;
  event.request_id = id;
  const Foundations& on = keyring_.foundations();
  KW_TRY(const Tenant tenant, keyring_.tenant(run.subject.tenant));
  if (verb == Verb::kCreatePending) return announce_next(on, tx, tenant, run);
  if (verb == Verb::kPromote) return promote(on, rotations_, {tx, event}, tenant, run);
  if (verb != Verb::kDemote) return ok();
  KW_TRY(const auto keks, on.barrier.keks(tx, tenant.number));
  const KekVersion* primary = primary_of(keks);
  if (primary != nullptr && primary->version == run.from_version) return ok();
  KW_OK(rotations_.roll_back({tx, event}, tenant));
  return ok();
}

void KekRotatable::settled(const Run& run) {
  const auto tenant = keyring_.tenant(run.subject.tenant);
  if (!tenant) return;
  keyring_.foundations().barrier.refresh_keks(tenant->number);
  const auto jobs = rotations_.list(run.subject.tenant, 1);
  if (jobs && !jobs->empty()) rotations_.kick(jobs->front().id);
}

Result<rotation::Drain> KekRotatable::measure_drain(const Run& run) {
  KW_TRY(const Look look, look_at(keyring_, rotations_, run.subject));
  rotation::Drain drain;
  drain.quality = rotation::Drain::Quality::kExact;
  const Job* job = look.job_of(run);
  if (job == nullptr || job->state == JobState::kDone) return drain;
  drain.in_use = std::max<std::int64_t>(job->total - job->done, 1);
  std::string holder = "job " + job->id.text() + ": " + std::string(job_state_name(job->state));
  if (!job->problem.empty()) holder += " (" + job->problem + ")";
  drain.holders.push_back(std::move(holder));
  return drain;
}

Result<rotation::Health> KekRotatable::health(const Run&) {
  return rotation::Health{};
}

}  // namespace kw::keys
