// Several policies on one subject: the strictest clause wins, field by field. Pure.
#pragma once

#include <span>

#include "rotation/policy_document.h"

namespace kw::rotation {

/// What `documents` come to for the subject. Documents that do not apply to it are left out; the
/// templates that the others extend join in; "defaults" fills the fields that nobody speaks about.
/// set_by names one clause per field, and for every framework without numbers of its own one entry
/// with the value "entity-defined". Which of two values is the stricter: docs/guide/policies.md.
EffectivePolicy effective_policy(std::span<const PolicyDocument> documents,
                                 const SubjectFacts& facts);

}  // namespace kw::rotation
