// The acknowledgement gates: what consumers must have said before a run promotes, takes the old
// version away, or takes the new one back. Pure.
//
// A consumer is live while its lease runs; an instance while its last acknowledgement is not older
// than the lease, so instances repeat theirs. What an instance holds is what it acknowledged last.
#pragma once

#include <vector>

#include "rotation/consumer.h"

namespace kw::rotation {

/// Who uses a subject, and what they said about any version of it.
struct Consumption {
  std::vector<Consumer> consumers;  ///< without their subjects
  std::vector<Acknowledgement> acknowledgements;
  WallTime at;  ///< of the look
};

bool is_live(const Consumer& consumer, WallTime now);
/// Every live consumer, and every live instance of it, has loaded `version`.
bool loaded_everywhere(const Consumption& consumption, std::uint32_t version);
/// In each environment with live consumers its live canaries have used `version`; where there is no
/// canary, at least one consumer has.
bool used_by_canaries(const Consumption& consumption, std::uint32_t version);
/// Every live canary has used `version`.
bool canaries_used(const Consumption& consumption, std::uint32_t version);
/// A live instance tried `version`, could not live with it and has not used it since.
bool failed_somewhere(const Consumption& consumption, std::uint32_t version);
/// Every live consumer has used `version`, and none of its live instances holds another one.
bool moved_on(const Consumption& consumption, std::uint32_t version);
/// No live instance holds `version`. When it was in use before (`since`: nobody has been told to
/// apply it from then on), silence is no evidence (I10): every live consumer must have said since
/// then that it holds another one.
bool released(const Consumption& consumption, std::uint32_t version,
              const std::optional<WallTime>& since);

}  // namespace kw::rotation
