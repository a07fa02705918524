#include "service/diagnosis.h"

#include "base/secret_arena.h"
#include "crypto/x509.h"
#include "observe/names.h"
#include "service/use.h"

namespace kw::service {

namespace {

constexpr double kSlowCommitSeconds = 0.1;

Check check(std::string_view id, std::string_view group, bool good, std::string text,
            std::string fix) {
  return {std::string(id), std::string(group), good ? CheckStatus::kOk : CheckStatus::kFailed,
          std::move(text), good ? "" : std::move(fix)};
}

// What was found, in the words of how it is.
Check found(std::string_view id, std::string_view group, bool good, std::string_view well,
            std::string_view wrong, std::string fix) {
  return check(id, group, good, std::string(good ? well : wrong), std::move(fix));
}

Check warn(Check found) {
  if (found.status == CheckStatus::kFailed) found.status = CheckStatus::kWarning;
  return found;
}

// A commit of nothing but a lease row: the round trip that every change pays.
Check commit_check(House& house) {
  const SteadyTime before = house.clock.steady();
  const Status wrote = house.store.write([&](store::Tx& tx) -> Status {
    KW_OK(tx.query("SELECT size FROM audit_head", {}));
    return ok();
  });
  const double seconds = std::chrono::duration<double>(house.clock.steady() - before).count();
  if (!wrote)
    return check("ST-1", "store", false, "the store refuses writes: " + wrote.error().reason,
                 "look at the server's log; check disk space and that the database is up");
  const int millis = static_cast<int>(seconds * 1000);
  return warn(
      check("ST-1", "store", seconds < kSlowCommitSeconds,
            std::string(house.store.engine()) + ", commit in " + std::to_string(millis) + " ms",
            "the store is slow: look at its disk"));
}

Check primaries_check(House& house) {
  std::int64_t without = 0;
  const Status read = house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row,
           reader.query_one("SELECT count(*) FROM key_object WHERE primary_version = 0", {}));
    without = row->integer(0);
    return ok();
  });
  return warn(check(
      "KE-1", "keys", read && without == 0,
      read ? std::to_string(without) + " keys without a primary version" : "keys cannot be read",
      "promote a version: keywright key promote NAME@N"));
}

Check jobs_check(House& house) {
  const auto jobs = house.kek_rotations.list("", 1000);
  int failed = 0;
  if (jobs)
    for (const keys::Job& job : *jobs) failed += job.state == keys::JobState::kFailed ? 1 : 0;
  return check("JO-1", "keys", jobs && failed == 0, std::to_string(failed) + " failed jobs",
               "keywright job list, then keywright job resume ID or rollback ID");
}

Check engine_check(House& house) {
  if (!house.rotation.enabled)
    return warn(check("EN-1", "rotation", false, "this node rotates nothing by itself",
                      "rotation: {enabled: true} in the settings of one node at least"));
  return found("EN-1", "rotation", !house.rotation.engine.clock_frozen(),
               "the engine runs, its clocks agree",
               "wall and steady clock went apart: nothing rotates by schedule",
               "check the time service, then: keywright run confirm-clock");
}

Check runs_check(House& house) {
  std::vector<rotation::Run> waiting;
  const Status read = house.store.read([&](store::Reader& reader) -> Status {
    rotation::RunFilter filter;
    filter.state = rotation::RunState::kNeedsOperator;
    KW_TRY(waiting, house.rotation.runs.list(reader, filter));
    return ok();
  });
  return check("RO-4", "rotation", read && waiting.empty(),
               std::to_string(waiting.size()) + " runs need a person",
               "keywright run list --all --state needs_operator, then run show, retry or rollback");
}

}  // namespace

std::string_view check_status_name(CheckStatus status) {
  switch (status) {
    case CheckStatus::kOk:
      return "ok";
    case CheckStatus::kWarning:
      return "warning";
    case CheckStatus::kFailed:
      return "failed";
  }
  return "failed";
}

