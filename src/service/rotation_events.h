// Events from outside that begin rotations: a leak scanner, a leaver in HR, an incident.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "rotation/runs.h"
#include "service/gate.h"

namespace kw::service {

/// What happened, and to whom. An empty field does not narrow; at least one of name, owner and
/// labels, or `everything`, must be given.
struct OutsideEvent {
  std::string type;  ///< a word that policies list under `events`: [a-z0-9_-]{1,64}
  std::string kind;  ///< "key", "kek" …; "": every kind
  std::string name;
  std::string owner;
  std::map<std::string, std::string> labels;
  bool everything = false;  ///< all subjects of the tenant
};

/// What an event came to.
struct EventOutcome {
  std::vector<rotation::Run> started;
  std::size_t matched = 0;   ///< subjects that the event is about
  std::size_t open = 0;      ///< of them: a run was open already
  std::size_t held = 0;      ///< of them: frozen by an incident; their runs start when it ends
  std::size_t unlisted = 0;  ///< of them: no policy lists the event
};

/// Starts a run for every subject that the event is about and whose policy lists it.
/// @errors kInvalidArgument(bad_event), kResourceExhausted(event_too_broad): more than 1,000 runs.
/// @audit rotation.event, run.start
Result<EventOutcome> take_event(House& house, Call& call, const OutsideEvent& event,
                                const Wording<EventOutcome>& wording = {});

/// The parts of take_event: a caller that is known in another way (hooks.h) uses them.
/// What the event is about, of one tenant or of all ("").
Result<EventOutcome> find_event_subjects(House& house, std::string_view tenant,
                                         const OutsideEvent& event,
                                         std::vector<rotation::Subject>& subjects);
Status start_event_runs(House& house, keys::Change change, const OutsideEvent& event,
                        const std::vector<rotation::Subject>& subjects, EventOutcome& outcome);

}  // namespace kw::service
