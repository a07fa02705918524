// How long to wait before trying again.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace kw::client {

/// Full jitter: the n-th wait is evenly spread over 0 to min(most, first * 2^n), so that a thousand
/// clients of one server that came back do not come at once. Not thread-safe.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds most)
      : first_(first), most_(most) {}

  /// The next wait; longer ones become likely with each call.
  std::chrono::milliseconds next();
  void reset() { tries_ = 0; }
  int tries() const { return tries_; }

 private:
  std::chrono::milliseconds first_, most_;
  int tries_ = 0;
};

}  // namespace kw::client
