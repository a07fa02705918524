// The table rotation_policy. Inside the room only.
#pragma once

#include <optional>

#include "rotation/policy_book.h"

namespace kw::rotation {

Result<std::optional<StoredPolicy>> read_policy(store::Reader& reader, std::string_view tenant,
                                                std::string_view name);
/// By name, after `after`.
Result<std::vector<StoredPolicy>> read_policies(store::Reader& reader, std::string_view tenant,
                                                std::string_view after, int limit);
/// All tenants', by tenant and name.
Result<std::vector<StoredPolicy>> read_all_policies(store::Reader& reader);
Result<std::int64_t> count_policies(store::Reader& reader, std::string_view tenant);
/// @errors kAborted(epoch_moved): there is one of this name
Status insert_policy(store::Tx& tx, const StoredPolicy& policy);
/// Both only while the stored epoch is `expected`. @errors kAborted(epoch_moved)
Status update_policy(store::Tx& tx, const StoredPolicy& policy, std::int64_t expected);
Status delete_policy(store::Tx& tx, std::string_view tenant, std::string_view name,
                     std::int64_t expected);

}  // namespace kw::rotation
