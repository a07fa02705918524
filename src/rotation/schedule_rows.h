// The schedule cache and the last time that this cluster saw, as rows.
#pragma once

#include <optional>
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

Result<std::optional<ScheduleRow>> load_schedule(store::Reader& reader, const Subject& subject);
/// Keeps held_until and failures of an existing row.
Status put_schedule(store::Tx& tx, const ScheduleRow& row);
/// Subjects that are due, not held and without an open run, by next_due.
Result<std::vector<Subject>> due_schedule(store::Reader& reader, int urgency, WallTime now,
                                          int limit);
Result<std::int64_t> count_due(store::Reader& reader, WallTime before);

/// A run for the subject began: it is not due. Or one ended well: the next round looks when it is
/// due again; a pass over a large inventory would take longer than a short interval.
Status leave_schedule(store::Tx& tx, const Subject& subject, bool ended_well, WallTime now);
/// A run for the subject failed: the next one waits 1 h, 2 h, 4 h … up to 24 h.
Status hold_subject(store::Tx& tx, const Subject& subject, WallTime now);
/// Nothing for this subject before `until`.
Status postpone(store::Tx& tx, const Subject& subject, WallTime until);
Status forget_subject(store::Tx& tx, const Subject& subject);

Result<std::optional<WallTime>> last_seen_time(store::Reader& reader);
/// Only forwards.
Status keep_seen_time(store::Tx& tx, WallTime now);

}  // namespace kw::rotation
