#include "service/run_waiting.h"

#include <functional>
#include <map>

#include "rotation/duration_text.h"

namespace kw::service {

namespace {

using rotation::Run;
using rotation::RunState;
using rotation::Seconds;

// "2026-11-20 13:00:00Z"
std::string moment(WallTime time) {
  std::string text = rfc3339(std::chrono::floor<Seconds>(time));
  text[10] = ' ';
  return text;
}

std::string until(const std::optional<WallTime>& start, Seconds length) {
  return start ? " until " + moment(*start + length) : "";
}

std::string version(std::uint32_t number) {
  return "@" + std::to_string(number);
}

std::string people(const Run& run) {
  const int needed = run.policy.approvals;
  return std::to_string(needed) + (needed == 1 ? " person" : " people") +
         " to approve the plan: keywright run approve " + run.id.text();
}

std::string consumers(const Run& run) {
  const std::string board = "; who is missing: keywright consumer board " + run.subject.text();
  if (run.state == RunState::kRollingBack)
    return "consumers to let go of " + version(run.to_version) + board;
  const bool after = run.promoted_at.has_value();
  return "every live consumer to " + std::string(after ? "use " : "load ") +
         version(run.to_version) + board;
}

std::string unused(const Run& run) {
  const std::string out = version(run.from_version) + " to be out of use";
  return run.policy.quiet.count() == 0 ? out
                                       : out + " for " + rotation::duration_text(run.policy.quiet);
}

std::string person(const Run& run) {
  return "a person to give the new value" +
         std::string(run.problem == "task_overdue" ? ", who is late" : "") +
         ": keywright secret task " + run.subject.tenant + ":" + run.subject.name;
}

using Words = std::function<std::string(const Run&)>;

const std::map<std::string, Words, std::less<>>& words() {
  static const std::map<std::string, Words, std::less<>> kWords = {
      {"approval_open", people},
      {"acknowledgements", consumers},
      {"canary",
       [](const Run& run) {
         return "the canary to use " + version(run.to_version) +
                "; who is missing: keywright consumer board " + run.subject.text();
       }},
      {"in_use", unused},
      {"publishing",
       [](const Run& run) {
         return "caches of verifiers to learn " + version(run.to_version) +
                until(run.staged_at, run.policy.publish_wait);
       }},
      {"soaking",
       [](const Run& run) {
         return "experience with " + version(run.to_version) + " at " +
                std::to_string(run.percent) + " %" + until(run.entered_at, run.policy.soak);
       }},
      {"overlap",
       [](const Run& run) {
         return version(run.from_version) + " and " + version(run.to_version) +
                " to have been valid together" + until(run.promoted_at, run.policy.min_overlap);
       }},
      {"quarantine",
       [](const Run& run) {
         return "the quarantine of " + version(run.from_version) +
                until(run.entered_at, run.policy.quarantine);
       }},
      {"old_still_accepted",
       [](const Run& run) { return version(run.from_version) + " to be refused everywhere"; }},
      {"task_open", person},
      {"task_due_soon", person},
      {"task_overdue", person},
      {"no_free_slot",
       [](const Run& run) { return "room for one more version of " + run.subject.text(); }},
      {"unhealthy", [](const Run&) { return "health of the new version"; }},
      {"clock_frozen",
       [](const Run&) { return "the clocks to agree: wall and steady time went apart"; }},
      {"takeover", [](const Run&) { return "one whole lease after another node's"; }},
      {"pace",
       [](const Run& run) {
         return "its turn at the target at " + moment(run.next_at) + ": rotation.begins_per_minute";
       }},
      {"breaker_open", [](const Run&) { return "the target, which failed too often, to recover"; }},
  };
  return kWords;
}

std::string paused(const Run& run) {
  return "somebody to resume it: keywright run resume " + run.id.text();
}

std::string operators(const Run& run) {
  return "a person to look (" + run.problem + "): keywright run retry, rollback or abort " +
         run.id.text();
}

}  // namespace

std::string waiting_words(const Run& run) {
  if (rotation::finished(run.state)) return "";
  if (run.state == RunState::kPaused) return paused(run);
  if (run.state == RunState::kNeedsOperator) return operators(run);
  if (run.problem.empty()) return "";
  if (const auto found = words().find(run.problem); found != words().end())
    return found->second(run);
  if (run.attempts > 0)
    return "another try at " + moment(run.next_at) + " after " + std::to_string(run.attempts) +
           " (" + run.problem + ")";
  return run.problem;
}

}  // namespace kw::service
