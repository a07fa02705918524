// When runs of one foreign system begin, and when they promote. The plan is the first that looks at
// it, and a promotion makes every consumer reload: who shares the system with many takes a place in
// the row before that.
#include <algorithm>

#include "rotation/engine_state.h"

namespace kw::rotation {

namespace {

constexpr std::string_view kPace = "pace";

}  // namespace

// Nothing is kept of a run that is not due after all. An inspection of no run reads our own rows.
bool Engine::State::is_due(Work& work) {
  if (work.stored) return true;
  Run question = work.run;
  question.id = RunId();
  const Result<Observed> found = work.rotatable->inspect(question);
  if (!found) return true;  // the plan says what follows from that
  Result<EffectivePolicy> policy = options.policy_for(found->facts);
  if (!policy) return true;
  work.run.policy = *std::move(policy);
  if (!still_due(work, found->facts)) return false;
  work.base = work.run;
  return true;
}

std::optional<WallTime> Engine::State::place_in_row(const std::string& row) {
  const SteadyTime at = steady();
  const std::scoped_lock lock(mutex);
  SteadyTime& next = next_place[row];
  const auto later = std::max(next, at) - at;
  next =
      at + later + std::chrono::microseconds(std::chrono::minutes(1)) / options.begins_per_minute;
  if (later.count() == 0) return std::nullopt;
  return now() + std::chrono::ceil<std::chrono::microseconds>(later);
}

bool Engine::State::has_its_turn(Work& work) {
  const RunState state = work.run.state;
  const bool had_its_place =
      work.stored && work.stored->state == state && work.stored->problem == kPace;
  if (!work.traits.external || options.begins_per_minute == 0 || had_its_place ||
      work.run.trigger == Trigger::kEmergency)
    return true;
  // What was done is committed first: a place is taken once.
  work.again = !work.ops.empty();
  if (work.again) return false;
  const auto later = place_in_row(work.target + "/" + std::string(run_state_name(state)));
  if (!later) return true;
  return is_due(work) && wait(work, kPace, *later);
}

}  // namespace kw::rotation
