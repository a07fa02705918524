#include "connectors/latency_window.h"

#include <algorithm>

namespace kw::connectors {

void LatencyWindow::note(double seconds) {
  if (last_.size() < size_) {
    last_.push_back(seconds);
  } else {
    last_.at(next_) = seconds;
  }
  next_ = (next_ + 1) % size_;
}

double LatencyWindow::percentile(int percent) const {
  if (last_.empty()) return 0;
  std::vector<double> sorted = last_;
  const std::size_t place =
      std::min(sorted.size() - 1, sorted.size() * static_cast<std::size_t>(percent) / 100);
  const auto high = sorted.begin() + static_cast<std::ptrdiff_t>(place);
  std::nth_element(sorted.begin(), high, sorted.end());
  return *high;
}

double LatencyWindow::share_above(double seconds) const {
  if (last_.empty()) return 0;
  const auto above =
      std::count_if(last_.begin(), last_.end(), [seconds](double each) { return each > seconds; });
  return static_cast<double>(above) / static_cast<double>(last_.size());
}

}  // namespace kw::connectors
