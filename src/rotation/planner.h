// next_due for one policy, made ready once: its crons, zones, windows and blackouts parsed. Inside
// the room only; immutable.
#pragma once

#include "base/secret_bytes.h"
#include "rotation/opening.h"
#include "rotation/schedule.h"

namespace kw::rotation {

/// How fast a primary is used up; from the facts, so that calendars can look ahead.
struct UseRate {
  double operations_per_second = 0, bytes_per_second = 0;
  static UseRate of(const SubjectFacts& facts, WallTime now);
};

/// From begin to promotion as planned, and a margin for what no plan knows: an hour, with
/// approvals a day, at most a twentieth of the interval.
Seconds start_before(const EffectivePolicy& policy, std::optional<Seconds> interval);

/// What a promotion does to the facts: a new primary, unused, that lives as long as the last one.
void note_promotion(SubjectFacts& facts, WallTime promoted);

class Planner {
 public:
  /// @errors as next_due
  static Result<Planner> of(const EffectivePolicy& policy, ByteView jitter_seed);

  /// `at` is never before `now`.
  Due next(const SubjectFacts& facts, WallTime now, const UseRate& rate) const;
  const Opening& opening() const { return opening_; }
  const EffectivePolicy& policy() const { return policy_; }

 private:
  struct Source {
    WallTime base;   ///< when the policy wants it
    WallTime aim;    ///< after jitter
    WallTime floor;  ///< never earlier than this for the sake of a window
    Trigger trigger = Trigger::kSchedule;
    std::string_view field;
    std::optional<WallTime> deadline;
    WallTime by;
  };
  struct Clockwork {
    Cron cron;
    TimeZone zone;
  };
  Planner(const EffectivePolicy& policy, Opening opening, ByteView seed);

  Seconds offset(const SubjectFacts& facts, Seconds span) const;
  std::optional<Source> earliest(const SubjectFacts& facts, WallTime now,
                                 const UseRate& rate) const;
  std::optional<Source> of_interval(const SubjectFacts& facts) const;
  std::optional<Source> of_crons(const SubjectFacts& facts) const;
  std::optional<Source> of_expiry(const SubjectFacts& facts) const;
  std::optional<Source> of_use(const SubjectFacts& facts, WallTime now, const UseRate& rate) const;
  std::optional<WallTime> deadline(const SubjectFacts& facts, const Source& source) const;
  void place(const Source& source, WallTime now, Due& due) const;
  std::string why(const SubjectFacts& facts, const Source& source) const;

  EffectivePolicy policy_;
  Opening opening_;
  std::vector<Clockwork> crons_;
  SecretBytes seed_;
};

}  // namespace kw::rotation
