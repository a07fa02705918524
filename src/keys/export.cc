// Material that leaves: only of keys that were made exportable. Who may ask, and the wrapping, are
// the service's.
#include "keys/key_change.h"
#include "keys/version_choice.h"

namespace kw::keys {

Result<SecretBytes> Keyring::exported(Change change, const Key& key, std::uint32_t number) {
  const Foundations& on = state_->on;
  // Read again here: whether material may leave is decided by the row as it is in this transaction.
  KW_TRY(auto stored, rows::find_key({change.tx, on.barrier}, key.id));
  if (!stored) return not_found();
  if (stored->epoch != key.epoch) return rows::stale_epoch();
  if (!stored->exportable) {
    return error(Code::kFailedPrecondition, "not_exportable",
                 "the key was created without exportable: its material never leaves");
  }
  KeyChange edit(on, change, *std::move(stored));
  KW_TRY(const Version* version, edit.version(number));
  const Permission allowed = permission(version->state, Use::kProcess);
  if (allowed != Permission::kYes && allowed != Permission::kByGrant)
    return version_state(*version);
  KW_TRY(SecretBytes material,
         on.barrier.get(change.tx, version->cell, seal_context(edit.key(), *version)));
  KW_OK(edit.leaf_about(*version));
  return material;
}

}  // namespace kw::keys
