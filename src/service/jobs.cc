#include "service/jobs.h"

#include <algorithm>

namespace kw::service {

namespace {

using rotation::Job;

constexpr std::string_view kReencrypt = "reencrypt";

Error version_state(std::uint32_t version, std::string_view why) {
  return error(Code::kFailedPrecondition, "version_state",
               "version " + std::to_string(version) + " " + std::string(why));
}

// The same rule as for any encryption under a named version.
Status require_protecting(const House& house, const keys::Key& key, std::uint32_t number) {
  const keys::Version* version = key.version(number);
  if (version == nullptr) return version_state(number, "does not exist");
  const auto state = version->state;
  const bool in_grace = state == keys::VersionState::kSecondary && version->demoted_at &&
                        house.clock.wall() < *version->demoted_at + key.lease_grace;
  if (state == keys::VersionState::kPrimary || state == keys::VersionState::kActive || in_grace)
    return ok();
  return version_state(number, "may not encrypt any more: make it primary again first");
}

bool decrypts(const keys::Version& version) {
  return version.state == keys::VersionState::kSecondary ||
         version.state == keys::VersionState::kRetired ||
         version.state == keys::VersionState::kActive;
}

std::uint32_t youngest_before(const keys::Key& key, std::uint32_t target) {
  std::uint32_t found = 0;
  for (const keys::Version& version : key.versions)
    if (version.number < target && decrypts(version)) found = version.number;
  return found;
}

Result<rotation::NewJob> planned(House& house, const connectors::DataPlace& place,
                                 const JobOrder& order) {
  KW_TRY(const auto key, house.keyring.find(place.tenant, place.key));
  rotation::NewJob job;
  job.kind = kReencrypt;
  job.tenant = key->tenant_name;
  job.subject = key->name;
  job.place = place.name;
  job.target_version = order.target == 0 ? key->primary : order.target;
  if (job.target_version == 0)
    return error(Code::kFailedPrecondition, "no_primary", "the key has no primary version");
  KW_OK(require_protecting(house, *key, job.target_version));
  job.from_version = order.from == 0 ? youngest_before(*key, job.target_version) : order.from;
  if (order.from != 0 && key->version(order.from) == nullptr)
    return version_state(order.from, "does not exist");
  job.throttle = order.throttle;
  return job;
}

Status require_way_back(House& house, const Job& job) {
  if (job.kind != kReencrypt || job.from_version == 0) return ok();
  KW_TRY(const auto key, house.keyring.find(job.tenant, job.subject));
  return require_protecting(house, *key, job.from_version);
}

// KEKs that a re-wrap moved are cached by the barrier.
void refresh_keks(House& house, const Job& job) {
  if (job.kind == kReencrypt) return;
  if (const auto tenant = house.keyring.tenant(job.tenant))
    house.barrier.refresh_keks(tenant->number);
}

rotation::JobChange change_of(const keys::Change& change) {
  return {change.tx, change.by};
}

// One change of the job that the path names, then its worker is told.
template <typename Body>
Result<Job> change_job(House& house, Call& call, const Job& job, const Wording<Job>& wording,
                       const Body& body) {
  std::optional<Job> changed;
  KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
    KW_TRY(changed, body(change_of(change)));
    keep(call, wording, *changed);
    return ok();
  }));
  refresh_keks(house, job);
  house.rotation.jobs.kick(job.id);
  return *std::move(changed);
}

}  // namespace

Result<std::vector<Job>> list_jobs(House& house, Call& call, std::optional<WallTime> before,
                                   int limit) {
  return consulted<std::vector<Job>>(
      house, call, [&] { return house.rotation.jobs.list(call.tenant, before, limit); });
}

// Jobs are named by id; who may see one depends on its tenant, which only the stored job tells.
Result<Job> visible_job(House& house, Call& call, const JobId& id) {
  KW_OK(require_open(house));
  auto job = house.rotation.jobs.show(id);
  if (job) call.tenant = job->tenant;
  KW_OK(authorise(house, call, {}));
  if (!job && job.error().code == Code::kNotFound) return not_found();
  return job;
}

Result<Job> show_job(House& house, Call& call, const JobId& id) {
  auto job = visible_job(house, call, id);
  KW_OK(record_and_wait(house, call, status_of(job)));
  return job;
}

Result<Job> steer_job(House& house, Call& call, const JobId& id, JobAction action,
                      const Wording<Job>& wording) {
  return recorded<Job>(house, call, [&]() -> Result<Job> {
    KW_TRY(const Job job, visible_job(house, call, id));
    if (action == JobAction::kRollBack) KW_OK(require_way_back(house, job));
    rotation::Jobs& jobs = house.rotation.jobs;
    return change_job(house, call, job, wording, [&](rotation::JobChange change) {
      return action == JobAction::kPause    ? jobs.pause(change, id)
             : action == JobAction::kResume ? jobs.resume(change, id)
                                            : jobs.roll_back(change, id);
    });
  });
}

// The data store belongs to a tenant, which only the configuration tells.
Result<Job> start_job(House& house, Call& call, const JobOrder& order,
                      const Wording<Job>& wording) {
  return recorded<Job>(house, call, [&]() -> Result<Job> {
    KW_OK(require_open(house));
    const connectors::DataPlace* place = house.rotation.places.find(order.store);
    const bool other_tenant =
        place != nullptr && !call.tenant.empty() && call.tenant != place->tenant;
    if (place != nullptr && !other_tenant) call.tenant = place->tenant;
    KW_OK(authorise(house, call, {}));
    if (place == nullptr || other_tenant) return not_found();
    KW_TRY(const rotation::NewJob wanted, planned(house, *place, order));
    std::optional<Job> started;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(started, house.rotation.jobs.start(change_of(change), wanted));
      keep(call, wording, *started);
      return ok();
    }));
    house.rotation.jobs.kick(started->id);
    return *std::move(started);
  });
}

Result<Job> throttle_job(House& house, Call& call, const JobId& id,
                         const rotation::JobThrottle& throttle, const Wording<Job>& wording) {
  return recorded<Job>(house, call, [&]() -> Result<Job> {
    KW_TRY(const Job job, visible_job(house, call, id));
    if (job.kind != kReencrypt)
      return error(Code::kFailedPrecondition, "not_throttled",
                   "this kind of job adapts to foreground work by itself");
    return change_job(house, call, job, wording, [&](rotation::JobChange change) {
      return house.rotation.jobs.set_throttle(change, id, throttle);
    });
  });
}

Result<std::vector<rotation::Quarantined>> job_quarantine(House& house, Call& call, const JobId& id,
                                                          std::string_view after, int limit) {
  using List = std::vector<rotation::Quarantined>;
  Result<List> outcome = [&]() -> Result<List> {
    KW_OK(visible_job(house, call, id));
    return house.rotation.reencryption.quarantine(id, after, limit);
  }();
  KW_OK(record_and_wait(house, call, status_of(outcome)));
  return outcome;
}

Result<std::vector<connectors::DataPlace>> list_data_stores(House& house, Call& call) {
  using Places = std::vector<connectors::DataPlace>;
  return consulted<Places>(house, call, [&]() -> Result<Places> {
    Places found;
    for (const connectors::DataPlace& place : house.rotation.places.all())
      if (call.tenant.empty() || place.tenant == call.tenant) found.push_back(place);
    return found;
  });
}

}  // namespace kw::service
