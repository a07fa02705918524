// How targets lie in the store. Private to the room.
#pragma once

#include "secrets/rows.h"
#include "secrets/target.h"

namespace kw::secrets::rows {

Result<std::optional<Target>> find_target(Source source, std::int64_t tenant,
                                          std::string_view name);
Result<std::vector<Target>> list_targets(Source source, std::int64_t tenant, std::string_view after,
                                         int limit);
/// Inserts, or writes over the row with this epoch. @errors kAborted(stale_epoch)
Status write_target(Sink sink, Target& target);
Status remove_target(store::Tx& tx, const Target& target);

}  // namespace kw::secrets::rows
