// Aliases: second names. Their changes are announced as changes of the keys that they point at.
#include "audit/change_log.h"
#include "base/failpoint.h"
#include "cluster/cluster.h"
#include "keys/keyring_state.h"

namespace kw::keys {

namespace {

constexpr int kAliasesMax = 10'000;

Status announce_target(rows::Source source, store::Tx& tx, const Tenant& tenant,
                       std::string_view name) {
  KW_TRY(const auto key, rows::find_key(source, tenant, name));
  if (key) KW_OK(cluster::announce(tx, "key:" + key->id.text()));
  return ok();
}

Status alias_leaf(const Foundations& on, Change change, const Tenant& tenant,
                  const ObjectName& alias) {
  const std::string object = tenant.name + "/" + alias.text();
  audit::Event event = change.by;
  event.kind = "alias";
  event.object = object;
  event.tenant = tenant.name;
  KW_OK(on.log.append(change.tx, event));
  return ok();
}

}  // namespace

Status Keyring::put_alias(Change change, std::string_view tenant, const ObjectName& alias,
                          const ObjectName& key) {
  const Foundations& on = state_->on;
  const rows::Source source{change.tx, on.barrier};
  KW_TRY(const Tenant owner, state_->tenant(change.tx, tenant));
  KW_TRY(const auto target, rows::find_key(source, owner, key.text()));
  if (!target) return not_found();
  KW_TRY(const auto taken, rows::find_key(source, owner, alias.text()));
  if (taken) return error(Code::kAlreadyExists, "already_exists", "a key has this name");
  KW_TRY(const auto before, rows::find_alias(source, owner, alias.text()));
  KW_OK(rows::write_alias({change.tx, on.barrier}, owner, alias.text(), key.text()));
  KW_FAILPOINT("keys.alias.written");
  KW_OK(alias_leaf(on, change, owner, alias));
  if (before) KW_OK(announce_target(source, change.tx, owner, *before));
  KW_OK(cluster::announce(change.tx, "key:" + target->id.text()));
  return ok();
}

Status Keyring::remove_alias(Change change, std::string_view tenant, const ObjectName& alias) {
  const Foundations& on = state_->on;
  const rows::Source source{change.tx, on.barrier};
  KW_TRY(const Tenant owner, state_->tenant(change.tx, tenant));
  KW_TRY(const auto before, rows::find_alias(source, owner, alias.text()));
  if (!before) return not_found();
  KW_OK(change.tx.execute("DELETE FROM key_alias WHERE tenant = $1 AND name = $2",
                          {owner.number, alias.text()}));
  KW_FAILPOINT("keys.alias.removed");
  KW_OK(alias_leaf(on, change, owner, alias));
  return announce_target(source, change.tx, owner, *before);
}

Result<std::vector<Keyring::Alias>> Keyring::aliases(std::string_view tenant) {
  std::vector<Alias> found;
  KW_OK(state_->on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const Tenant owner, state_->tenant(reader, tenant));
    KW_TRY(const auto pairs, rows::list_aliases({reader, state_->on.barrier}, owner, kAliasesMax));
    found.clear();
    for (const auto& [alias, key] : pairs) found.push_back({alias, key});
    return ok();
  }));
  return found;
}

}  // namespace kw::keys
