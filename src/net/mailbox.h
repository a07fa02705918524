// How other threads reach an event loop: one lock, one list, and one wake-up for all that waits in
// it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace kw::net {

/// Something that other threads may wake on its loop.
class Wakeable {
 public:
  virtual ~Wakeable() = default;
  /// Runs on the loop's thread.
  virtual void wake() = 0;
};

/// Outlives its loop: whoever may still answer holds a share. Thread-safe.
class Mailbox {
 public:
  using Letters = std::vector<std::shared_ptr<Wakeable>>;

  /// @param schedule_drain  makes the loop call drain() soon; called under the lock, at most once
  /// per drain.
  explicit Mailbox(std::function<void()> schedule_drain)
      : schedule_drain_(std::move(schedule_drain)) {}

  /// Wakes these on the loop. After close() they are dropped.
  void deliver(std::shared_ptr<Wakeable> letter);
  void deliver(Letters letters);
  /// Wakes everything that was delivered. On the loop's thread only.
  void drain();
  /// The loop ends: nothing is scheduled any more.
  void close();

  /// Tells which thread runs the loop; before the loop hands anything out.
  void set_loop_thread(std::thread::id id) { loop_thread_ = id; }
  bool on_loop_thread() const { return std::this_thread::get_id() == loop_thread_; }

 private:
  void schedule();

  std::mutex mutex_;
  Letters letters_;
  bool scheduled_ = false;
  bool closed_ = false;
  std::function<void()> schedule_drain_;
  std::thread::id loop_thread_;
};

}  // namespace kw::net
