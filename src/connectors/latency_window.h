// The last latencies of foreground operations, and their high end. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>

namespace kw::connectors {

class LatencyWindow {
 public:
  void note(double seconds);
  /// The 90th percentile of the last 64; 0 before the first 8.
  double high_end() const;

 private:
  static constexpr std::size_t kSize = 64, kLeast = 8;
  std::array<double, kSize> last_{};
  std::size_t count_ = 0;
};

}  // namespace kw::connectors
