// New runs by schedule: the inventory fills the schedule cache page by page; due rows become runs,
// slowly when much is overdue after a downtime.
#include <algorithm>

#include "crypto/random.h"
#include "crypto/uuid.h"
#include "rotation/engine_state.h"
#include "rotation/schedule_rows.h"

namespace kw::rotation {

namespace {

constexpr std::chrono::hours kOverdueAfter{1};
constexpr std::chrono::hours kExpiringSoon{24};
constexpr int kLifeParts = 30;
constexpr std::chrono::hours kTypePause{1};
constexpr std::chrono::seconds kCountEvery{15};

}  // namespace

namespace {

// In the last thirtieth of its life, and its renewal is late.
bool near_its_end(const SubjectFacts& facts, const Due& due, WallTime now) {
  if (!facts.expires_at || !due.at || *due.at > now) return false;
  return (*facts.expires_at - now) * kLifeParts <= *facts.expires_at - facts.primary_since;
}

double part_used(const SubjectFacts& facts, const EffectivePolicy& policy) {
  const auto part = [](std::int64_t used, const std::optional<std::int64_t>& limit) {
    return limit && *limit > 0 ? static_cast<double>(used) / static_cast<double>(*limit) : 0;
  };
  return std::max(part(facts.operations, policy.max_operations),
                  part(facts.bytes, policy.max_bytes));
}

}  // namespace

ScheduleRow row_of(const SubjectFacts& facts, const Due& due, WallTime now) {
  ScheduleRow row;
  row.subject = facts.subject;
  row.facts_epoch = facts.epoch;
  if (!due.at) return row;
  row.next_due = to_micros(*due.at);
  row.why = trigger_name(due.trigger);
  if (now - *due.at > kOverdueAfter) row.urgency = 2;
  if (facts.expires_at && *facts.expires_at - now < kExpiringSoon) row.urgency = 1;
  return row;
}

Result<std::vector<ScheduleRow>> Engine::State::rows_of_page(
    Place& place, const std::vector<SubjectFacts>& page) {
  std::vector<ScheduleRow> rows;
  const WallTime at = now();
  for (const SubjectFacts& facts : page) {
    if (facts.damaged) {
      ++place.damaged;
      continue;
    }
    KW_TRY(const EffectivePolicy policy, options.policy_for(facts));
    KW_TRY(const Due due, options.due_of(facts, policy, at));
    rows.push_back(row_of(facts, due, at));
    if (due.at && at - *due.at > kOverdueAfter) ++place.overdue[facts.type];
    if (facts.primary == 0) ++place.without_primary;
    if (near_its_end(facts, due, at)) ++place.ending[facts.type];
    double& used = place.used[facts.type];
    used = std::max(used, part_used(facts, policy));
    if (facts.primary != 0) {
      const auto [oldest, first] = place.oldest.emplace(facts.type, facts.primary_since);
      if (!first) oldest->second = std::min(oldest->second, facts.primary_since);
    }
    if (due.at && (!place.next_due || *due.at < *place.next_due)) place.next_due = due.at;
  }
  return rows;
}

Status Engine::State::keep_rows(std::vector<ScheduleRow> rows) {
  KW_OK(house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(rows, changed_schedules(reader, std::move(rows)));
    return ok();
  }));
  if (rows.empty()) return ok();
  const std::int64_t fence = fence_now();
  return house.store.write(
      [&](store::Tx& tx) -> Status {
        KW_OK(cluster::require_fence(tx, kSchedulerLease, fence));
        return put_schedules(tx, rows);
      },
      store::Priority::kBackground);
}

Status Engine::State::scan_one(std::size_t index) {
  Place& place = places[index];
  if (steady() < place.resume) return ok();
  Rotatable& rotatable = *rotatables[index];
  const Subject* after = place.after ? &*place.after : nullptr;
  KW_TRY(const std::vector<SubjectFacts> page, rotatable.inventory(after, options.inventory_page));
  KW_TRY(std::vector<ScheduleRow> rows, rows_of_page(place, page));
  KW_OK(keep_rows(std::move(rows)));
  if (static_cast<int>(page.size()) == options.inventory_page) {
    place.after = page.back().subject;
    return ok();
  }
  metrics.overdue(place.overdue);
  if (place.next_due) metrics.next_due(rotatable.kind(), *place.next_due);
  metrics.without_primary(rotatable.kind(), place.without_primary);
  metrics.damaged(rotatable.kind(), place.damaged);
  metrics.oldest(place.oldest, now());
  metrics.ending(place.ending);
  metrics.used(place.used);
  place.without_primary = place.damaged = 0;
  place.oldest.clear();
  // A type without any reads 0 from now on.
  for (auto& entry : place.overdue) entry.second = 0;
  for (auto& entry : place.ending) entry.second = 0;
  for (auto& entry : place.used) entry.second = 0;
  place.next_due.reset();
  place.after.reset();
  place.resume = steady() + options.inventory_interval;
  return ok();
}

