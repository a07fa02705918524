// The last latencies of foreground operations, and how many of them are high. Not thread-safe.
#pragma once

#include <cstddef>
#include <vector>

namespace kw::connectors {

class LatencyWindow {
 public:
  /// @param size  how many are kept
  explicit LatencyWindow(std::size_t size) : size_(size) {}

  void note(double seconds);
  std::size_t kept() const { return last_.size(); }
  /// What so many per cent of the kept ones do not exceed; 0 when none is kept.
  double percentile(int percent) const;
  /// The share, 0 to 1, of the kept ones that took longer.
  double share_above(double seconds) const;

 private:
  const std::size_t size_;
  std::size_t next_ = 0;
  std::vector<double> last_;
};

}  // namespace kw::connectors
