// Refuses policies that cannot be met, with the arithmetic. Pure.
#pragma once

#include <span>

#include "rotation/policy_document.h"

namespace kw::rotation {

/// What is known of a consumer's habits; the slowest counts.
struct ConsumerTiming {
  std::string name;
  Seconds refresh{0};  ///< how often it looks for new versions
  Seconds apply{0};    ///< from seen to in use
  Seconds session{0};  ///< longest session or job with the old version
  Seconds clock_skew{60};
};

/// How long a run takes until the new version is primary, as planned: publish wait and soak.
Seconds planned_until_promoted(const EffectivePolicy& policy);
/// … and then until the old version is gone: overlap, quiet time, quarantine.
Seconds planned_until_gone(const EffectivePolicy& policy);

/// Judges the policy for one subject.
/// @errors kFailedPrecondition, in this order of checks, with the numbers in the message:
///   never_fires: a scheduled policy without any source, or a window or cron that never opens;
///   interval_below_overlap: the next run would begin before the old version of the last is gone;
///   lead_too_short: the lead before expiry is shorter than a run until its promotion;
///   window_after_deadline: the windows' longest closed time is longer than the time left;
///   overlap_too_short: a consumer would still use the old version when it goes;
///   acknowledgement_too_short: a consumer cannot acknowledge before the deadline.
Status check_policy(const EffectivePolicy& policy, const SubjectFacts& facts, WallTime now,
                    std::span<const ConsumerTiming> consumers = {});
/// Judges a document as it would be for every type that it names and every classification, with
/// its templates and the defaults. @errors as check_policy; the message names type and class.
Status check_document(const PolicyDocument& document, WallTime now);

}  // namespace kw::rotation
