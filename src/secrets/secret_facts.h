// What policies know of a secret. Private to the room.
#pragma once

#include "rotation/subject.h"
#include "secrets/model.h"

namespace kw::secrets {

/// The label "target" is the target's name, whatever people wrote there.
rotation::SubjectFacts facts_of(const Secret& secret);

}  // namespace kw::secrets
