// Threads for operations that wait (store, approvals, key generation), so that event loops never
// do.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"

namespace kw::service {

/// A bounded queue before a fixed number of threads. Thread-safe.
class WorkerPool {
 public:
  WorkerPool(int threads, std::size_t queue_max);
  ~WorkerPool();  ///< finishes what is queued
  /// @errors kUnavailable(overloaded): the queue is full; kUnavailable(shutting_down)
  Status post(std::function<void()> work);

 private:
  void run();
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::size_t queue_max_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace kw::service