Result<std::vector<Check>> diagnose(House& house, Call& call) {
  return consulted<std::vector<Check>>(house, call, [&]() -> Result<std::vector<Check>> {
    std::vector<Check> checks;
    checks.push_back(found("SV-1", "server", !house.barrier.sealed(), "unsealed", "sealed",
                           "keywright seal unseal"));
    checks.push_back(found("SV-2", "server", !house.feed.fenced(), "in touch with the store",
                           "lost touch with the store: this node refuses to use keys",
                           "check the store's network"));
    checks.push_back(
        warn(found("SV-3", "server", SecretArena::locked(), "memory for keys is locked",
                   "memory for keys is not locked: it may be swapped out",
                   "raise LimitMEMLOCK for the service")));
    checks.push_back(check("SV-4", "server", true, crypto::library_version(), ""));
    checks.push_back(commit_check(house));
    checks.push_back(found("AU-1", "audit", house.accesses.healthy(), "the access log is written",
                           "the access log cannot be written",
                           "make room on the audit disk, then restart"));
    const auto checkpoint = house.changes.latest_checkpoint();
    checks.push_back(
        warn(found("AU-5", "audit", checkpoint && !checkpoint->empty(),
                   "the change log has a signed checkpoint",
                   "the change log has no signed checkpoint yet", "keywright audit checkpoint")));
    checks.push_back(primaries_check(house));
    checks.push_back(jobs_check(house));
    checks.push_back(engine_check(house));
    checks.push_back(runs_check(house));
    if (house.options.development)
      checks.push_back(warn(check("SV-5", "server", false,
                                  "this is a development server: its keys vanish with it",
                                  "keywright server --config FILE")));
    return checks;
  });
}

namespace {

// Of what is still open, the time to the nearest deadline; drills do not count.
Status refresh_incidents(House& house) {
  std::vector<rotation::Incident> open;
  KW_OK(house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(open, house.emergency.incidents.list(reader, true, 100));
    return ok();
  }));
  std::erase_if(open, [](const rotation::Incident& one) { return one.request.drill; });
  house.metrics.gauge(observe::names::kIncidentsOpen, "Incidents that are not closed")
      .set(static_cast<double>(open.size()));
  double left = 0;
  for (const rotation::Incident& one : open) {
    const double own = std::chrono::duration<double>(one.deadline_at - house.clock.wall()).count();
    left = &one == &open.front() ? own : std::min(left, own);
  }
  house.metrics
      .gauge(observe::names::kIncidentSecondsLeft, "To the nearest deadline of an open incident")
      .set(left);
  return ok();
}

// Of the newest 100 incidents: drills are due every month.
Status refresh_drills(House& house) {
  std::vector<rotation::Incident> all;
  KW_OK(house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(all, house.emergency.incidents.list(reader, false, 100));
    return ok();
  }));
  WallTime newest;
  for (const rotation::Incident& one : all)
    if (one.request.drill && one.closed_at && !one.withdrawn)
      newest = std::max(newest, *one.closed_at);
  house.metrics.gauge(observe::names::kDrillAt, "When the newest drill was closed")
      .set(static_cast<double>(to_micros(newest)) / 1e6);
  return ok();
}

Status refresh_jobs(House& house) {
  KW_TRY(const auto jobs, house.rotation.jobs.list("", std::nullopt, 1000));
  std::int64_t left = 0;
  for (const rotation::Job& job : jobs)
    if (!rotation::finished(job.state) && job.kind == "reencrypt")
      left += job.progress.counts.total - job.progress.counts.done;
  house.metrics.gauge(observe::names::kReencryptRemaining, "Items before re-encryption jobs")
      .set(static_cast<double>(left));
  return ok();
}

void refresh_gauges(House& house) {
  namespace names = observe::names;
  const auto set = [&](std::string_view name, std::string_view help, double value) {
    house.metrics.gauge(name, help).set(value);
  };
  set(names::kSealed, "1 while sealed", house.barrier.sealed() ? 1 : 0);
  set(names::kAuditDurable, "Records of the access log",
      static_cast<double>(house.accesses.size()));
  set(names::kAuditAnchored, "Records that an anchor commits to",
      static_cast<double>(house.accesses.anchored()));
  // A counter that appears with its first event shows no increase: they start at 0.
  unknown_kids(house);
  for (int i = 0; i < keys::kOperationCount; ++i)
    compromised_uses(house, static_cast<keys::Operation>(i));
}

}  // namespace

Result<std::string> metrics_text(House& house, Call& call) {
  return consulted<std::string>(house, call, [&]() -> Result<std::string> {
    refresh_gauges(house);
    KW_OK(refresh_incidents(house));
    KW_OK(refresh_drills(house));
    KW_OK(refresh_jobs(house));
    return house.metrics.prometheus_text();
  });
}

}  // namespace kw::service
