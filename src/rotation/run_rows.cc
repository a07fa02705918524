#include "rotation/run_rows.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>

#include "rotation/policy_json.h"
#include "store/row_set.h"

namespace kw::rotation {

namespace {

#define KW_RUN_COLUMNS                                                                           \
  "id, kind, tenant, name, type, state, resumes_to, undoing, started_by, requested_by, reason, " \
  "from_version, to_version, algorithm, policy, policy_given, urgency, plan_hash, approval, "    \
  "percent, salt, attempts, worked, discarded, problem, next_at, created_at, updated_at, "       \
  "entered_at, staged_at, promoted_at, finished_at, epoch"

constexpr std::int64_t kEndOfTime = std::numeric_limits<std::int64_t>::max();

std::optional<std::int64_t> micros(const std::optional<WallTime>& time) {
  if (!time) return std::nullopt;
  return to_micros(*time);
}

std::optional<WallTime> time_of(const store::Row& row, std::size_t column) {
  const std::optional<std::int64_t> micros = row.optional_integer(column);
  if (!micros) return std::nullopt;
  return from_micros(*micros);
}

Result<Trigger> parse_trigger(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Trigger::kEmergency); ++i)
    if (trigger_name(static_cast<Trigger>(i)) == name) return static_cast<Trigger>(i);
  return error(Code::kDataLoss, "bad_run", "a stored run has an unknown trigger");
}

Status read_names(const store::Row& row, Run& run) {
  run.subject = Subject{row.text(1), row.text(2), row.text(3)};
  run.type = row.text(4);
  KW_TRY(run.state, parse_run_state(row.text(5)));
  KW_TRY(run.resumes_to, parse_run_state(row.text(6)));
  KW_TRY(run.undoing, parse_run_state(row.text(7)));
  KW_TRY(run.trigger, parse_trigger(row.text(8)));
  run.requested_by = row.text(9);
  run.reason = row.text(10);
  return ok();
}

void read_plan(const store::Row& row, Run& run) {
  run.from_version = static_cast<std::uint32_t>(row.integer(11));
  run.to_version = static_cast<std::uint32_t>(row.integer(12));
  run.algorithm = row.text(13);
  run.policy_given = row.integer(15) != 0;
  run.rank = static_cast<int>(row.integer(16));
  run.plan_hash = row.text(17);
  run.approval = row.text(18);
}

void read_progress(const store::Row& row, Run& run) {
  run.percent = static_cast<int>(row.integer(19));
  run.salt = row.bytes(20);
  run.attempts = static_cast<int>(row.integer(21));
  run.worked = row.integer(22) != 0;
  run.discarded = static_cast<int>(row.integer(23));
  run.problem = row.text(24);
  run.next_at = from_micros(row.integer(25));
  run.created_at = from_micros(row.integer(26));
  run.updated_at = from_micros(row.integer(27));
  run.entered_at = from_micros(row.integer(28));
  run.staged_at = time_of(row, 29);
  run.promoted_at = time_of(row, 30);
  run.finished_at = time_of(row, 31);
  run.epoch = row.integer(32);
}

// Frozen policies of many runs are mostly the same few texts.
using KnownPolicies = std::map<std::string, EffectivePolicy>;
constexpr std::size_t kKnownPoliciesMax = 64;

Result<EffectivePolicy> policy_of(const std::string& text, KnownPolicies& known) {
  if (const auto found = known.find(text); found != known.end()) return found->second;
  KW_TRY(EffectivePolicy policy, parse_policy_json(text));
  if (known.size() < kKnownPoliciesMax) known.emplace(text, policy);
  return policy;
}

Result<Run> run_of(const store::Row& row, KnownPolicies& known) {
  Run run;
  KW_TRY(run.id, RunId::from_bytes(row.bytes(0)));
  KW_OK(read_names(row, run));
  if (!row.text(14).empty()) {
    KW_TRY(run.policy, policy_of(row.text(14), known));
  }
  read_plan(row, run);
  read_progress(row, run);
  return run;
}

