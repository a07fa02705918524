// The one table of the policy language: every field with its form, its range and which of two
// values wins. Reader, writer, merge, JSON and docs/guide/policies.md all come from it. Inside the
// room only.
#pragma once

#include <iterator>

#include "rotation/clauses.h"

namespace kw::rotation {

enum class Form : std::uint8_t {
  kFlag,
  kDuration,
  kCount,
  kSize,
  kNumber,
  kWhole,
  kCrons,
  kWords,
  kWindows,
  kBlackouts,
  kSteps,
  kAtDeadline,
  kOldVersion,
};

/// Which of the values of several policies counts.
enum class Wins : std::uint8_t {
  kLeast,
  kLeastButNone,  ///< 0 stands for none, which loses
  kMost,
  kMostOrForever,  ///< 0 stands for "for ever", which wins
  kAll,            ///< together
  kEvery,          ///< all of them must allow it
  kFinest,         ///< more steps, then the lower first one
  kSafest,         ///< block_protect, then run_anyway, then alert
};

struct Field {
  std::string_view name;
  Form form;
  Wins wins;
  double least, most;        ///< durations in seconds
  std::string_view meaning;  ///< one sentence
};

inline constexpr double kDaySeconds = 86'400;
inline constexpr double kLong = 100 * 365 * kDaySeconds;
inline constexpr double kBig = 4.6e18;

inline constexpr Field kFields[] = {
    {"scheduled", Form::kFlag, Wins::kMost, 0, 1,
     "false: nothing rotates it by itself; by hand and by event it still does."},
    {"interval", Form::kDuration, Wins::kLeast, 60, kLong,
     "From one promotion to the next, at most."},
    {"crons", Form::kCrons, Wins::kAll, 0, 0,
     "Times by a wall clock. A time in a gap happens once, after it; in a fold once, the first "
     "time."},
    {"max_age", Form::kDuration, Wins::kLeast, 60, kLong,
     "Hard upper bound of the primary's age: windows and blackouts yield to it."},
    {"expiry_lead", Form::kDuration, Wins::kMost, 60, kLong,
     "So long before the primary expires, at most half its life. Without it, a third of its life."},
    {"max_operations", Form::kCount, Wins::kLeast, 1, kBig,
     "Protect operations of one primary, at most."},
    {"max_bytes", Form::kSize, Wins::kLeast, 1, kBig, "Bytes protected by one primary, at most."},
    {"use_at", Form::kNumber, Wins::kLeast, 0.01, 1,
     "Rotate at this part of max_operations or max_bytes."},
    {"events", Form::kWords, Wins::kAll, 0, 0,
     "Events that begin a rotation: leak, leaver, incident, dependency, drift or a word of yours."},
    {"jitter", Form::kDuration, Wins::kLeast, 0, 7 * kDaySeconds,
     "Spread rotations over the end of their interval: at most a tenth of it and 7d; those of a "
     "cron over at most the hour after it."},
    {"windows", Form::kWindows, Wins::kEvery, 0, 0,
     "When scheduled rotations may begin. Windows of one group are alternatives."},
    {"blackouts", Form::kBlackouts, Wins::kAll, 0, 0, "When none may begin; half-open, in UTC."},
    {"hard_deadline", Form::kDuration, Wins::kLeastButNone, 0, kLong,
     "After the due time. 0s: none, save max_age and expiry."},
    {"at_deadline", Form::kAtDeadline, Wins::kSafest, 0, 0,
     "What happens when the deadline comes and nothing ran: run_anyway overrides windows and "
     "blackouts, block_protect refuses to protect more data, alert only tells."},
    {"approvals", Form::kWhole, Wins::kMost, 0, 5, "People who must approve beside the requester."},
    {"rollout.steps", Form::kSteps, Wins::kFinest, 1, 100,
     "Percent of units on the new version, ascending; the last is 100."},
    {"rollout.soak", Form::kDuration, Wins::kMost, 0, 30 * kDaySeconds,
     "Time at every step below 100."},
    {"rollout.operations", Form::kCount, Wins::kMost, 0, kBig,
     "And at least so many operations of the new version at that step."},
    {"rollout.error_margin", Form::kNumber, Wins::kLeast, 0, 1,
     "Roll back when the new version's error ratio is so much above the old one's."},
    {"rollout.latency_ratio", Form::kNumber, Wins::kLeast, 1, 100,
     "Roll back when the new version's p99 is more than so many times the old one's."},
    {"publish_wait", Form::kDuration, Wins::kMost, 0, 90 * kDaySeconds,
     "From published to first use: at least what verifiers cache."},
    {"acknowledgement_deadline", Form::kDuration, Wins::kMostOrForever, 0, kLong,
     "How long promotion and drain wait for consumers. 0s: for ever."},
    {"overlap.min", Form::kDuration, Wins::kMost, 0, kLong,
     "Old and new version are both valid at least so long."},
    {"overlap.quiet", Form::kDuration, Wins::kMost, 0, kLong,
     "And the old one was not used for so long before it goes."},
    {"quarantine", Form::kDuration, Wins::kMost, 0, 365 * kDaySeconds,
     "The old version is off, and can be restored, for so long."},
    {"state_deadline", Form::kDuration, Wins::kLeast, 60, 90 * kDaySeconds,
     "A run that stays longer than planned in one state, and this on top, raises an alert."},
    {"old_version", Form::kOldVersion, Wins::kMost, 0, 0,
     "What becomes of the old version at the end."},
};

/// Calls visit(field, member of Clauses, member of EffectivePolicy) for every field, in order,
/// until one fails.
template <typename Visit>
Status each_field(const Visit& visit) {
  using C = Clauses;
  using E = EffectivePolicy;
  const Field* at = std::begin(kFields);
  KW_OK(visit(*at++, &C::scheduled, &E::scheduled));
  KW_OK(visit(*at++, &C::interval, &E::interval));
  KW_OK(visit(*at++, &C::crons, &E::crons));
  KW_OK(visit(*at++, &C::max_age, &E::max_age));
  KW_OK(visit(*at++, &C::expiry_lead, &E::expiry_lead));
  KW_OK(visit(*at++, &C::max_operations, &E::max_operations));
  KW_OK(visit(*at++, &C::max_bytes, &E::max_bytes));
  KW_OK(visit(*at++, &C::use_fraction, &E::use_fraction));
  KW_OK(visit(*at++, &C::events, &E::events));
  KW_OK(visit(*at++, &C::jitter, &E::jitter));
  KW_OK(visit(*at++, &C::windows, &E::windows));
  KW_OK(visit(*at++, &C::blackouts, &E::blackouts));
  KW_OK(visit(*at++, &C::hard_deadline, &E::hard_deadline));
  KW_OK(visit(*at++, &C::at_deadline, &E::at_deadline));
  KW_OK(visit(*at++, &C::approvals, &E::approvals));
  KW_OK(visit(*at++, &C::rollout_percent, &E::rollout_percent));
  KW_OK(visit(*at++, &C::soak, &E::soak));
  KW_OK(visit(*at++, &C::soak_operations, &E::soak_operations));
  KW_OK(visit(*at++, &C::error_margin, &E::error_margin));
  KW_OK(visit(*at++, &C::latency_ratio, &E::latency_ratio));
  KW_OK(visit(*at++, &C::publish_wait, &E::publish_wait));
  KW_OK(visit(*at++, &C::acknowledgement_deadline, &E::acknowledgement_deadline));
  KW_OK(visit(*at++, &C::min_overlap, &E::min_overlap));
  KW_OK(visit(*at++, &C::quiet, &E::quiet));
  KW_OK(visit(*at++, &C::quarantine, &E::quarantine));
  KW_OK(visit(*at++, &C::state_deadline, &E::state_deadline));
  KW_OK(visit(*at++, &C::old_version, &E::old_version));
  KW_CHECK(at == std::end(kFields));
  return ok();
}

inline constexpr std::string_view kAtDeadlineNames[] = {"run_anyway", "block_protect", "alert"};
inline constexpr std::string_view kOldVersionNames[] = {"keep_secondary", "retire", "archive",
                                                        "destroy"};

}  // namespace kw::rotation
