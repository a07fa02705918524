// The engine: one scheduler under a fenced lease finds what is due, workers carry runs forward step
// by step. Kill it anywhere: the next one goes on from the rows.
//
// tick() does one bounded round on the calling thread and is deterministic for a given seed, clock
// and store: tests and simulations call it. start() runs rounds on a thread of its own with
// `workers` workers. Thread-safe. Borrows everything it is given; stop() before any of it dies.
//
//   Engine engine({store, log, clock}, {&keys, &keks}, std::move(options));
//   KW_OK(engine.start());
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/change_log.h"
#include "base/clock.h"
#include "observe/metrics.h"
#include "rotation/rotatable.h"
#include "rotation/runs.h"
#include "rotation/schedule.h"
#include "store/store.h"

namespace kw::rotation {

struct EngineHouse {
  store::Store& store;
  audit::ChangeLog& log;
  const Clock& clock;
};

struct EngineOptions {
  std::string node = "node-1";  ///< unique per process and start
  /// What policies come to for a subject.
  std::function<Result<EffectivePolicy>(const SubjectFacts&)> policy_for;
  /// next_due() of schedule.h; empty: nothing starts by schedule.
  std::function<Result<Due>(const SubjectFacts&, const EffectivePolicy&, WallTime now)> due_of;

  int workers = 4;     ///< 1 to 64; of runs that share transactions at most 2 work
  int batch = 1024;    ///< runs per transaction at most, 1 to 2,048; few when few are due
  int round = 10'000;  ///< runs that one tick looks at, 1 to 10,000
  int in_flight_global = 10'000;   ///< runs at work at once
  int in_flight_per_tenant = 128;  ///< … in foreign systems: the others only share transactions
  int in_flight_per_target = 128;
  /// Runs that begin at one foreign system, and that promote there, emergencies aside; 0: no limit.
  /// The one is a handful of logins, the other a reload of every consumer.
  int begins_per_minute = 0;
  std::map<std::string, int> tenant_weights;  ///< 1 when not named; a share of each round
  int tests_in_a_row = 3;                     ///< of an external target; others once

  Seconds lease{30};
  /// Of the lease, when the house's clock is not the machine's; null: the house's. Must outlive it.
  const Clock* lease_clock = nullptr;
  Seconds inventory_interval{60};  ///< between two passes over the inventory
  int inventory_page = 500;        ///< subjects per tick, 1 to 1,000
  Seconds catch_up{3600};          ///< overdue work found after downtime is spread over so long
  int catch_up_from = 100;         ///< … when there is more of it than this
  Seconds clock_tolerance{60};     ///< wall and steady clock may differ so much
  std::chrono::milliseconds poll{100};  ///< of the scheduler thread
  std::uint64_t seed = 1;               ///< of the retry jitter
  observe::Registry* metrics = nullptr;
};

class Engine {
 public:
  Engine(EngineHouse house, std::vector<Rotatable*> rotatables, EngineOptions options);
  ~Engine();  ///< stops

  /// What one round did.
  struct Round {
    bool leader = false;              ///< false: another node holds the lease, nothing was done
    int started = 0;                  ///< new runs by schedule
    int advanced = 0;                 ///< runs that changed their state
    int waited = 0;                   ///< runs looked at that wait for something
    int failed = 0;                   ///< runs whose step did not succeed
    std::optional<WallTime> next_at;  ///< the next run or due time known
  };
  /// One bounded round on this thread. @errors those of the store
  Result<Round> tick();

  /// Begins rounds in the background. @errors kFailedPrecondition(engine_running)
  Status start();
  /// Waits for what is at work, and gives the lease back. Idempotent.
  void stop();
  /// Look now: a run was started or steered, an acknowledgement came.
  void wake();
  /// Ask all subjects again when they are due: policies changed.
  void look_again();

  /// True while wall and steady clock disagree: nothing starts, promotes or revokes by schedule.
  bool clock_frozen() const;
  /// An operator says that the wall clock is right. @audit rotation.clock.confirm
  Status confirm_clock(const audit::Event& by);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kw::rotation
