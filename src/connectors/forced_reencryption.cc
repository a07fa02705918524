#include "connectors/forced_reencryption.h"

#include <algorithm>
#include <map>

namespace kw::connectors {

Result<std::string> ForcedReencryption::start(rotation::Change change,
                                              const rotation::Subject& subject,
                                              const rotation::Versions& versions) {
  std::string started;
  for (const DataPlace& place : places_.all()) {
    if (place.tenant != subject.tenant || place.key != subject.name) continue;
    KW_TRY(const std::uint32_t primary, primary_(subject));
    if (primary == 0 || std::find(versions.begin(), versions.end(), primary) != versions.end())
      return error(Code::kFailedPrecondition, "no_replacement",
                   "the key has no primary version that is above suspicion");
    rotation::NewJob wanted;
    wanted.kind = "reencrypt";
    wanted.tenant = subject.tenant;
    wanted.subject = subject.name;
    wanted.place = place.name;
    wanted.target_version = primary;  // no way back: what is left behind is suspect
    KW_TRY(const rotation::Job job, jobs_.start({change.tx, change.by}, wanted));
    KW_OK(grant_(change, subject, versions, job.id));
    started += (started.empty() ? "" : ",") + job.id.text();
  }
  return started;
}

// Whoever asks comes after the transaction of start(): now its jobs may be woken.
Result<rotation::ReencryptState> ForcedReencryption::state(const std::string& jobs) {
  rotation::ReencryptState all;
  all.done = true;
  for (std::size_t at = 0; at < jobs.size();) {
    const std::size_t end = std::min(jobs.find(',', at), jobs.size());
    KW_TRY(const JobId id, JobId::parse(std::string_view(jobs).substr(at, end - at)));
    at = end + 1;
    KW_TRY(const rotation::Job job, jobs_.show(id));
    if (job.state == rotation::JobState::kRunning) jobs_.kick(id);
    const bool done = job.state == rotation::JobState::kDone;
    all.done = all.done && done;
    if (job.state == rotation::JobState::kFailed || job.state == rotation::JobState::kRolledBack) {
      all.failed = true;
      all.problem = job.problem.empty() ? "rolled_back" : job.problem;
    }
    const rotation::JobCounts& counts = job.progress.counts;
    all.items += counts.rewritten;
    all.left += done ? 0 : std::max<std::int64_t>(counts.total - counts.done, 0);
  }
  return all;
}

Result<std::vector<rotation::Readable>> ForcedReencryption::readable(
    const rotation::Subject& subject) {
  KW_TRY(const auto references, counts_.references(subject.tenant, subject.name));
  std::map<std::string, std::int64_t> stores;
  for (const rotation::Reference& row : references) stores[row.place] += row.items;
  std::vector<rotation::Readable> found;
  found.reserve(stores.size());
  for (const auto& [store, items] : stores) found.push_back({subject.tenant, store, items, true});
  return found;
}

}  // namespace kw::connectors
