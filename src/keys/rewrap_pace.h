// How large the slices of a re-wrap are and how long it rests between them, so that foreground
// writes keep their latency. Pure: times and latency come with each call. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/clock.h"
#include "store/store.h"

namespace kw::keys {

class RewrapPace {
 public:
  struct Bounds {
    std::size_t slice_min = 0, slice_max = 0;  ///< cells
  };
  /// @param calm_p99  of foreground writes before the work began, in seconds; 0: nobody wrote. Then
  /// it is found out, by resting, once somebody writes.
  RewrapPace(Bounds bounds, double calm_p99);

  /// Before each slice. @param others  a p99 of 0: nobody writes. @param held  how long the writing
  /// of the last slice took.
  void look(SteadyTime now, const store::Foreground& others, std::chrono::microseconds held);
  std::size_t slice() const { return slice_; }
  std::chrono::microseconds rest() const { return rest_; }
  /// Foreground p99 against the calm one; 0: not known, or nobody writes.
  double ratio() const { return ratio_; }

 private:
  using Seconds = std::chrono::duration<double>;

  void open_up();
  void grow();
  void fit_slice(Seconds held, Seconds one_write, std::chrono::microseconds rest);
  void measure_calm(SteadyTime now, double p99);
  void adapt(SteadyTime now);

  const Bounds bounds_;
  double calm_;
  double ratio_ = 0;
  double rests_per_slice_;
  std::size_t slice_;
  std::chrono::microseconds rest_{0};
  bool traffic_ = false;
  SteadyTime calm_since_{};
  SteadyTime adapted_at_{};
};

}  // namespace kw::keys
