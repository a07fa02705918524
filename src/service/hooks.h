// Hooks: where a foreign system without a token of ours reports events, signed with a shared
// secret (auth/signed_message.h).
//
// Table rotation_hook: one row per hook under a MAC, its secret in a sealed cell of the platform's
// tenant, so that KEK rotation re-wraps it. Table rotation_hook_seen: the message ids that were
// taken, kept for a day.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/signed_message.h"
#include "base/id.h"
#include "service/rotation_events.h"

namespace kw::service {

using HookId = Id<struct HookTag>;

struct Hook {
  HookId id;
  std::string name;
  std::string tenant;               ///< whose subjects it may rotate; "": all tenants
  std::vector<std::string> events;  ///< the types that it may report, 1 to 32
  std::string created_by;
  WallTime created_at;
};
struct NewHook {
  Hook hook;
  WipedText secret;  ///< shown once
};

/// Of the call's tenant. @param events  words that policies list.
/// @errors kInvalidArgument(bad_event), kResourceExhausted(too_many_hooks): 1,000.
/// @audit hook.create
Result<NewHook> create_hook(House& house, Call& call, const ObjectName& name,
                            const std::vector<std::string>& events);
/// Of the call's tenant, or all (""), oldest first.
Result<std::vector<Hook>> list_hooks(House& house, Call& call);
/// The hook that the path names, after authorisation for its tenant, which it puts into the call.
/// @errors as authorise; kNotFound(not_found)
Result<Hook> visible_hook(House& house, Call& call, const HookId& id);
/// @errors kNotFound(not_found). @audit hook.remove
Status remove_hook(House& house, Call& call, const HookId& id, const Wording<Done>& wording = {});

/// A message for a hook that is proved: the call is the hook's from here on.
/// @errors kUnauthenticated(signature_invalid): no such hook looks the same.
Result<Hook> authenticate_hook(House& house, Call& call, const HookId& id,
                               const auth::SignedMessage& message);
/// Carries the event out once. @param tenant  that the message names, or "".
/// @errors kAlreadyExists(already_delivered): the id was taken before;
///   kPermissionDenied(event_not_allowed): not of the hook's types or tenant; those of take_event.
/// @audit rotation.event, run.start
Result<EventOutcome> deliver(House& house, Call& call, const Hook& hook,
                             std::string_view message_id, const OutsideEvent& event,
                             std::string_view tenant);

}  // namespace kw::service
