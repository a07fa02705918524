// Hooks as rows under a MAC. Inside the room only.
#pragma once

#include <optional>
#include <vector>

#include "service/hooks.h"

namespace kw::service {

struct HookRow {
  Hook hook;
  std::int64_t cell = 0;  ///< of the secret
};

inline constexpr std::string_view kHookTables =
    "CREATE TABLE rotation_hook (id BYTEA NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
    " tenant TEXT NOT NULL, events TEXT NOT NULL, cell BIGINT NOT NULL,"
    " created_by TEXT NOT NULL, created_at BIGINT NOT NULL, mac BYTEA NOT NULL);"
    "CREATE TABLE rotation_hook_seen (hook BYTEA NOT NULL, message TEXT NOT NULL,"
    " seen_at BIGINT NOT NULL, PRIMARY KEY (hook, message));"
    "CREATE INDEX rotation_hook_seen_age ON rotation_hook_seen (seen_at)";

Status insert_hook(store::Tx& tx, seal::Barrier& barrier, const HookRow& row);
Result<std::int64_t> count_hooks(store::Reader& reader);
/// @errors kDataLoss(row_tampered)
Result<std::optional<HookRow>> load_hook(store::Reader& reader, seal::Barrier& barrier,
                                         const HookId& id);
/// Of one tenant, or of all (""), oldest first.
Result<std::vector<HookRow>> select_hooks(store::Reader& reader, seal::Barrier& barrier,
                                          std::string_view tenant);
Status delete_hook(store::Tx& tx, const HookId& id);
/// Takes a message's id. @returns false when it was taken before.
Result<bool> take_message(store::Tx& tx, const HookId& hook, std::string_view message,
                          WallTime now);

}  // namespace kw::service
