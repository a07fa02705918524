#include "keys/incident_reencrypt.h"

#include <algorithm>

#include "seal/barrier.h"

namespace kw::keys {

namespace {

constexpr std::string_view kRewrap = "kek-rewrap:";

}  // namespace

Result<std::string> IncidentReencrypt::start_kek(rotation::Change change,
                                                 const rotation::Subject& subject,
                                                 const rotation::Versions& versions) {
  KW_TRY(const Tenant tenant, on_.keyring.tenant(subject.tenant));
  KW_TRY(const auto keks, on_.barrier.keks(change.tx, tenant.number));
  const bool used = std::any_of(keks.begin(), keks.end(), [&](const seal::KekVersion& one) {
    const bool suspect = std::find(versions.begin(), versions.end(), one.version) != versions.end();
    return suspect && one.state != seal::KekState::kRetired;
  });
  if (!used) return std::string();
  KW_TRY(const Job job, on_.kek_rotations.start({change.tx, change.by}, tenant));
  return std::string(kRewrap) + job.id.text();
}

Result<std::string> IncidentReencrypt::start(rotation::Change change,
                                             const rotation::Subject& subject,
                                             const rotation::Versions& versions) {
  if (subject.kind == kKekKind) return start_kek(change, subject, versions);
  if (data_ != nullptr) return data_->start(change, subject, versions);
  return std::string();
}

Result<rotation::ReencryptState> IncidentReencrypt::state(const std::string& job) {
  rotation::ReencryptState state;
  if (!job.starts_with(kRewrap)) {
    if (data_ != nullptr) return data_->state(job);
    state.failed = true;
    state.problem = "unknown_job";
    return state;
  }
  KW_TRY(const JobId id, JobId::parse(job.substr(kRewrap.size())));
  KW_TRY(const Job found, on_.kek_rotations.show(id));
  if (found.state == JobState::kRunning) on_.kek_rotations.kick(id);
  state.done = found.state == JobState::kDone;
  state.failed = found.state == JobState::kFailed || found.state == JobState::kRolledBack;
  state.items = found.done;
  state.left = state.done ? 0 : std::max<std::int64_t>(found.total - found.done, 0);
  state.problem = found.problem;
  return state;
}

}  // namespace kw::keys
