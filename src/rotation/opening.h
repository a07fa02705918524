// When a policy's windows are open and no blackout holds. Inside the room only; immutable.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "rotation/cron.h"
#include "rotation/policy.h"

namespace kw::rotation {

class Opening {
 public:
  /// @errors kInvalidArgument(bad_cron | unknown_zone | bad_time)
  static Result<Opening> of(const EffectivePolicy& policy);

  bool always() const { return windows_.empty() && blackouts_.empty(); }
  bool open_at(WallTime time) const;
  /// `from` itself when it is open, else the next opening; nothing within 9 years.
  std::optional<WallTime> next_open(WallTime from) const;
  /// The latest opening in [from, to], or `from` when that is open; nothing when all is closed.
  std::optional<WallTime> last_open(WallTime from, WallTime to) const;
  /// The longest closed time that begins in [from, to]; nothing: it never opens again.
  std::optional<Seconds> longest_closed(WallTime from, WallTime to) const;

 private:
  struct Recurring {
    Cron cron;
    TimeZone zone;
    Seconds length;
    int group;
  };
  std::optional<WallTime> open_until(WallTime time, const Recurring& window) const;
  std::optional<WallTime> next_of_group(WallTime from, int group) const;
  std::optional<WallTime> blackout_end(WallTime time) const;
  std::optional<WallTime> closes_after(WallTime time) const;

  std::vector<Recurring> windows_;
  std::vector<int> groups_;
  std::vector<std::pair<WallTime, WallTime>> blackouts_;
};

}  // namespace kw::rotation
