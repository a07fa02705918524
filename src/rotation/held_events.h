// Events from outside about what an incident has frozen: nothing is rotated beside the incident,
// and nothing that was reported is lost. Table rotation_held_event: one row per subject, since one
// run answers all events of its subject.
#pragma once

#include <string_view>

#include "rotation/runs.h"

namespace kw::rotation {

/// Keeps the event until its subject is free. Of several for one subject the first is kept.
/// @param type  becomes the run's reason: [a-z0-9_-]{1,64}
Status hold_event(Change change, const Subject& subject, std::string_view type, WallTime now);

/// Starts a run in the reporter's name for each held event whose subject no incident freezes and no
/// other run holds, each in its own transaction. Any node, again and again. @returns runs started.
/// @audit run.start
Result<int> release_events(store::Store& store, Runs& runs, const audit::Event& by);

}  // namespace kw::rotation