// A kind that cannot be read now must not keep the others from being scheduled.
Status Engine::State::scan() {
  if (!options.due_of || clock_watch.frozen()) return ok();
  {
    const std::scoped_lock lock(mutex);
    if (inventory_stale)
      for (Place& place : places) place = Place{};
    inventory_stale = false;
  }
  Status first_failure = ok();
  for (std::size_t i = 0; i < rotatables.size(); ++i)
    if (Status scanned = scan_one(i); !scanned && first_failure) first_failure = std::move(scanned);
  return first_failure;
}

// Much overdue work at once means that the scheduler was away: a storm would follow.
Status Engine::State::catch_up() {
  std::int64_t overdue = 0;
  KW_OK(house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(overdue, count_due(reader, now() - kOverdueAfter));
    return ok();
  }));
  pace.reset();
  if (overdue <= options.catch_up_from) return ok();
  pace = static_cast<double>(overdue) / static_cast<double>(options.catch_up.count());
  pace_since = steady();
  paced_until = steady() + options.catch_up;
  pace_credit = 1;
  return ok();
}

int Engine::State::starts_allowed(int limit) {
  if (pace && steady() >= paced_until) pace.reset();
  if (!pace) return limit;
  const double passed = std::chrono::duration<double>(steady() - pace_since).count();
  pace_since = steady();
  pace_credit = std::min(pace_credit + passed * *pace, static_cast<double>(options.batch));
  return std::min(limit, static_cast<int>(pace_credit));
}

Result<Works> Engine::State::due_subjects(int limit) {
  Works works;
  if (!options.due_of || clock_watch.frozen()) return works;
  std::vector<std::pair<Subject, int>> subjects;  // and their urgency
  const int paced = starts_allowed(limit);
  KW_OK(house.store.read([&](store::Reader& reader) -> Status {
    for (int urgency = 1; urgency <= 3; ++urgency) {
      const int room = (urgency == 1 ? limit : paced) - static_cast<int>(subjects.size());
      if (room <= 0) continue;
      KW_TRY(const auto due, due_schedule(reader, urgency, now(), room));
      if (urgency > 1 && pace) pace_credit -= static_cast<double>(due.size());
      for (const Subject& subject : due) subjects.emplace_back(subject, urgency);
    }
    return ok();
  }));
  works.reserve(subjects.size());
  for (const auto& [subject, urgency] : subjects) {
    Rotatable* const rotatable = rotatable_of(subject.kind);
    if (rotatable == nullptr || is_busy(subject)) continue;
    auto work = std::make_unique<Work>();
    work->rotatable = rotatable;
    work->urgency = urgency;
    Run& run = work->run;
    run.id = crypto::id_of_time<RunId>(now());
    run.subject = subject;
    run.trigger = Trigger::kSchedule;
    run.requested_by = "scheduler";
    run.salt.resize(16);
    crypto::random_public(run.salt);
    run.created_at = run.entered_at = run.next_at = run.updated_at = now();
    work->base = run;
    works.push_back(std::move(work));
  }
  return works;
}

void Engine::State::note_not_due(const Subject& subject, Correction correction) {
  const std::scoped_lock lock(mutex);
  corrections.emplace_back(subject, correction);
}

bool Engine::State::type_paused(const SubjectFacts& facts) {
  {
    const std::scoped_lock lock(mutex);
    const auto found = type_breakers.find(facts.type);
    if (found == type_breakers.end() || !found->second.open(now())) return false;
  }
  note_not_due(facts.subject, {Correction::Kind::kPostpone, now() + kTypePause});
  return true;
}

// What the rounds found to be wrong in the cache.
Status Engine::State::correct_schedule() {
  std::vector<std::pair<Subject, Correction>> all;
  {
    const std::scoped_lock lock(mutex);
    all.swap(corrections);
  }
  if (all.empty()) return ok();
  const std::int64_t fence = fence_now();
  return house.store.write([&](store::Tx& tx) -> Status {
    KW_OK(cluster::require_fence(tx, kSchedulerLease, fence));
    for (const auto& entry : all) {
      if (entry.second.kind == Correction::Kind::kForget) {
        KW_OK(forget_subject(tx, entry.first));
      } else {
        KW_OK(postpone(tx, entry.first, entry.second.until));
      }
    }
    return ok();
  });
}

Status Engine::State::count_open() {
  if (options.metrics == nullptr || steady() - counted < kCountEvery) return ok();
  counted = steady();
  std::map<std::string, std::int64_t> by_state, by_problem;
  KW_OK(house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto rows,
           reader.query("SELECT state, COUNT(*) FROM rotation_run WHERE finished_at IS NULL"
                        " GROUP BY state",
                        {}));
    for (const store::Row& row : rows) by_state[row.text(0)] = row.integer(1);
    KW_TRY(const auto waits,
           reader.query("SELECT problem, COUNT(*) FROM rotation_run WHERE finished_at IS NULL"
                        " AND problem <> '' GROUP BY problem",
                        {}));
    for (const store::Row& row : waits) by_problem[row.text(0)] = row.integer(1);
    return ok();
  }));
  metrics.open_runs(by_state);
  metrics.waiting(by_problem);
  metrics.tasks(by_problem);
  metrics.clock_skew(std::chrono::duration<double>(clock_watch.skew()).count());
  return ok();
}

}  // namespace kw::rotation
