// Migrations: which steps of which room's schema are in the database.
#pragma once

#include <span>

#include "base/clock.h"
#include "store/session.h"

namespace kw::store {

/// @errors kInvalidArgument(bad_migration): the numbers of a room are not 1, 2, 3 … in order.
Status check_numbers(std::span<const Migration> migrations);
/// Creates the table schema_version (room, number, applied_at) if there is none.
Status create_version_table(Session& session);
/// @errors kFailedPrecondition(schema_too_new)
Status refuse_newer(Session& session, std::span<const Migration> migrations);
/// Applies `migration` unless it is there already. One transaction, also with a racing node.
Status apply(Session& session, const Migration& migration, const Clock& clock);

}  // namespace kw::store
