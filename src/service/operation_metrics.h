// Counters and latencies per operation, looked up once so that counting costs two additions.
#pragma once

#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "observe/metrics.h"
#include "service/operation.h"

namespace kw::service {

/// Thread-safe. The registry must outlive it.
class OperationMetrics {
 public:
  explicit OperationMetrics(observe::Registry& registry);
  /// One finished call. `seconds`: from admission to here; 0 is not recorded as a latency.
  void count(const Operation& operation, const Status& outcome, double seconds);

 private:
  struct Series {
    observe::Counter* done;
    observe::Counter* denied;
    observe::Counter* failed;
    observe::Histogram* seconds;
  };
  std::vector<Series> series_;  // index = OperationId
};

}  // namespace kw::service
