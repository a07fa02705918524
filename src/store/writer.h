// The one thread that writes: it takes all waiting works into one transaction (group commit).
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "store/latency.h"
#include "store/session.h"

namespace kw::store {

/// Owns the writing session and its thread. Thread-safe. Destruction runs what was accepted.
class Writer {
 public:
  using Done = std::function<void(Status)>;
  Writer(std::unique_ptr<Session> session, const Clock& clock);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// As Store::write.
  Status run(const Store::Work& work, Priority priority);
  /// Queues `work`; `done` is called on the writer thread, or here when the queue is full.
  void submit(Store::Work work, Done done, Priority priority);
  Foreground foreground() const { return latency_.last_second(clock_.steady()); }

 private:
  struct Pending {
    Store::Work work;
    Done done;
    Priority priority;
    SteadyTime since;
  };
  using Group = std::span<Pending>;
  enum class Verdict : std::uint8_t { kSettled, kAgain, kOneByOne };

  void loop();
  /// Waits for works. Empty: all are done and the writer stops.
  std::vector<Pending> take();
  void settle(Group group);
  /// One try at the whole group in one transaction.
  Verdict attempt(Group group, std::vector<Status>& outcomes);
  Status begin(Durability durability);
  Status commit();
  Status run_work(const Pending& pending);
  /// As run_work, inside a savepoint: one of several works.
  Status run_marked(const Pending& pending);
  /// What becomes of a group whose transaction is gone.
  Verdict spoilt(Group group, std::vector<Status>& outcomes);
  void complete(Group group, std::vector<Status>& outcomes);
  void pause_before_retry(int attempt);

  std::unique_ptr<Session> session_;
  const Clock& clock_;
  LatencyWindow latency_;
  std::mutex mutex_;
  std::condition_variable waiting_;
  std::deque<Pending> foreground_;
  std::deque<Pending> background_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace kw::store