Result<std::vector<Run>> runs_of(const store::Rows& rows) {
  std::vector<Run> runs;
  runs.reserve(rows.size());
  KnownPolicies known;
  for (const store::Row& row : rows) {
    KW_TRY(Run run, run_of(row, known));
    runs.push_back(std::move(run));
  }
  return runs;
}

// A run that is not planned yet and brought no policy has none to store.
std::string_view stored_policy(store::RowSet& rows, PolicyTexts& texts, const Run& run) {
  const bool known = run.policy_given || !run.plan_hash.empty();
  return known ? rows.keep(texts.of(run.policy)) : std::string_view();
}

constexpr std::size_t kRunColumns = 33;
constexpr std::size_t kProgressColumns = 21;
constexpr std::size_t kPlanColumns = 7;

void add_run(store::RowSet& rows, PolicyTexts& texts, const Run& run) {
  rows.add({run.id.bytes(),
            run.subject.kind,
            run.subject.tenant,
            run.subject.name,
            run.type,
            run_state_name(run.state),
            run_state_name(run.resumes_to),
            run_state_name(run.undoing),
            trigger_name(run.trigger),
            run.requested_by,
            run.reason,
            run.from_version,
            run.to_version,
            run.algorithm,
            stored_policy(rows, texts, run),
            run.policy_given ? 1 : 0,
            run.rank,
            run.plan_hash,
            run.approval,
            run.percent,
            run.salt,
            run.attempts,
            run.worked ? 1 : 0,
            run.discarded,
            run.problem,
            to_micros(run.next_at),
            to_micros(run.created_at),
            to_micros(run.updated_at),
            to_micros(run.entered_at),
            micros(run.staged_at),
            micros(run.promoted_at),
            micros(run.finished_at),
            run.epoch});
}

void add_progress(store::RowSet& rows, const Run& before, const Run& run) {
  rows.add({run.id.bytes(),
            run_state_name(before.state),
            before.epoch,
            run_state_name(run.state),
            run_state_name(run.resumes_to),
            run_state_name(run.undoing),
            run.to_version,
            run.rank,
            run.approval,
            run.percent,
            run.attempts,
            run.worked ? 1 : 0,
            run.discarded,
            run.problem,
            to_micros(run.next_at),
            to_micros(run.updated_at),
            to_micros(run.entered_at),
            micros(run.staged_at),
            micros(run.promoted_at),
            micros(run.finished_at),
            run.epoch});
}

Error run_open() {
  return error(Code::kAlreadyExists, "run_open", "the subject has a run that is not finished");
}

// A run that ends in the transaction that begins it is not in the unique index of open ones.
Status require_none_open(store::Tx& tx, std::span<const Run* const> runs) {
  store::RowSet ended(3);
  for (const Run* run : runs)
    if (finished(run->state))
      ended.add({run->subject.kind, run->subject.tenant, run->subject.name});
  KW_TRY(const auto open,
         tx.query_rows("WITH r (kind, tenant, name) AS (/*rows*/) SELECT 1 FROM r"
                       " JOIN rotation_run o ON o.kind = r.kind AND o.tenant = r.tenant"
                       " AND o.name = r.name WHERE o.finished_at IS NULL",
                       ended));
  return open.empty() ? ok() : Status(run_open());
}

}  // namespace

Status insert_runs(store::Tx& tx, std::span<const Run* const> runs) {
  KW_OK(require_none_open(tx, runs));
  store::RowSet rows(kRunColumns);
  PolicyTexts texts;
  for (const Run* run : runs) add_run(rows, texts, *run);
  KW_TRY(const std::int64_t made,
         tx.execute_rows("WITH r (" KW_RUN_COLUMNS
                         ") AS (/*rows*/) INSERT INTO rotation_run (" KW_RUN_COLUMNS
                         ") SELECT r.* FROM r WHERE true ON CONFLICT DO NOTHING",
                         rows));
  return made == static_cast<std::int64_t>(runs.size()) ? ok() : Status(run_open());
}

