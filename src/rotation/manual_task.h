// What a person has to do before a run can go on: until then it waits, and reminds. Pure.
//
// The stage is the run's problem, so lists, events and metrics tell it. People are reminded when
// the task opens, when it is due soon, when it is due, and every day from then on.
#pragma once

#include <chrono>
#include <string_view>

#include "base/clock.h"

namespace kw::rotation {

struct ManualTask {
  WallTime due_at;
  std::chrono::seconds remind_before{0};  ///< due soon from then on
};

inline constexpr std::string_view kTaskOpen = "task_open", kTaskDueSoon = "task_due_soon",
                                  kTaskOverdue = "task_overdue";
/// One of the three.
std::string_view task_stage(const ManualTask& task, WallTime now);
/// True for the three.
bool is_task_stage(std::string_view problem);
/// The next moment at which people are reminded.
WallTime next_reminder(const ManualTask& task, WallTime now);
/// Whether such a moment was in (since, now].
bool reminds(const ManualTask& task, WallTime since, WallTime now);

}  // namespace kw::rotation
