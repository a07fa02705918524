// The engine's inside: what its files share.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <thread>
#include <unordered_set>

#include "cluster/cluster.h"
#include "rotation/acknowledgement_gate.h"
#include "rotation/breaker.h"
#include "rotation/clock_watch.h"
#include "rotation/crash_matrix.h"
#include "rotation/engine.h"
#include "rotation/engine_metrics.h"
#include "rotation/policy_json.h"
#include "rotation/retry.h"
#include "rotation/run_journal.h"
#include "rotation/run_machine.h"
#include "rotation/schedule_rows.h"

namespace kw::rotation {

inline constexpr std::string_view kSchedulerLease = "rotation/scheduler";

/// One thing that a commit does to a run, in order. Replayed in the transaction on a fresh copy.
struct Op {
  enum class Kind : std::uint8_t { kMove, kSettle, kPercent } kind = Kind::kMove;
  Move move = Move::kAdvance;
  Verb verb = Verb::kTest;
  int percent = 0;
  Performed performed;
};

/// One run on its way through a round.
struct Work {
  std::optional<Run> stored;  ///< as in the store; nothing: a new run
  Run base;                   ///< what the ops begin from: stored, or planned afresh
  Run run;                    ///< base after the ops, but for what only settle() knows
  std::vector<Op> ops;
  Rotatable* rotatable = nullptr;
  int urgency = 0;  ///< of its turn: 0, an emergency, goes first
  Traits traits;
  std::optional<Consumption> consumption;
  std::shared_ptr<const Observed> ahead;  ///< read for the whole task, not looked at yet
  std::shared_ptr<const Observed> seen;   ///< what this turn planned by
  bool unused = false;                    ///< nobody uses the subject: read for the whole task
  std::optional<ScheduleRow> next;        ///< when it is due again, if this turn ends it

  std::string path;   ///< states that were left, joined by ','
  std::string verbs;  ///< joined by ','
  std::string outcome = "ok", detail;
  Subject subject;       ///< under which it counts as busy
  std::string target;    ///< … and for which target; it has a breaker of its own
  bool carried = false;  ///< since the last commit
  bool again = false;    ///< commit, then go on at once
  bool moved = false, failed = false, waited = false, late = false;
  bool asks = false, reminds = false;  ///< waits for a person; tells so now
  bool gone = false;  ///< nothing to commit: not due after all, or somebody else has it
};
using Works = std::vector<std::unique_ptr<Work>>;
using Task = Works;  ///< what one worker carries at a time

/// What one try at a commit makes of the works.
struct Written {
  std::vector<Run> runs;                            ///< in the order of the works
  std::map<Rotatable*, std::vector<Chain>> chains;  ///< complete before pointers are taken
  std::map<const Work*, const Chain*> chain_of;
};

/// A mistake in the schedule cache that a round found.
struct Correction {
  enum class Kind : std::uint8_t { kPostpone, kForget } kind = Kind::kPostpone;
  WallTime until;
};
/// A commit that failed by itself: to be recorded as a failed step.
struct Broken {
  std::optional<Run> stored;
  Subject subject;
  std::string reason;
};
inline constexpr int kSettleAttempts = 12;

struct Engine::State {
  State(EngineHouse the_house, std::vector<Rotatable*> the_rotatables, EngineOptions the_options);

  // engine.cc
  Result<Round> tick();
  const Clock& lease_clock() const { return lease_watch; }
  SteadyTime lease_steady() const { return lease_clock().steady(); }
  Result<bool> lead();  ///< takes or renews the lease; true while this node has it
  Status took_over();
  Status recall_time();
  void look_at_clocks();
  Status load_type_breakers();
  void run_task(Task& task);
  Status after_round();
  Status background_round();
  void background();                       ///< the scheduler thread
  void work();                             ///< a worker thread
  std::deque<Task>::iterator next_task();  ///< that may begin now; under the mutex
  std::int64_t fence_now() const;
  WallTime now() const { return clock_watch.wall(); }
  SteadyTime steady() const { return house.clock.steady(); }

  // engine_pick.cc
  Result<std::vector<Task>> pick();  ///< marks the subjects busy
  Result<Works> due_works(int limit);
  bool room_for(const Work& work);
  bool is_busy(const Subject& subject) const;
  void put_back(const Task& task);
  Rotatable* rotatable_of(const std::string& kind) const;

  // engine_schedule.cc
  struct Place {
    std::optional<Subject> after;
    SteadyTime resume{};                          ///< the next pass begins then
    std::map<std::string, std::int64_t> overdue;  ///< by type, of this pass
    std::map<std::string, WallTime> oldest;       ///< primary by type, of this pass
    std::map<std::string, std::int64_t> ending;   ///< late, and near its end, by type
    std::map<std::string, double> used;           ///< part of the policy's limits, by type
    std::int64_t without_primary = 0;             ///< of this pass
    std::int64_t damaged = 0;                     ///< of this pass
    std::optional<WallTime> next_due;
  };
  Status scan();  ///< one page of each inventory
  Status scan_one(std::size_t index);
  Result<std::vector<ScheduleRow>> rows_of_page(Place& place,
                                                const std::vector<SubjectFacts>& page);
  Status keep_rows(std::vector<ScheduleRow> rows);
  Status catch_up();
  int starts_allowed(int limit);
  Result<Works> due_subjects(int limit);  ///< new runs, not yet in the store
  void note_not_due(const Subject& subject, Correction correction);
  bool type_paused(const SubjectFacts& facts);
  Status correct_schedule();
  Status count_open();

