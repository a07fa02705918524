#include "rotation/manual_task.h"

namespace kw::rotation {

namespace {
constexpr std::chrono::hours kEvery{24};
}

std::string_view task_stage(const ManualTask& task, WallTime now) {
  if (now >= task.due_at) return kTaskOverdue;
  return now >= task.due_at - task.remind_before ? kTaskDueSoon : kTaskOpen;
}

bool is_task_stage(std::string_view problem) {
  return problem == kTaskOpen || problem == kTaskDueSoon || problem == kTaskOverdue;
}

WallTime next_reminder(const ManualTask& task, WallTime now) {
  if (now < task.due_at - task.remind_before) return task.due_at - task.remind_before;
  if (now < task.due_at) return task.due_at;
  return task.due_at + ((now - task.due_at) / kEvery + 1) * kEvery;
}

bool reminds(const ManualTask& task, WallTime since, WallTime now) {
  return next_reminder(task, since) <= now;
}

}  // namespace kw::rotation
