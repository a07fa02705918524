#include "rotation/engine.h"

#include <algorithm>

#include "rotation/engine_state.h"
#include "rotation/schedule_rows.h"

namespace kw::rotation {

namespace {

constexpr int kTurnsMax = 24;  // commits of one task in a row
constexpr std::size_t kQueueMax = 64;
// Tasks that share transactions: while one commits, the next is made ready. More would wait for the
// store's one writer, in the way of those who answer callers.
constexpr int kSharedAtOnce = 2;
// So few left: the next round is picked while these are carried, or the workers would wait for it.
constexpr std::size_t kFewLeft = 2;

// Runs of foreign systems go alone: engine_pick.cc.
bool shared(const Task& task) {
  return !task.front()->traits.external;
}

EngineOptions within_bounds(EngineOptions options) {
  options.workers = std::clamp(options.workers, 1, 64);
  options.batch = std::clamp(options.batch, 1, 2048);
  options.round = std::clamp(options.round, 1, 10'000);
  options.inventory_page = std::clamp(options.inventory_page, 1, 1000);
  options.tests_in_a_row = std::clamp(options.tests_in_a_row, 1, 10);
  return options;
}

}  // namespace

Engine::State::State(EngineHouse the_house, std::vector<Rotatable*> the_rotatables,
                     EngineOptions the_options)
    : house(the_house),
      rotatables(std::move(the_rotatables)),
      options(within_bounds(std::move(the_options))),
      metrics(options.metrics),
      clock_watch(house.clock, options.clock_tolerance),
      lease_watch(options.lease_clock != nullptr ? *options.lease_clock : house.clock,
                  options.clock_tolerance),
      delays(options.seed),
      places(rotatables.size()) {
  KW_CHECK(options.policy_for != nullptr);
}

std::int64_t Engine::State::fence_now() const {
  const std::scoped_lock lock(mutex);
  return lease ? lease->fence : 0;
}

Result<bool> Engine::State::lead() {
  std::int64_t held = 0;
  {
    const std::scoped_lock lock(mutex);
    if (lease && lease->good_until - lease_steady() > options.lease / 2) return true;
    if (lease) held = lease->fence;
  }
  if (!recalled) KW_OK(recall_time());
  KW_TRY(const auto taken, cluster::acquire(house.store, lease_clock(), kSchedulerLease,
                                            options.node, options.lease));
  {
    const std::scoped_lock lock(mutex);
    lease = taken;
  }
  if (held != 0 && (!taken || taken->fence != held)) metrics.lease_lost();
  if (!taken) return false;
  if (taken->fence != held) KW_OK(took_over());
  if (clock_watch.frozen()) return true;
  const std::int64_t fence = taken->fence;
  KW_OK(house.store.write([&](store::Tx& tx) -> Status {
    KW_OK(cluster::require_fence(tx, kSchedulerLease, fence));
    return keep_seen_time(tx, now());
  }));
  return true;
}

void Engine::State::look_at_clocks() {
  clock_watch.look();
  lease_watch.look();
}

// A process that starts with a clock behind what the cluster has seen must not take leases by it.
Status Engine::State::recall_time() {
  std::optional<WallTime> seen;
  KW_OK(house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(seen, last_seen_time(reader));
    return ok();
  }));
  if (seen) clock_watch.seen_before(*seen);
  if (seen && options.lease_clock == nullptr) lease_watch.seen_before(*seen);
  look_at_clocks();
  recalled = true;
  return ok();
}

// What another coordinator began may still be under way: look at everything first, and destroy
// nothing outside for one whole lease.
Status Engine::State::took_over() {
  KW_OK(load_type_breakers());
  {
    const std::scoped_lock lock(mutex);
    looked_at.clear();
    destructive_after = steady() + options.lease;
  }
  return catch_up();
}

Status Engine::State::load_type_breakers() {
  constexpr std::chrono::hours kDay{24};
  std::map<std::string, TypeBreaker> loaded;
  KW_OK(house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto rows,
           reader.query("SELECT type, finished_at FROM rotation_run WHERE created_at >= $1"
                        " AND state = 'rolled_back' ORDER BY finished_at",
                        {to_micros(now() - 2 * kDay)}));
    for (const store::Row& row : rows) loaded[row.text(0)].rolled_back(from_micros(row.integer(1)));
    return ok();
  }));
  const std::scoped_lock lock(mutex);
  type_breakers = std::move(loaded);
  return ok();
}

void Engine::State::run_task(Task& task) {
  look_ahead(task);
  for (int turn = 0; turn < kTurnsMax; ++turn) {
    bool more = false;
    for (const auto& work : task) {
      if (work->gone || (turn > 0 && !work->again)) continue;
      work->again = false;
      carry(*work);
    }
    commit(task);
    for (const auto& work : task) more = more || (work->again && !work->gone);
    if (!more) break;
  }
  put_back(task);
}

