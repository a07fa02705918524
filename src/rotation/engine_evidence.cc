// What the engine knows when it asks a guard.
#include <algorithm>

#include "rotation/consumer_rows.h"
#include "rotation/engine_state.h"

namespace kw::rotation {

namespace {

using std::chrono::seconds;
constexpr seconds kAckPoll{10};
constexpr seconds kUsePollFirst{1}, kUsePoll{60};
constexpr seconds kHealthPoll{30};
constexpr seconds kApprovalPoll{3600};

WallTime since(const std::optional<WallTime>& start, Seconds length, WallTime now) {
  return start.value_or(now) + length;
}

// Removal needs positive evidence: a meter that cannot tell proves nothing by itself (I10).
bool is_quiet(const Drain& drain, const Run& run, bool proven_by_consumers, WallTime now) {
  if (drain.quality == Drain::Quality::kNone) return proven_by_consumers;
  const bool rested = !drain.last_used || now - *drain.last_used >= run.policy.quiet;
  return drain.in_use == 0 && rested;
}

bool any_live(const Consumption& all) {
  return std::any_of(all.consumers.begin(), all.consumers.end(),
                     [&](const Consumer& each) { return is_live(each, all.at); });
}

}  // namespace

Result<Seconds> Engine::State::refresh_of(const Work& work) {
  Seconds longest{0};
  if (work.unused) return longest;
  KW_OK(house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(longest, longest_refresh(reader, work.run.subject));
    return ok();
  }));
  return longest;
}

Status Engine::State::read_consumption(Work& work) {
  if (work.unused) {
    work.consumption.emplace().at = now();
    return ok();
  }
  return house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(Consumption all, load_consumption(reader, work.run.subject, now()));
    work.consumption = std::move(all);
    return ok();
  });
}

bool Engine::State::refused_by_consumer(const Work& work) {
  // In an emergency the old version is worse than a consumer that fails.
  return work.consumption && work.run.to_version != 0 && work.run.trigger != Trigger::kEmergency &&
         failed_somewhere(*work.consumption, work.run.to_version);
}

bool Engine::State::acknowledgements_late(Work& work, const std::optional<WallTime>& begun) {
  const Seconds patience = work.run.policy.acknowledgement_deadline;
  if (patience.count() == 0 || !begun || now() < *begun + patience) return false;
  work.detail = "acknowledgement_deadline";
  return true;
}

bool Engine::State::canaries_through(Work& work) {
  return !work.traits.canaries_first || canaries_used(*work.consumption, work.run.to_version) ||
         acknowledgements_late(work, work.run.staged_at);
}

Status Engine::State::drain_evidence(Work& work, Evidence& evidence) {
  const Run& run = work.run;
  evidence.overlap_over = now() >= since(run.promoted_at, run.policy.min_overlap, now());
  if (!evidence.overlap_over) return ok();
  KW_OK(read_consumption(work));
  const bool late = acknowledgements_late(work, run.promoted_at);
  const bool moved = moved_on(*work.consumption, run.to_version);
  evidence.moved_on = moved || late;
  KW_TRY(const Drain drain, work.rotatable->measure_drain(run));
  const bool proven = (any_live(*work.consumption) && moved) || late;
  evidence.quiet = is_quiet(drain, run, proven, now());
  return ok();
}

Result<Evidence> Engine::State::evidence(Work& work, Guard guard) {
  const Run& run = work.run;
  Evidence seen;
  seen.fenced = true;  // the commit proves it
  switch (guard) {
    case Guard::kApproved:
      seen.approved = run.policy.approvals == 0 || !run.approval.empty();
      return seen;
    case Guard::kReady:
      seen.tested = run.worked;
      seen.published = now() >= since(run.staged_at, run.policy.publish_wait, now());
      KW_OK(read_consumption(work));
      seen.loaded = loaded_everywhere(*work.consumption, run.to_version);
      seen.loaded = seen.loaded || acknowledgements_late(work, run.staged_at);
      return seen;
    case Guard::kRolledOut: {
      seen.percent_last = run.percent == 100;
      seen.healthy = true;  // asked at every percentage below 100: soak()
      if (!work.consumption) KW_OK(read_consumption(work));
      const bool partial = run.policy.rollout_percent.front() < 100;
      const bool late = acknowledgements_late(work, run.staged_at);
      seen.loaded = loaded_everywhere(*work.consumption, run.to_version) || late;
      seen.used = !partial || used_by_canaries(*work.consumption, run.to_version) || late;
      return seen;
    }
    case Guard::kDrained:
      KW_OK(drain_evidence(work, seen));
      return seen;
    case Guard::kQuarantined:
      KW_OK(read_consumption(work));
      seen.quarantine_over = now() >= run.entered_at + run.policy.quarantine;
      return seen;
    case Guard::kDead: {
      KW_TRY(const Observed found, work.rotatable->inspect(run));
      seen.old_refused = !found.old_accepted;
      return seen;
    }
    case Guard::kReleased: {
      KW_OK(read_consumption(work));
      const bool late = acknowledgements_late(work, run.entered_at);
      std::optional<WallTime> told_back;
      if (run.promoted_at || run.percent > 0) told_back = run.entered_at;
      seen.released =
          run.to_version == 0 || late || released(*work.consumption, run.to_version, told_back);
      return seen;
    }
    default:
      return seen;
  }
}

WallTime Engine::State::look_again(const Run& run, std::string_view why) const {
  const WallTime at = now();
  if (why == "publishing") return since(run.staged_at, run.policy.publish_wait, at);
  if (why == "soaking") {
    const WallTime over = run.entered_at + run.policy.soak;
    return over > at ? std::min(over, at + kHealthPoll) : at + kHealthPoll;
  }
  if (why == "overlap") return since(run.promoted_at, run.policy.min_overlap, at);
  if (why == "quarantine") return run.entered_at + run.policy.quarantine;
  if (why == "approval_open") return at + kApprovalPoll;
  if (why == "old_still_accepted") return at + kAckPoll;
  if (why == "clock_frozen" || why == "takeover") return at + options.lease;
  // Soon at first, then in the measure of the wait: a re-wrap ends in a second, a consumer in days.
  const auto waited = std::chrono::duration_cast<seconds>(at - run.entered_at);
  const bool on_consumers = why == "acknowledgements" || why == "canary";
  return at + std::clamp(waited / 8, kUsePollFirst, on_consumers ? kAckPoll : kUsePoll);
}

}  // namespace kw::rotation
