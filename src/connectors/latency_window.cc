#include "connectors/latency_window.h"

#include <algorithm>

namespace kw::connectors {

void LatencyWindow::note(double seconds) {
  last_.at(count_++ % kSize) = seconds;
}

double LatencyWindow::high_end() const {
  if (count_ < kLeast) return 0;
  std::array<double, kSize> sorted = last_;
  const std::size_t filled = std::min(count_, kSize);
  const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(filled);
  const auto high = sorted.begin() + static_cast<std::ptrdiff_t>(filled * 9 / 10);
  std::nth_element(sorted.begin(), high, end);
  return *high;
}

}  // namespace kw::connectors
