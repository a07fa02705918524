#include "rotation/schedule_rows.h"

#include <algorithm>
#include <map>

#include "store/row_set.h"

namespace kw::rotation {

namespace {

constexpr std::int64_t kHoldFirst = 3'600'000'000;
constexpr int kHoldDoublingsMax = 5;
constexpr std::int64_t kHoldMax = 24 * kHoldFirst;

}  // namespace

Result<std::vector<ScheduleRow>> changed_schedules(store::Reader& reader,
                                                   std::vector<ScheduleRow> rows) {
  store::RowSet wanted(3);
  for (const ScheduleRow& row : rows)
    wanted.add({row.subject.kind, row.subject.tenant, row.subject.name});
  KW_TRY(const auto found,
         reader.query_rows("WITH r (kind, tenant, name) AS (/*rows*/)"
                           " SELECT s.kind, s.tenant, s.name, s.next_due, s.why, s.urgency,"
                           " s.facts_epoch FROM r JOIN rotation_schedule s ON s.kind = r.kind"
                           " AND s.tenant = r.tenant AND s.name = r.name",
                           wanted));
  std::map<Subject, ScheduleRow> known;
  for (const store::Row& row : found) {
    const Subject subject{row.text(0), row.text(1), row.text(2)};
    known[subject] = {subject, row.integer(3), row.text(4), static_cast<int>(row.integer(5)),
                      row.integer(6)};
  }
  std::erase_if(rows, [&](const ScheduleRow& row) {
    const auto same = known.find(row.subject);
    return same != known.end() && same->second == row;
  });
  return rows;
}

Status put_schedules(store::Tx& tx, std::span<const ScheduleRow> rows) {
  store::RowSet all(7);
  for (const ScheduleRow& row : rows)
    all.add({row.subject.kind, row.subject.tenant, row.subject.name, row.next_due, row.why,
             row.urgency, row.facts_epoch});
  return tx.post_rows(
      "WITH r (kind, tenant, name, next_due, why, urgency, facts_epoch) AS (/*rows*/)"
      " INSERT INTO rotation_schedule (kind, tenant, name, next_due, why, urgency,"
      " facts_epoch, held_until, failures)"
      " SELECT r.*, 0, 0 FROM r WHERE true"
      " ON CONFLICT (kind, tenant, name) DO UPDATE SET next_due = excluded.next_due,"
      " why = excluded.why, urgency = excluded.urgency,"
      " facts_epoch = excluded.facts_epoch",
      all);
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

Status leave_schedule(store::Tx& tx, std::span<const Subject* const> subjects) {
  store::RowSet all(4);
  for (const Subject* each : subjects) all.add({each->kind, each->tenant, each->name, kNeverDue});
  return tx.post_rows(
      "WITH r (kind, tenant, name, next_due) AS (/*rows*/)"
      " UPDATE rotation_schedule SET next_due = r.next_due FROM r"
      " WHERE rotation_schedule.kind = r.kind AND rotation_schedule.tenant = r.tenant"
      " AND rotation_schedule.name = r.name",
      all);
}

Status return_to_schedule(store::Tx& tx, std::span<const ScheduleRow> rows) {
  store::RowSet all(7);
  for (const ScheduleRow& row : rows)
    all.add({row.subject.kind, row.subject.tenant, row.subject.name, row.next_due, row.why,
             row.urgency, row.facts_epoch});
  return tx.post_rows(
      "WITH r (kind, tenant, name, next_due, why, urgency, facts_epoch) AS (/*rows*/)"
      " UPDATE rotation_schedule SET next_due = r.next_due, why = r.why, urgency = r.urgency,"
      " facts_epoch = r.facts_epoch, held_until = 0, failures = 0 FROM r"
      " WHERE rotation_schedule.kind = r.kind AND rotation_schedule.tenant = r.tenant"
      " AND rotation_schedule.name = r.name",
      all);
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