Result<Engine::Round> Engine::State::tick() {
  const std::scoped_lock one(ticking);
  look_at_clocks();
  KW_TRY(const bool leader, lead());
  if (!leader) return Round{};
  {
    const std::scoped_lock lock(mutex);
    totals = Round{};
  }
  KW_OK(scan());
  KW_TRY(std::vector<Task> tasks, pick());
  for (Task& task : tasks) run_task(task);
  KW_OK(after_round());
  std::optional<WallTime> next;
  KW_OK(house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(next, next_run_time(reader));
    return ok();
  }));
  const std::scoped_lock lock(mutex);
  totals.leader = true;
  totals.next_at = next;
  return totals;
}

Status Engine::State::after_round() {
  KW_OK(correct_schedule());
  KW_OK(write_broken());
  return count_open();
}

// A round in the background: tasks go to the workers, and what is at work is left alone by the next
// round.
Status Engine::State::background_round() {
  const std::scoped_lock one(ticking);
  look_at_clocks();
  KW_TRY(const bool leader, lead());
  if (!leader) return ok();
  KW_OK(after_round());
  KW_TRY(std::vector<Task> tasks, pick());
  {
    const std::scoped_lock lock(mutex);
    woken = woken || !tasks.empty();
    for (Task& task : tasks) queue.push_back(std::move(task));
    changed.notify_all();
  }
  return scan();  // while the workers are busy; what it finds is for the next round
}

void Engine::State::background() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    if (queue.size() < kQueueMax) {
      woken = false;
      lock.unlock();
      // A failing store is tried again at the next round; what is due stays due.
      static_cast<void>(background_round());
      lock.lock();
    }
    changed.wait_for(lock, options.poll,
                     [&] { return stopping || (woken && queue.size() <= kFewLeft); });
  }
}

std::deque<Task>::iterator Engine::State::next_task() {
  return std::find_if(queue.begin(), queue.end(), [this](const Task& task) {
    return !shared(task) || sharing < kSharedAtOnce;
  });
}

void Engine::State::work() {
  std::unique_lock lock(mutex);
  while (true) {
    changed.wait(lock, [&] { return stopping || next_task() != queue.end(); });
    if (stopping) break;
    const auto next = next_task();
    Task task = std::move(*next);
    queue.erase(next);
    const int shares = shared(task) ? 1 : 0;
    sharing += shares;
    lock.unlock();
    run_task(task);
    lock.lock();
    sharing -= shares;
    woken = true;
    changed.notify_all();
  }
}

Engine::Engine(EngineHouse house, std::vector<Rotatable*> rotatables, EngineOptions options)
    : state_(std::make_unique<State>(house, std::move(rotatables), std::move(options))) {}

Engine::~Engine() {
  stop();
}

Result<Engine::Round> Engine::tick() {
  return state_->tick();
}

Status Engine::start() {
  const std::scoped_lock lock(state_->mutex);
  if (state_->running)
    return error(Code::kFailedPrecondition, "engine_running", "the engine runs already");
  state_->running = true;
  state_->stopping = false;
  state_->threads.emplace_back([this] { state_->background(); });
  for (int i = 0; i < state_->options.workers; ++i)
    state_->threads.emplace_back([this] { state_->work(); });
  return ok();
}

void Engine::stop() {
  std::vector<std::thread> threads;
  {
    const std::scoped_lock lock(state_->mutex);
    if (!state_->running) return;
    state_->stopping = true;
    threads.swap(state_->threads);
    state_->changed.notify_all();
  }
  for (std::thread& each : threads) each.join();
  const std::scoped_lock lock(state_->mutex);
  for (const Task& task : state_->queue)
    for (const auto& work : task) state_->busy.erase(work->subject);
  state_->queue.clear();
  state_->busy_tenants.clear();
  state_->busy_targets.clear();
  state_->running = false;
  state_->lease.reset();
  // Without the lease given back the next one only starts later.
  static_cast<void>(cluster::release(state_->house.store, kSchedulerLease, state_->options.node));
}

void Engine::wake() {
  const std::scoped_lock lock(state_->mutex);
  state_->woken = true;
  state_->changed.notify_all();
}

void Engine::look_again() {
  const std::scoped_lock lock(state_->mutex);
  state_->inventory_stale = true;
  state_->woken = true;
  state_->changed.notify_all();
}

bool Engine::clock_frozen() const {
  return state_->clock_watch.frozen();
}

Status Engine::confirm_clock(const audit::Event& by) {
  audit::Event event = by;
  event.action = "rotation.clock.confirm";
  event.kind = "clock";
  KW_OK(state_->house.log.append(event));
  const std::scoped_lock one(state_->ticking);
  state_->clock_watch.confirm();
  state_->lease_watch.confirm();
  return state_->catch_up();
}

}  // namespace kw::rotation