Status save_runs(store::Tx& tx, std::span<const RunChange> changes) {
  store::RowSet plans(kPlanColumns), all(kProgressColumns);
  PolicyTexts texts;
  for (const auto& [before, run] : changes) {
    add_progress(all, *before, *run);
    if (before->plan_hash == run->plan_hash) continue;
    plans.add({run->id.bytes(), run->type, stored_policy(plans, texts, *run), run->from_version,
               run->plan_hash, run->salt, before->epoch});
  }
  KW_OK(
      tx.post_rows("WITH r (id, type, policy, from_version, plan_hash, salt, was) AS (/*rows*/)"
                   " UPDATE rotation_run SET type = r.type, policy = r.policy,"
                   " from_version = r.from_version, plan_hash = r.plan_hash, salt = r.salt"
                   " FROM r WHERE rotation_run.id = r.id AND rotation_run.epoch = r.was",
                   plans));
  KW_TRY(const std::int64_t changed,
         tx.execute_rows(
             "WITH r (id, was, was_epoch, state, resumes_to, undoing, to_version, urgency,"
             " approval, percent, attempts, worked, discarded, problem, next_at, updated_at,"
             " entered_at, staged_at, promoted_at, finished_at, epoch) AS (/*rows*/)"
             " UPDATE rotation_run SET state = r.state, resumes_to = r.resumes_to,"
             " undoing = r.undoing, to_version = r.to_version, urgency = r.urgency,"
             " approval = r.approval, percent = r.percent, attempts = r.attempts,"
             " worked = r.worked, discarded = r.discarded, problem = r.problem,"
             " next_at = r.next_at, updated_at = r.updated_at, entered_at = r.entered_at,"
             " staged_at = r.staged_at, promoted_at = r.promoted_at,"
             " finished_at = r.finished_at, epoch = r.epoch FROM r WHERE rotation_run.id = r.id"
             " AND rotation_run.state = r.was AND rotation_run.epoch = r.was_epoch",
             all));
  if (changed == static_cast<std::int64_t>(changes.size())) return ok();
  return error(Code::kAborted, "run_moved", "the run was changed meanwhile; look again");
}

Result<Run> load_run(store::Reader& reader, const RunId& id) {
  KW_TRY(
      const auto row,
      reader.query_one("SELECT " KW_RUN_COLUMNS " FROM rotation_run WHERE id = $1", {id.bytes()}));
  if (!row) return error(Code::kNotFound, "not_found", "there is no such run");
  KnownPolicies known;
  return run_of(*row, known);
}

Result<std::vector<Run>> load_runs(store::Reader& reader, std::span<const RunId> ids) {
  store::RowSet wanted(1);
  for (const RunId& id : ids) wanted.add({id.bytes()});
  KW_TRY(const auto rows,
         reader.query_rows("WITH r (wanted) AS (/*rows*/) SELECT " KW_RUN_COLUMNS
                           " FROM r JOIN rotation_run ON rotation_run.id = r.wanted",
                           wanted));
  return runs_of(rows);
}

Result<std::optional<Run>> load_open_run(store::Reader& reader, const Subject& subject) {
  KW_TRY(const auto row,
         reader.query_one("SELECT " KW_RUN_COLUMNS
                          " FROM rotation_run WHERE kind = $1 AND tenant = $2 AND name = $3"
                          " AND finished_at IS NULL",
                          {subject.kind, subject.tenant, subject.name}));
  if (!row) return std::optional<Run>();
  KnownPolicies known;
  KW_TRY(Run run, run_of(*row, known));
  return std::optional<Run>(std::move(run));
}

