#include "keys/suspicion.h"

#include <algorithm>

#include "base/failpoint.h"
#include "keys/key_change.h"

namespace kw::keys {

namespace {

using enum VersionState;

// Along the table, so that the log shows a legal life: anything is revoked first.
Status shred(KeyChange& edit, std::uint32_t number) {
  KW_TRY(Version * version, edit.version(number));
  if (version->state == kDestroyed) return ok();
  if (version->state != kRevoked && version->state != kDestroying)
    KW_OK(edit.transition(*version, kRevoked, "drill"));
  if (version->state != kDestroying) KW_OK(edit.transition(*version, kDestroying));
  KW_OK(edit.erase(*version));
  return edit.transition(*version, kDestroyed);
}

Status forget_rows(store::Tx& tx, const KeyId& id) {
  KW_OK(tx.post("DELETE FROM key_usage WHERE key_id = $1", {id.bytes()}));
  KW_OK(tx.post("DELETE FROM key_usage_total WHERE key_id = $1", {id.bytes()}));
  KW_OK(tx.post("DELETE FROM key_rollout_health WHERE key_id = $1", {id.bytes()}));
  KW_OK(tx.post("DELETE FROM message_budget WHERE key_id = $1", {id.bytes()}));
  KW_OK(tx.post("DELETE FROM key_label WHERE key_id = $1", {id.bytes()}));
  KW_OK(tx.post("DELETE FROM key_version WHERE key_id = $1", {id.bytes()}));
  return tx.post("DELETE FROM key_object WHERE id = $1", {id.bytes()});
}

}  // namespace

Result<Key> suspect(Keyring& keyring, Change change, const Key& key, std::uint32_t number,
                    std::optional<WallTime> since) {
  const Foundations& on = keyring.foundations();
  KeyChange edit(on, change, key);
  KW_TRY(Version * version, edit.version(number));
  if (version->state == kRevoked || version->state == kDestroyed) return key;
  if (since && version->compromised_at) since = std::min(*since, *version->compromised_at);
  if (since == version->compromised_at) return key;
  version->compromised_at = since;
  KW_OK(rows::update_version({change.tx, on.barrier}, key.id, *version));
  KW_FAILPOINT("keys.suspect");
  audit::Event by = change.by;
  by.note = since ? "suspect" : "no longer suspect";
  KW_OK(KeyChange(on, {change.tx, by}, key).leaf_about(*version));
  return edit.finish();
}

Status remove_stand_in(Keyring& keyring, Change change, const Key& key) {
  if (key.tenant_name != kDrillTenant)
    return error(Code::kFailedPrecondition, "not_a_stand_in", "the key is no stand-in of a drill");
  KeyChange edit(keyring.foundations(), change, key);
  for (const Version& one : key.versions) KW_OK(shred(edit, one.number));
  KW_FAILPOINT("keys.stand_in.shredded");
  KW_OK(edit.finish());
  return forget_rows(change.tx, key.id);
}

}  // namespace kw::keys
