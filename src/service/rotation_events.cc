#include "service/rotation_events.h"

#include <algorithm>

#include "rotation/held_events.h"
#include "service/rotation_inventory.h"

namespace kw::service {

namespace {

constexpr std::size_t kInventoryMax = 1'000'000;
constexpr std::size_t kRunsMax = 1'000;
constexpr std::size_t kWordMax = 64;

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kWordMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

Status check(const OutsideEvent& event) {
  if (!is_word(event.type))
    return error(Code::kInvalidArgument, "bad_event", "an event's type is [a-z0-9_-]{1,64}");
  const bool narrow = !event.name.empty() || !event.owner.empty() || !event.labels.empty();
  if (narrow || event.everything) return ok();
  return error(Code::kInvalidArgument, "bad_event",
               "say what it is about: a name, an owner or labels; or \"everything\": true");
}

bool is_about(const OutsideEvent& event, const rotation::SubjectFacts& facts) {
  if (!event.kind.empty() && facts.subject.kind != event.kind) return false;
  if (!event.name.empty() && facts.subject.name != event.name) return false;
  if (!event.owner.empty() && facts.owner != event.owner) return false;
  return std::all_of(event.labels.begin(), event.labels.end(), [&](const auto& wanted) {
    const auto found = facts.labels.find(wanted.first);
    return found != facts.labels.end() && found->second == wanted.second;
  });
}

// One that the event names is looked at without reading the others.
Result<std::vector<rotation::SubjectFacts>> candidates(House& house, std::string_view tenant,
                                                       const OutsideEvent& event) {
  if (event.name.empty() || tenant.empty()) {
    KW_TRY(Inventory inventory, read_inventory(house, tenant, kInventoryMax));
    return std::move(inventory.subjects);
  }
  std::vector<rotation::SubjectFacts> found;
  for (const rotation::Rotatable* rotatable : house.rotation.rotatables) {
    auto facts =
        read_subject(house, {std::string(rotatable->kind()), std::string(tenant), event.name});
    if (facts) {
      found.push_back(*std::move(facts));
    } else if (facts.error().code != Code::kNotFound) {
      return facts.error();
    }
  }
  return found;
}

Status leave_leaf(House& house, keys::Change change, const OutsideEvent& event,
                  const EventOutcome& outcome) {
  audit::Event leaf = change.by;
  leaf.action = "rotation.event";
  leaf.kind = "rotation-event";
  leaf.object = event.type;
  leaf.count = static_cast<std::int64_t>(outcome.started.size());
  const std::string held = std::to_string(outcome.held) + " held by incidents";
  if (outcome.held > 0) leaf.note = held;
  KW_OK(house.changes.append(change.tx, leaf));
  return ok();
}

}  // namespace

Result<EventOutcome> find_event_subjects(House& house, std::string_view tenant,
                                         const OutsideEvent& event,
                                         std::vector<rotation::Subject>& subjects) {
  KW_OK(check(event));
  EventOutcome outcome;
  KW_TRY(const auto all, candidates(house, tenant, event));
  for (const rotation::SubjectFacts& facts : all) {
    if (!is_about(event, facts)) continue;
    ++outcome.matched;
    KW_TRY(const rotation::EffectivePolicy policy, house.rotation.policies.effective(facts));
    const auto& listed = policy.events;
    if (std::find(listed.begin(), listed.end(), event.type) == listed.end()) {
      ++outcome.unlisted;
      continue;
    }
    if (subjects.size() == kRunsMax)
      return error(Code::kResourceExhausted, "event_too_broad",
                   "the event would start more than 1,000 runs at once; narrow it");
    subjects.push_back(facts.subject);
  }
  return outcome;
}

Status start_event_runs(House& house, keys::Change change, const OutsideEvent& event,
                        const std::vector<rotation::Subject>& subjects, EventOutcome& outcome) {
  outcome.started.clear();
  outcome.open = outcome.held = 0;
  KW_TRY(const auto frozen, house.emergency.incidents.all_frozen(change.tx));
  rotation::StartOptions options;
  options.trigger = rotation::Trigger::kEvent;
  options.reason = event.type;
  for (const rotation::Subject& subject : subjects) {
    if (frozen.contains(subject.text())) {
      KW_OK(rotation::hold_event({change.tx, change.by}, subject, event.type, house.clock.wall()));
      ++outcome.held;
      continue;
    }
    KW_TRY(const auto open, house.rotation.runs.open_run(change.tx, subject));
    if (open) {
      ++outcome.open;
      continue;
    }
    KW_TRY(rotation::Run run, house.rotation.runs.start({change.tx, change.by}, subject, options));
    outcome.started.push_back(std::move(run));
  }
  return leave_leaf(house, change, event, outcome);
}

Result<EventOutcome> take_event(House& house, Call& call, const OutsideEvent& event,
                                const Wording<EventOutcome>& wording) {
  return recorded<EventOutcome>(house, call, [&]() -> Result<EventOutcome> {
    KW_OK(authorise(house, call, {}));
    std::vector<rotation::Subject> subjects;
    KW_TRY(EventOutcome outcome, find_event_subjects(house, call.tenant, event, subjects));
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_OK(start_event_runs(house, change, event, subjects, outcome));
      keep(call, wording, outcome);
      return ok();
    }));
    house.rotation.engine.wake();
    return outcome;
  });
}

}  // namespace kw::service