Result<std::vector<Run>> select_runs(store::Reader& reader, const RunFilter& filter) {
  const std::int64_t before = filter.after ? to_micros(filter.after->created_at) : kEndOfTime;
  const Bytes id = filter.after ? to_bytes(filter.after->id.bytes()) : Bytes(16, 0xff);
  const std::string state(filter.state ? run_state_name(*filter.state) : std::string_view());
  const Subject subject = filter.subject.value_or(Subject{});
  const std::string& tenant = filter.subject ? subject.tenant : filter.tenant;
  const int open = filter.open_only ? 1 : 0;
  // The texts differ so that each can use an index of its own.
  const std::string_view sql =
      tenant.empty()
          ? "SELECT " KW_RUN_COLUMNS
            " FROM rotation_run WHERE (created_at < $1 OR (created_at = $1 AND id < $2))"
            " AND ($3 = '' OR tenant = $3) AND ($4 = '' OR state = $4)"
            " AND ($5 = '' OR kind = $5) AND ($6 = '' OR name = $6)"
            " AND ($7 = 0 OR finished_at IS NULL) ORDER BY created_at DESC, id DESC LIMIT $8"
          : "SELECT " KW_RUN_COLUMNS
            " FROM rotation_run WHERE (created_at < $1 OR (created_at = $1 AND id < $2))"
            " AND tenant = $3 AND ($4 = '' OR state = $4)"
            " AND ($5 = '' OR kind = $5) AND ($6 = '' OR name = $6)"
            " AND ($7 = 0 OR finished_at IS NULL) ORDER BY created_at DESC, id DESC LIMIT $8";
  KW_TRY(const auto rows, reader.query(sql, {before, id, tenant, state, subject.kind, subject.name,
                                             open, filter.limit}));
  return runs_of(rows);
}

Result<std::vector<DueRun>> due_runs(store::Reader& reader, WallTime now, int limit) {
  KW_TRY(const auto rows,
         reader.query("SELECT id, kind, tenant, name, urgency, next_at FROM rotation_run"
                      " WHERE finished_at IS NULL AND next_at <= $1"
                      " ORDER BY urgency, next_at, tenant, kind, name LIMIT $2",
                      {to_micros(now), limit}));
  std::vector<DueRun> due;
  due.reserve(rows.size());
  for (const store::Row& row : rows) {
    DueRun one;
    KW_TRY(one.id, RunId::from_bytes(row.bytes(0)));
    one.subject = Subject{row.text(1), row.text(2), row.text(3)};
    one.rank = static_cast<int>(row.integer(4));
    one.next_at = from_micros(row.integer(5));
    due.push_back(std::move(one));
  }
  return due;
}

// Not a change of the run: its epoch stays, and a coordinator that works on it is not disturbed.
Status hurry_run(store::Tx& tx, const Subject& subject, WallTime now) {
  KW_OK(
      tx.execute("UPDATE rotation_run SET next_at = $4 WHERE tenant = $1 AND kind = $2"
                 " AND name = $3 AND finished_at IS NULL AND next_at > $4",
                 {subject.tenant, subject.kind, subject.name, to_micros(now)}));
  return ok();
}

Result<std::optional<WallTime>> next_run_time(store::Reader& reader) {
  KW_TRY(const auto row,
         reader.query_one("SELECT MIN(next_at) FROM rotation_run WHERE finished_at IS NULL", {}));
  if (!row || row->is_null(0)) return std::optional<WallTime>();
  return std::optional<WallTime>(from_micros(row->integer(0)));
}

Status insert_steps(store::Tx& tx, std::span<const RunStep> steps) {
  store::RowSet rows(7);
  for (const RunStep& each : steps)
    rows.add({each.run->bytes(), each.step.seq, run_state_name(each.step.state), each.step.verb,
              each.step.outcome, to_micros(each.step.at), each.step.detail});
  return tx.post_rows(
      "WITH r (run, seq, state, verb, outcome, at, detail) AS (/*rows*/)"
      " INSERT INTO rotation_step (run, seq, state, verb, outcome, at, detail)"
      " SELECT r.* FROM r",
      rows);
}

Result<std::vector<Step>> select_steps(store::Reader& reader, const RunId& run, int limit) {
  KW_TRY(const auto rows,
         reader.query("SELECT seq, state, verb, outcome, at, detail FROM rotation_step"
                      " WHERE run = $1 ORDER BY seq DESC LIMIT $2",
                      {run.bytes(), limit}));
  std::vector<Step> steps;
  for (const store::Row& row : rows) {
    Step step;
    step.seq = row.integer(0);
    KW_TRY(step.state, parse_run_state(row.text(1)));
    step.verb = row.text(2);
    step.outcome = row.text(3);
    step.at = from_micros(row.integer(4));
    step.detail = row.text(5);
    steps.push_back(std::move(step));
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

}  // namespace kw::rotation
