// What a key is to policies: its type, its age, its use. Private to the room.
#pragma once

#include <string_view>

#include "keys/model.h"
#include "keys/usage.h"
#include "rotation/subject.h"

namespace kw::keys {

/// "dek", "deterministic", "signing", "mac", "wrap" or "derive" by purpose; "jwt" and "jwt-hmac"
/// for keys with the label use=jwt.
std::string_view subject_type(const Key& key);

/// @param use  of the primary.
rotation::SubjectFacts facts_of(const Key& key, const UsageTotal& use);

}  // namespace kw::keys
