#include "rotation/engine_metrics.h"

#include "observe/names.h"

namespace kw::rotation {

namespace {

double seconds_between(WallTime from, WallTime to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

void EngineMetrics::step(std::string_view verb, std::string_view kind,
                         std::string_view outcome) const {
  if (registry_ == nullptr) return;
  registry_
      ->counter("rotation_steps_total", "Verbs of rotation runs.",
                {{"verb", std::string(verb)},
                 {"connector", std::string(kind)},
                 {"outcome", std::string(outcome)}})
      .add();
}

void EngineMetrics::finished(const Run& run) const {
  if (registry_ == nullptr) return;
  const std::string type = run.type.empty() ? run.subject.kind : run.type;
  registry_
      ->counter("rotation_runs_total", "Finished rotation runs.",
                {{"type", type},
                 {"trigger", std::string(trigger_name(run.trigger))},
                 {"result", std::string(run_state_name(run.state))}})
      .add();
  if (run.trigger == Trigger::kEmergency)
    registry_->counter("rotation_emergency_total", "Finished emergency runs.").add();
  registry_
      ->histogram("rotation_run_duration_seconds", "From the start of a run to its end.",
                  {{"type", type}})
      .record(seconds_between(run.created_at, run.updated_at));
}

void EngineMetrics::rolling_back(std::string_view reason) const {
  if (registry_ == nullptr) return;
  registry_
      ->counter("rotation_rollbacks_total", "Runs that began to roll back.",
                {{"reason", std::string(reason)}})
      .add();
}

void EngineMetrics::left_state(const Run& before, WallTime now) const {
  if (registry_ == nullptr) return;
  registry_
      ->histogram("rotation_state_duration_seconds", "How long runs stay in a state.",
                  {{"state", std::string(run_state_name(before.state))}})
      .record(seconds_between(before.entered_at, now));
}

void EngineMetrics::open_runs(const std::map<std::string, std::int64_t>& by_state) const {
  if (registry_ == nullptr) return;
  for (int i = 0; i < kRunStateCount; ++i) {
    const std::string state(run_state_name(static_cast<RunState>(i)));
    const auto found = by_state.find(state);
    const double count = found == by_state.end() ? 0 : static_cast<double>(found->second);
    registry_->gauge("rotation_run_state", "Open runs by state.", {{"state", state}}).set(count);
  }
}

void EngineMetrics::waiting(const std::map<std::string, std::int64_t>& by_problem) const {
  if (registry_ == nullptr) return;
  for (const char* problem : {"acknowledgements", "approval_open", "canary", "in_use"}) {
    const auto found = by_problem.find(problem);
    const double count = found == by_problem.end() ? 0 : static_cast<double>(found->second);
    registry_
        ->gauge("rotation_runs_waiting", "Open runs by what they wait for.", {{"for", problem}})
        .set(count);
  }
}

void EngineMetrics::tasks(const std::map<std::string, std::int64_t>& by_stage) const {
  if (registry_ == nullptr) return;
  for (const std::string_view stage : {kTaskOpen, kTaskDueSoon, kTaskOverdue}) {
    const auto found = by_stage.find(std::string(stage));
    const double count = found == by_stage.end() ? 0 : static_cast<double>(found->second);
    const std::string name(stage.substr(std::string_view("task_").size()));
    registry_
        ->gauge("rotation_manual_tasks", "Rotations that wait for a person.", {{"stage", name}})
        .set(count);
  }
}

void EngineMetrics::ending(const std::map<std::string, std::int64_t>& by_type) const {
  if (registry_ == nullptr) return;
  for (const auto& [type, count] : by_type)
    registry_
        ->gauge("rotation_expiry_near", "Near their end, and their renewal is late.",
                {{"type", type}})
        .set(static_cast<double>(count));
}

void EngineMetrics::used(const std::map<std::string, double>& by_type) const {
  if (registry_ == nullptr) return;
  for (const auto& [type, part] : by_type)
    registry_
        ->gauge(observe::names::kKeyOpsRatio, "Largest part of a policy's limits that is used.",
                {{"type", type}})
        .set(part);
}

void EngineMetrics::overdue(const std::map<std::string, std::int64_t>& by_type) const {
  if (registry_ == nullptr) return;
  for (const auto& entry : by_type) {
    registry_
        ->gauge("rotation_overdue", "Subjects whose rotation is overdue.", {{"type", entry.first}})
        .set(static_cast<double>(entry.second));
  }
}

void EngineMetrics::next_due(std::string_view kind, WallTime at) const {
  if (registry_ == nullptr) return;
  registry_
      ->gauge("rotation_next_due_timestamp_seconds", "The next due time of a kind.",
              {{"kind", std::string(kind)}})
      .set(static_cast<double>(to_micros(at)) / 1e6);
}

void EngineMetrics::late(RunState state) const {
  if (registry_ == nullptr) return;
  registry_
      ->counter("rotation_state_deadline_passed_total",
                "Runs that stayed in a state beyond its deadline.",
                {{"state", std::string(run_state_name(state))}})
      .add();
}

void EngineMetrics::drift() const {
  if (registry_ == nullptr) return;
  registry_->counter("rotation_drift_total", "Subjects that somebody else had changed.").add();
}

void EngineMetrics::without_primary(std::string_view kind, std::int64_t count) const {
  if (registry_ == nullptr) return;
  registry_
      ->gauge("rotation_without_primary", "Subjects that have no primary version.",
              {{"kind", std::string(kind)}})
      .set(static_cast<double>(count));
}

void EngineMetrics::damaged(std::string_view kind, std::int64_t count) const {
  if (registry_ == nullptr) return;
  registry_
      ->gauge("rotation_damaged", "Subjects whose rows were changed outside the service.",
              {{"kind", std::string(kind)}})
      .set(static_cast<double>(count));
}

void EngineMetrics::oldest(const std::map<std::string, WallTime>& since_by_type,
                           WallTime now) const {
  if (registry_ == nullptr) return;
  for (const auto& [type, since] : since_by_type) {
    registry_
        ->gauge("rotation_secret_age_seconds", "The age of the oldest primary.", {{"type", type}})
        .set(seconds_between(since, now));
  }
}

void EngineMetrics::clock_skew(double seconds) const {
  if (registry_ == nullptr) return;
  registry_->gauge("rotation_clock_skew_seconds", "Wall clock against steady clock.").set(seconds);
}

void EngineMetrics::breaker(const std::string& target, bool open) const {
  if (registry_ == nullptr) return;
  registry_
      ->gauge("rotation_breaker_open", "1 while a target's breaker is open.", {{"target", target}})
      .set(open ? 1 : 0);
}

void EngineMetrics::lease_lost() const {
  if (registry_ == nullptr) return;
  registry_->counter("rotation_lock_lost_total", "Times the scheduler's lease was lost.").add();
}

void EngineMetrics::missed_window(std::string_view type) const {
  if (registry_ == nullptr) return;
  registry_
      ->counter("rotation_missed_window_total", "Due times found long passed.",
                {{"type", std::string(type)}})
      .add();
}

}  // namespace kw::rotation
