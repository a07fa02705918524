#include "rotation/held_events.h"

namespace kw::rotation {

namespace {

constexpr int kAtOnce = 100;

struct Held {
  Subject subject;
  std::string event, reported_by;
};

Result<std::vector<Held>> free_events(store::Reader& reader) {
  KW_TRY(const auto rows,
         reader.query("SELECT h.kind, h.tenant, h.name, h.event, h.reported_by"
                      " FROM rotation_held_event h"
                      " WHERE NOT EXISTS (SELECT 1 FROM incident_freeze f"
                      " WHERE f.subject = h.subject)"
                      " AND NOT EXISTS (SELECT 1 FROM rotation_run r WHERE r.kind = h.kind"
                      " AND r.tenant = h.tenant AND r.name = h.name AND r.finished_at IS NULL)"
                      " ORDER BY h.held_at, h.subject LIMIT $1",
                      {kAtOnce}));
  std::vector<Held> all;
  all.reserve(rows.size());
  for (const store::Row& row : rows)
    all.push_back({{row.text(0), row.text(1), row.text(2)}, row.text(3), row.text(4)});
  return all;
}

// Another node may have been quicker: who deletes the row starts the run.
Result<bool> release(store::Tx& tx, Runs& runs, const Held& held, audit::Event by) {
  KW_TRY(const std::int64_t taken,
         tx.execute("DELETE FROM rotation_held_event WHERE subject = $1", {held.subject.text()}));
  if (taken == 0) return false;
  by.actor = held.reported_by;
  StartOptions options;
  options.trigger = Trigger::kEvent;
  options.reason = held.event;
  KW_OK(runs.start({tx, by}, held.subject, options));
  return true;
}

}  // namespace

Status hold_event(Change change, const Subject& subject, std::string_view type, WallTime now) {
  return change.tx.post(
      "INSERT INTO rotation_held_event (subject, kind, tenant, name, event, reported_by, held_at)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (subject) DO NOTHING",
      {subject.text(), subject.kind, subject.tenant, subject.name, type, change.by.actor,
       to_micros(now)});
}

Result<int> release_events(store::Store& store, Runs& runs, const audit::Event& by) {
  std::vector<Held> free;
  KW_OK(store.read([&](store::Reader& reader) -> Status {
    KW_TRY(free, free_events(reader));
    return ok();
  }));
  int started = 0;
  for (const Held& held : free) {
    bool done = false;
    const Status written = store.write([&](store::Tx& tx) -> Status {
      KW_TRY(done, release(tx, runs, held, by));
      return ok();
    });
    // A run that began meanwhile: the event waits for its end.
    if (!written && written.error().reason == "run_open") continue;
    KW_OK(written);
    if (done) ++started;
  }
  return started;
}

}  // namespace kw::rotation
