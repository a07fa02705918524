// Token buckets: per source address, per principal, per tenant. Consulted before anything is
// parsed.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace kw::service {

struct Rate {
  double per_second = 0;  ///< 0: no limit
  double burst = 0;
};

/// One family of buckets, keyed by text. Bounded: at most 65,536 keys, the idlest are forgotten.
/// Thread-safe.
class RateLimiter {
 public:
  RateLimiter(const Clock& clock, Rate rate);
  ~RateLimiter();
  /// Takes one. @errors kResourceExhausted(rate_limited) with retry_after
  Status take(std::string_view key);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kw::service
