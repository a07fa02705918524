#include "rotation/opening.h"

#include <algorithm>

namespace kw::rotation {
namespace {

// Far more than any sensible policy needs; a bound for those that are not.
constexpr int kStepsMax = 2'000;

}  // namespace

Result<Opening> Opening::of(const EffectivePolicy& policy) {
  Opening opening;
  for (const Window& window : policy.windows) {
    KW_TRY(Cron cron, Cron::parse(window.cron));
    KW_TRY(const TimeZone zone, TimeZone::find(window.zone));
    opening.windows_.push_back({cron, zone, window.length, window.group});
    if (std::find(opening.groups_.begin(), opening.groups_.end(), window.group) ==
        opening.groups_.end())
      opening.groups_.push_back(window.group);
  }
  for (const Blackout& blackout : policy.blackouts) {
    KW_TRY(const WallTime from, parse_rfc3339(blackout.from));
    KW_TRY(const WallTime to, parse_rfc3339(blackout.to));
    opening.blackouts_.emplace_back(from, to);
  }
  return opening;
}

// When the window that is open at `time` closes again, at the least; nothing when it is closed.
std::optional<WallTime> Opening::open_until(WallTime time, const Recurring& window) const {
  const auto fired = window.cron.next_after(time - window.length, window.zone);
  if (!fired || *fired > time) return std::nullopt;
  return *fired + window.length;
}

std::optional<WallTime> Opening::next_of_group(WallTime from, int group) const {
  std::optional<WallTime> next;
  for (const Recurring& window : windows_) {
    if (window.group != group) continue;
    if (open_until(from, window)) return from;
    const auto fires = window.cron.next_after(from, window.zone);
    if (fires && (!next || *fires < *next)) next = fires;
  }
  return next;
}

std::optional<WallTime> Opening::blackout_end(WallTime time) const {
  for (const auto& [from, to] : blackouts_) {
    if (from <= time && time < to) return to;
  }
  return std::nullopt;
}

bool Opening::open_at(WallTime time) const {
  if (blackout_end(time)) return false;
  return std::all_of(groups_.begin(), groups_.end(), [&](int group) {
    return std::any_of(windows_.begin(), windows_.end(), [&](const Recurring& window) {
      return window.group == group && open_until(time, window).has_value();
    });
  });
}

std::optional<WallTime> Opening::next_open(WallTime from) const {
  WallTime at = from;
  for (int step = 0; step < kStepsMax; ++step) {
    const WallTime before = at;
    if (const auto end = blackout_end(at)) at = *end;
    for (const int group : groups_) {
      const auto next = next_of_group(at, group);
      if (!next) return std::nullopt;
      at = *next;
    }
    if (at == before) return at;
  }
  return std::nullopt;
}

// The first time after `time`, at which it is open, at which it may be closed.
std::optional<WallTime> Opening::closes_after(WallTime time) const {
  std::optional<WallTime> closes;
  const auto at_latest = [&](WallTime when) {
    if (!closes || when < *closes) closes = when;
  };
  for (const int group : groups_) {
    std::optional<WallTime> longest;
    for (const Recurring& window : windows_) {
      if (window.group != group) continue;
      const auto until = open_until(time, window);
      if (until && (!longest || *until > *longest)) longest = until;
    }
    if (longest) at_latest(*longest);
  }
  for (const auto& [from, to] : blackouts_) {
    if (from > time) at_latest(from);
  }
  return closes;
}

std::optional<WallTime> Opening::last_open(WallTime from, WallTime to) const {
  std::optional<WallTime> last;
  auto next = next_open(from);
  for (int step = 0; next && *next <= to && step < kStepsMax; ++step) {
    last = next;
    const auto closes = closes_after(*next);
    if (!closes) break;
    next = next_open(*closes);
  }
  return last;
}

std::optional<Seconds> Opening::longest_closed(WallTime from, WallTime to) const {
  Seconds longest{0};
  WallTime at = from;
  for (int step = 0; at < to && step < kStepsMax; ++step) {
    const auto opens = next_open(at);
    if (!opens) return std::nullopt;
    longest = std::max(longest, std::chrono::ceil<Seconds>(*opens - at));
    const auto closes = closes_after(*opens);
    if (!closes) break;
    at = *closes;
  }
  return longest;
}

}  // namespace kw::rotation
