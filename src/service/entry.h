// What is decided before anybody looks into a request's body: may the caller do this, and was the
// very same request answered before?
#pragma once

#include "service/gate.h"

namespace kw::service {

/// Permission for what the path names, or, where the body names the object, for call.object. The
/// operation's own function decides again, against the state that it changes. A refusal is
/// recorded.
/// @errors as authorise and visible_key; kAlreadyExists(already_done) and
///   kInvalidArgument(idempotency_mismatch) as not_done_before
Status enter(House& house, Call& call);

}  // namespace kw::service
