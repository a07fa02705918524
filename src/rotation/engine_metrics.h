// The engine's instruments: the names of spec/rotation.md 8. Without a registry all of it does
// nothing.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "observe/metrics.h"
#include "rotation/rotatable.h"
#include "rotation/run.h"

namespace kw::rotation {

class EngineMetrics {
 public:
  explicit EngineMetrics(observe::Registry* registry) : registry_(registry) {}

  void step(std::string_view verb, std::string_view kind, std::string_view outcome) const;
  void finished(const Run& run) const;
  void rolling_back(std::string_view reason) const;
  void left_state(const Run& before, WallTime now) const;
  void open_runs(const std::map<std::string, std::int64_t>& by_state) const;
  /// What open runs wait for, of the waits that somebody outside can end.
  void waiting(const std::map<std::string, std::int64_t>& by_problem) const;
  /// Subjects in the last thirtieth of their life whose renewal is late, by type.
  void ending(const std::map<std::string, std::int64_t>& by_type) const;
  /// The largest part of a policy's limits that a primary has used, by type.
  void used(const std::map<std::string, double>& by_type) const;
  /// Tasks of people by stage (manual_task.h).
  void tasks(const std::map<std::string, std::int64_t>& by_stage) const;
  void overdue(const std::map<std::string, std::int64_t>& by_type) const;
  void next_due(std::string_view kind, WallTime at) const;
  /// A run stays longer in its state than was planned.
  void late(RunState state) const;
  void drift() const;
  /// Subjects of a kind that have no primary version.
  void without_primary(std::string_view kind, std::int64_t count) const;
  /// Subjects of a kind whose rows were changed outside the service.
  void damaged(std::string_view kind, std::int64_t count) const;
  /// The age of the oldest primary, by type.
  void oldest(const std::map<std::string, WallTime>& since_by_type, WallTime now) const;
  void clock_skew(double seconds) const;
  void breaker(const std::string& target, bool open) const;
  void lease_lost() const;
  void missed_window(std::string_view type) const;

 private:
  observe::Registry* registry_;
};

}  // namespace kw::rotation