  // engine_ahead.cc: what many runs need is read at once
  void look_ahead(Task& task);
  void note_unused(std::span<Work* const> works);

  // engine_step.cc: false means that this run goes no further in this turn
  void carry(Work& work);
  bool step(Work& work);
  bool forward(Work& work, const StateRow& row);
  bool unwind(Work& work);
  bool plan(Work& work);
  bool look_at_plan(Work& work);  ///< sets work.seen
  std::string hash_of_plan(const Run& run);
  bool still_due(Work& work, const SubjectFacts& facts);
  bool same_plan(Work& work);
  bool next_percentage(Work& work);
  bool soak(Work& work);
  bool go_back(Work& work, std::string_view why);
  bool do_verb(Work& work, Verb verb, int percent);
  Performed perform(Work& work, Verb verb, int percent);
  bool pass(Work& work, Guard guard);
  bool move(Work& work, Move move);
  bool wait(Work& work, std::string_view why, WallTime until);

  // engine_pace.cc
  bool has_its_turn(Work& work);  ///< false: it is not due, or waits for its place in the row
  bool is_due(Work& work);
  std::optional<WallTime> place_in_row(const std::string& row);

  // engine_evidence.cc
  Result<Evidence> evidence(Work& work, Guard guard);
  Status drain_evidence(Work& work, Evidence& evidence);
  Status read_consumption(Work& work);
  Result<Seconds> refresh_of(const Work& work);
  /// The canaries have used what the rollout tries, or their time is over. After read_consumption.
  bool canaries_through(Work& work);
  static bool refused_by_consumer(const Work& work);
  bool acknowledgements_late(Work& work, const std::optional<WallTime>& begun);
  WallTime look_again(const Run& run, std::string_view why) const;

  // engine_failure.cc
  std::optional<std::string_view> forbidden(const Work& work, Verb verb);
  bool note_outcome(Work& work, Verb verb, const Performed& performed);  ///< true when kOk
  bool failed(Work& work, Verb verb, const Performed& performed);
  bool wait_for_person(Work& work, const ManualTask& task);
  bool try_later(Work& work, std::string_view reason);
  bool discard(Work& work, std::string_view reason);
  bool look_first(Work& work);  ///< foreign systems: inspect before anything
  bool resolve(Work& work);

  // engine_commit.cc
  void commit(Task& task);
  void commit_or_split(std::span<Work* const> works);
  Status commit_together(std::span<Work* const> works);
  Status write_together(store::Tx& tx, std::span<Work* const> works, Written& written);
  Status settle_chains(store::Tx& tx, std::span<Work* const> works, Written& written);
  void tell_settled(std::span<Work* const> works, const Written& written);
  void plan_next(std::span<Work* const> works);
  Status replay(store::Tx& tx, const Work& work, bool chained, Run& run);
  bool write_intent(Work& work, Verb verb);
  void committed(Work& work, const Run& result);
  void not_committed(Work& work, const Error& why);
  Status write_broken();
  Status keep_schedules(store::Tx& tx, std::span<Work* const> works, const Written& written);

  EngineHouse house;
  std::vector<Rotatable*> rotatables;
  EngineOptions options;
  EngineMetrics metrics;
  ClockWatch clock_watch;
  ClockWatch lease_watch;  ///< leases may live by another clock; they follow no jump either
  RetryDelays delays;

  std::mutex texts_mutex;
  PolicyTexts texts;

  std::mutex ticking;          ///< one round at a time; also guards what only rounds use:
  std::vector<Place> places;   ///< one per rotatable
  std::optional<double> pace;  ///< starts per second while catching up
  SteadyTime paced_until{}, pace_since{};
  double pace_credit = 0;
  SteadyTime counted{};
  bool recalled = false;  ///< the last time that the cluster saw was read

  mutable std::mutex mutex;  ///< guards the rest
  std::optional<cluster::Lease> lease;
  SteadyTime destructive_after{};  ///< one whole lease after a take-over
  std::set<Subject> busy;
  std::set<Subject> let_go;  ///< since the last pick began to read: what it reads of them is old
  std::map<std::string, int> busy_tenants, busy_targets;
  std::map<std::string, Breaker> breakers;
  std::map<std::string, SteadyTime> next_place;  ///< by target and state
  std::map<std::string, TypeBreaker> type_breakers;
  std::unordered_set<RunId> looked_at;  ///< external runs inspected under this lease

  std::condition_variable changed;
  std::deque<Task> queue;
  int sharing = 0;  ///< tasks at work that share transactions
  std::vector<std::thread> threads;
  bool running = false, stopping = false, woken = false;
  bool inventory_stale = false;  ///< the next round begins a pass over every inventory
  std::vector<std::pair<Subject, Correction>> corrections;
  std::vector<Broken> broken;
  Round totals;  ///< since the last tick began
};

/// What a settled verb changes in the run itself. Pure.
void note_done(Run& run, Verb verb, WallTime now);
/// What the schedule cache keeps of a subject that is due then.
ScheduleRow row_of(const SubjectFacts& facts, const Due& due, WallTime now);
/// How many of a round's runs share a transaction: `most` in a storm, few when there are few. Pure.
std::size_t batch_for(std::size_t runs, int most);
/// Runs that share transactions, `most` at most in each: the urgent first, and neighbours together.
std::vector<Task> share_transactions(Works works, int most);
/// True for triggers that nobody asked for by hand.
bool by_schedule(Trigger trigger);

}  // namespace kw::rotation
