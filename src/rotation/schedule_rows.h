// The schedule cache and the last time that this cluster saw, as rows.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rotation/run.h"
#include "store/store.h"

namespace kw::rotation {

/// A next_due that never comes.
inline constexpr std::int64_t kNeverDue = INT64_MAX;

struct ScheduleRow {
  Subject subject;
  std::int64_t next_due = kNeverDue;  ///< microseconds
  std::string why;                    ///< a trigger's name
  int urgency = 3;                    ///< 1 expires within 24 h, 2 overdue, 3 scheduled
  std::int64_t facts_epoch = 0;
  bool operator==(const ScheduleRow&) const = default;
};

/// Those of `rows` that the store does not have as they are.
Result<std::vector<ScheduleRow>> changed_schedules(store::Reader& reader,
                                                   std::vector<ScheduleRow> rows);
/// Keeps held_until and failures of existing rows. Each subject at most once.
Status put_schedules(store::Tx& tx, std::span<const ScheduleRow> rows);
/// Subjects that are due, not held and without an open run, by next_due.
Result<std::vector<Subject>> due_schedule(store::Reader& reader, int urgency, WallTime now,
                                          int limit);
Result<std::int64_t> count_due(store::Reader& reader, WallTime before);

/// Runs for the subjects began: they are not due.
Status leave_schedule(store::Tx& tx, std::span<const Subject* const> subjects);
/// Runs for the subjects ended well: they are due as the rows say. A pass over a large inventory
/// would take longer than a short interval.
Status return_to_schedule(store::Tx& tx, std::span<const ScheduleRow> rows);
/// A run for the subject failed: the next one waits 1 h, 2 h, 4 h … up to 24 h.
Status hold_subject(store::Tx& tx, const Subject& subject, WallTime now);
/// Nothing for this subject before `until`.
Status postpone(store::Tx& tx, const Subject& subject, WallTime until);
Status forget_subject(store::Tx& tx, const Subject& subject);

Result<std::optional<WallTime>> last_seen_time(store::Reader& reader);
/// Only forwards.
Status keep_seen_time(store::Tx& tx, WallTime now);

}  // namespace kw::rotation
