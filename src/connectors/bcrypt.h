// bcrypt, for systems that store passwords so.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::connectors {

/// "$2b$…" with a fresh salt. @param cost  4 to 14: two to this power rounds
/// @errors kFailedPrecondition(rejected_by_policy): longer than 72 bytes, of which bcrypt ignores
///   the rest
Result<std::string> bcrypt_hash(const SecretBytes& password, int cost);
bool bcrypt_fits(const SecretBytes& password, std::string_view hash);

}  // namespace kw::connectors
