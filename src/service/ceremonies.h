// Key ceremonies as operations. The people are the authenticated callers; the rules are
// rotation/ceremony_rules.h.
#pragma once

#include <vector>

#include "rotation/ceremony.h"
#include "service/gate.h"

namespace kw::service {

using CeremonyWording = Wording<rotation::Ceremony>;

/// @errors those of Ceremonies::open @audit ceremony.open
Result<rotation::Ceremony> open_ceremony(House& house, Call& call,
                                         const rotation::CeremonyRequest& request,
                                         const CeremonyWording& wording = {});
/// The ceremony that the path names, after authorisation for the tenant of its operation, which it
/// puts into the call. @errors as authorise; kNotFound(not_found)
Result<rotation::Ceremony> visible_ceremony(House& house, Call& call,
                                            const rotation::CeremonyId& id);
Result<rotation::Ceremony> show_ceremony(House& house, Call& call, const rotation::CeremonyId& id);
Result<std::vector<rotation::Ceremony>> list_ceremonies(House& house, Call& call, int limit);
/// The caller's step, for what they were shown. @errors those of Ceremonies::acknowledge
/// @audit ceremony.acknowledge
Result<rotation::Ceremony> acknowledge_ceremony(House& house, Call& call,
                                                const rotation::CeremonyId& id,
                                                std::string_view request_hash,
                                                const CeremonyWording& wording = {});
/// @audit ceremony.perform, and the operation's own
Result<rotation::Ceremony> perform_ceremony(House& house, Call& call,
                                            const rotation::CeremonyId& id,
                                            const CeremonyWording& wording = {});
/// @audit ceremony.cancel
Result<rotation::Ceremony> cancel_ceremony(House& house, Call& call,
                                           const rotation::CeremonyId& id,
                                           const CeremonyWording& wording = {});
/// The signed file. @errors kFailedPrecondition(ceremony_open)
Result<std::string> ceremony_transcript(House& house, Call& call, const rotation::CeremonyId& id);

}  // namespace kw::service
