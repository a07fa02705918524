// What policies allow a key to protect: so many operations and bytes per version, and, when a
// policy says block_protect, nothing any more once its deadline has passed without a rotation.
// Worked out at first use, kept for half a minute. Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "keys/model.h"
#include "rotation/schedule.h"

namespace kw::keys {

/// 0 and nothing mean: no limit.
struct Limits {
  std::int64_t operations_max = 0;
  std::int64_t bytes_max = 0;
  std::optional<WallTime> blocked_from;
};

class ProtectLimits {
 public:
  using PolicyFor = std::function<Result<rotation::EffectivePolicy>(const rotation::SubjectFacts&)>;
  using DueOf = std::function<Result<rotation::Due>(const rotation::SubjectFacts&,
                                                    const rotation::EffectivePolicy&, WallTime)>;
  /// The same two functions that the engine has.
  ProtectLimits(const Clock& clock, PolicyFor policy_for, DueOf due_of);
  ~ProtectLimits();

  /// From memory. When they cannot be worked out, the last known ones hold.
  /// @errors those of `policy_for` and `due_of` when none are known yet
  Result<Limits> of(const Key& key);
  /// Policies changed.
  void forget();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kw::keys
