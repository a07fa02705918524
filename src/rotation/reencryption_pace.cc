#include "rotation/reencryption_pace.h"

#include <algorithm>

namespace kw::rotation {

namespace {

using Micros = BatchPace::Micros;

// One operation of a hundred is above a 99th percentile. Others' stays where it is allowed to be
// while fewer of theirs are slow.
constexpr double kSlowMany = 0.01, kSlowFew = 0.005;
// As many as tell one share from the other, mostly: both are a matter of chance.
constexpr std::uint64_t kSeenBetweenChanges = 256;
// A shorter batch hurts less, down to where its own overhead prevails. Only then rests grow.
constexpr Micros kShortest{2000};
constexpr double kRestsFirst = 4, kRestsLeast = 0.25, kRestsMost = 500;
constexpr double kMore = 1.4, kLess = 0.72;
constexpr Micros kRestMost{2'000'000};
// Without a pause now and then nobody knows how others fare without us; what batches left to be
// written to the disk needs a part of it.
constexpr Micros kLookEvery{8'000'000}, kLook{1'000'000};

}  // namespace

void BatchPace::adapt(const Pressure& pressure) {
  if (pressure.seen < adapted_at_ + kSeenBetweenChanges) return;
  adapted_at_ = pressure.seen;
  if (pressure.slow > kSlowMany) {
    aim_ = std::max(aim_ / 2, kShortest);
    rests_per_batch_ = std::clamp(rests_per_batch_ * kMore, 1.0, kRestsMost);
  } else if (pressure.slow < kSlowFew) {
    rests_per_batch_ *= kLess;
    if (rests_per_batch_ > kRestsLeast) return;
    rests_per_batch_ = 0;
    aim_ = std::min(aim_ + aim_ / 4, longest_);
  }
}

// Gentle until it is known how others fare.
Micros BatchPace::foreground_rest(Micros time, const Pressure& pressure) {
  if (!watched_) {
    watched_ = true;
    aim_ = kShortest;
    rests_per_batch_ = kRestsFirst;
  }
  if (pressure.calm_seconds > 0) adapt(pressure);
  Micros rest = std::chrono::duration_cast<Micros>(time * rests_per_batch_);
  if (pressure.calm_seconds <= 0) rest = std::max(rest, kLook);
  since_look_ += time + rest;
  if (since_look_ > kLookEvery) {
    since_look_ = Micros(0);
    rest = std::max(rest, kLook);
  }
  return std::min(rest, kRestMost);
}

void BatchPace::size(Micros time) {
  if (time > aim_) {
    limit_ -= limit_ / 4;
  } else if (time * 2 < aim_) {
    limit_ += std::max(limit_ / 4, std::size_t{1});
  }
  limit_ = std::clamp(limit_, least_, most_);
}

Millis BatchPace::after(const JobThrottle& throttle, std::int64_t items, Micros time,
                        const Pressure& pressure) {
  Micros rest = pressure.watched ? foreground_rest(time, pressure) : Micros(0);
  size(time);
  if (throttle.per_second_max > 0) {
    rest = std::max(rest, Micros(items * 1'000'000 / throttle.per_second_max) - time);
    limit_ = std::min(limit_, static_cast<std::size_t>(throttle.per_second_max));
  }
  return std::chrono::ceil<Millis>(rest);
}

}  // namespace kw::rotation
