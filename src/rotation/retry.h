// When to try again: exponential with full jitter, 5 s to 1 h. @source AWS Architecture Blog,
// "Exponential Backoff And Jitter" (full jitter).
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <random>

namespace kw::rotation {

class RetryDelays {
 public:
  explicit RetryDelays(std::uint64_t seed) : random_(seed) {}
  /// @param attempts  failed tries so far, from 1
  /// @returns at least 1 s and at most min(5 s x 2^(attempts - 1), 1 h), uniform. Thread-safe.
  std::chrono::microseconds next(int attempts);

 private:
  std::mutex mutex_;
  std::mt19937_64 random_;
};

}  // namespace kw::rotation
