// What the worker waits on: news, time, the end.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>

#include "agent/health_check.h"

namespace kw::agent {

/// Thread-safe.
class Wakeup final : public Pause {
 public:
  /// Something changed: the secret at this path, or "" for all.
  void changed(const std::string& path) {
    {
      std::lock_guard lock(mutex_);
      changed_.insert(path);
    }
    wake_.notify_all();
  }
  void stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
  }
  bool stopping() const { return stopping_; }
  const std::atomic<bool>& stopping_flag() const { return stopping_; }

  /// Until something changed, at most so long. @returns what changed
  std::set<std::string> next(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, most, [this] { return stopping_ || !changed_.empty(); });
    return std::exchange(changed_, {});
  }
  /// A pause that news do not end.
  bool wait(std::chrono::milliseconds most) override {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, most, [this] { return stopping_.load(); });
    return !stopping_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::set<std::string> changed_;
  std::atomic<bool> stopping_{false};
};

}  // namespace kw::agent
