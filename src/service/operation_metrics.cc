#include "service/operation_metrics.h"

#include "observe/names.h"

namespace kw::service {

OperationMetrics::OperationMetrics(observe::Registry& registry) {
  using observe::names::kOperations;
  constexpr std::string_view kHelp = "calls by operation and outcome";
  for (const Operation& row : operations()) {
    const std::string name(row.event);
    series_.push_back(
        {&registry.counter(kOperations, kHelp, {{"operation", name}, {"outcome", "ok"}}),
         &registry.counter(kOperations, kHelp, {{"operation", name}, {"outcome", "denied"}}),
         &registry.counter(kOperations, kHelp, {{"operation", name}, {"outcome", "failed"}}),
         &registry.histogram(observe::names::kOperationSeconds,
                             "latency by operation, audit included", {{"operation", name}})});
  }
}

void OperationMetrics::count(const Operation& operation, const Status& outcome, double seconds) {
  const Series& series = series_[static_cast<std::size_t>(operation.id)];
  if (outcome) {
    series.done->add();
  } else if (outcome.error().code == Code::kPermissionDenied ||
             outcome.error().code == Code::kUnauthenticated) {
    series.denied->add();
  } else {
    series.failed->add();
  }
  if (seconds > 0) series.seconds->record(seconds);
}

}  // namespace kw::service
