#include "rotation/schedule_rows.h"

#include <algorithm>

namespace kw::rotation {

namespace {

constexpr std::int64_t kHoldFirst = 3'600'000'000;
constexpr int kHoldDoublingsMax = 5;
constexpr std::int64_t kHoldMax = 24 * kHoldFirst;

}  // namespace

Result<std::optional<ScheduleRow>> load_schedule(store::Reader& reader, const Subject& subject) {
  KW_TRY(const auto row,
         reader.query_one("SELECT next_due, why, urgency, facts_epoch FROM rotation_schedule"
                          " WHERE kind = $1 AND tenant = $2 AND name = $3",
                          {subject.kind, subject.tenant, subject.name}));
  if (!row) return std::optional<ScheduleRow>();
  return std::optional<ScheduleRow>(ScheduleRow{
      subject, row->integer(0), row->text(1), static_cast<int>(row->integer(2)), row->integer(3)});
}

Status put_schedule(store::Tx& tx, const ScheduleRow& row) {
  return tx.post(
      "INSERT INTO rotation_schedule (kind, tenant, name, next_due, why, urgency,"
      " facts_epoch, held_until, failures) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0)"
      " ON CONFLICT (kind, tenant, name) DO UPDATE SET next_due = excluded.next_due,"
      " why = excluded.why, urgency = excluded.urgency,"
      " facts_epoch = excluded.facts_epoch",
      {row.subject.kind, row.subject.tenant, row.subject.name, row.next_due, row.why, row.urgency,
       row.facts_epoch});
}

Result<std::vector<Subject>> due_schedule(store::Reader& reader, int urgency, WallTime now,
                                          int limit) {
  KW_TRY(const auto rows,
         reader.query("SELECT s.kind, s.tenant, s.name FROM rotation_schedule s"
                      " WHERE s.urgency = $1 AND s.next_due <= $2 AND s.held_until <= $2"
                      " AND NOT EXISTS (SELECT 1 FROM rotation_run r WHERE r.kind = s.kind"
                      " AND r.tenant = s.tenant AND r.name = s.name AND r.finished_at IS NULL)"
                      " ORDER BY s.next_due, s.tenant, s.kind, s.name LIMIT $3",
                      {urgency, to_micros(now), limit}));
  std::vector<Subject> subjects;
  subjects.reserve(rows.size());
  for (const store::Row& row : rows) subjects.push_back({row.text(0), row.text(1), row.text(2)});
  return subjects;
}

Result<std::int64_t> count_due(store::Reader& reader, WallTime before) {
  KW_TRY(const auto row,
         reader.query_one("SELECT COUNT(*) FROM rotation_schedule WHERE urgency IN (2, 3)"
                          " AND next_due <= $1",
                          {to_micros(before)}));
  return row->integer(0);
}

Status leave_schedule(store::Tx& tx, const Subject& subject, bool ended_well, WallTime now) {
  if (!ended_well) {
    return tx.post(
        "UPDATE rotation_schedule SET next_due = $4"
        " WHERE kind = $1 AND tenant = $2 AND name = $3",
        {subject.kind, subject.tenant, subject.name, kNeverDue});
  }
  return tx.post(
      "UPDATE rotation_schedule SET next_due = $4, held_until = 0, failures = 0"
      " WHERE kind = $1 AND tenant = $2 AND name = $3",
      {subject.kind, subject.tenant, subject.name, to_micros(now)});
}

Status hold_subject(store::Tx& tx, const Subject& subject, WallTime now) {
  KW_TRY(const auto row, tx.query_one("SELECT failures FROM rotation_schedule"
                                      " WHERE kind = $1 AND tenant = $2 AND name = $3",
                                      {subject.kind, subject.tenant, subject.name}));
  const std::int64_t failures = row ? row->integer(0) : 0;
  const std::int64_t doublings = std::min<std::int64_t>(failures, kHoldDoublingsMax);
  const std::int64_t hold = std::min(kHoldMax, kHoldFirst << doublings);
  KW_OK(
      tx.execute("INSERT INTO rotation_schedule (kind, tenant, name, next_due, why, urgency,"
                 " facts_epoch, held_until, failures) VALUES ($1, $2, $3, $4, '', 3, 0, $5, 1)"
                 " ON CONFLICT (kind, tenant, name) DO UPDATE SET held_until ="
                 " excluded.held_until, failures = rotation_schedule.failures + 1",
                 {subject.kind, subject.tenant, subject.name, kNeverDue, to_micros(now) + hold}));
  return ok();
}

Status postpone(store::Tx& tx, const Subject& subject, WallTime until) {
  return tx.post(
      "UPDATE rotation_schedule SET held_until = $4"
      " WHERE kind = $1 AND tenant = $2 AND name = $3 AND held_until < $4",
      {subject.kind, subject.tenant, subject.name, to_micros(until)});
}

Status forget_subject(store::Tx& tx, const Subject& subject) {
  return tx.post("DELETE FROM rotation_schedule WHERE kind = $1 AND tenant = $2 AND name = $3",
                 {subject.kind, subject.tenant, subject.name});
}

Result<std::optional<WallTime>> last_seen_time(store::Reader& reader) {
  KW_TRY(const auto row, reader.query_one("SELECT seen_at FROM rotation_clock WHERE id = 1", {}));
  if (!row) return std::optional<WallTime>();
  return std::optional<WallTime>(from_micros(row->integer(0)));
}

Status keep_seen_time(store::Tx& tx, WallTime now) {
  return tx.post(
      "INSERT INTO rotation_clock (id, seen_at) VALUES (1, $1)"
      " ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at"
      " WHERE rotation_clock.seen_at < excluded.seen_at",
      {to_micros(now)});
}

}  // namespace kw::rotation
