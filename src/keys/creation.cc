// How keys and versions come to be: preparing material, creation, import.
#include "crypto/random.h"
#include "crypto/uuid.h"
#include "keys/attributes.h"
#include "keys/key_change.h"
#include "keys/proof.h"

namespace kw::keys {

namespace {

Result<PreparedPtr> proven(crypto::Algorithm algorithm, crypto::Material material, bool imported) {
  KW_TRY(const auto key, crypto::load(algorithm, material.secret));
  KW_OK(prove(*key, crypto::info(algorithm).purposes.front()));
  auto prepared = std::make_shared<Prepared>();
  prepared->algorithm = algorithm;
  prepared->material = std::move(material);
  prepared->imported = imported;
  return PreparedPtr(std::move(prepared));
}

Status check_new(const NewKey& wanted) {
  KW_OK(check_attributes(wanted));
  return check_purpose(wanted.algorithm, wanted.purpose);
}

Key blank(const Tenant& tenant, const NewKey& wanted, WallTime now) {
  Key key;
  key.id = crypto::id_of_time<KeyId>(now);
  key.tenant = tenant.number;
  key.tenant_name = tenant.name;
  key.name = wanted.name.text();
  key.purpose = wanted.purpose;
  key.exportable = wanted.exportable;
  key.owner = wanted.owner;
  key.classification = wanted.classification;
  key.regions = wanted.regions;
  key.labels = wanted.labels;
  key.lease_grace = wanted.lease_grace;
  key.created_at = now;
  key.epoch = 1;
  return key;
}

Result<Key> make(const Foundations& on, Change change, Key key, const Prepared& prepared) {
  KeyChange edit(on, change, std::move(key));
  KW_TRY(Version first, edit.seal(prepared));
  KW_OK(edit.add(std::move(first), VersionState::kPrimary));
  return edit.finish_new();
}

Status check_free(rows::Source source, const Tenant& tenant, const std::string& name) {
  KW_TRY(const auto key, rows::find_key(source, tenant, name));
  KW_TRY(const auto alias, rows::find_alias(source, tenant, name));
  if (!key && !alias) return ok();
  return error(Code::kAlreadyExists, "already_exists", "a key or an alias with this name exists");
}

Result<Key> add_imported(const Foundations& on, Change change, Key key, const Prepared& prepared) {
  if (!check_purpose(prepared.algorithm, key.purpose)) {
    return error(Code::kFailedPrecondition, "wrong_purpose",
                 "the key has a purpose that this algorithm cannot serve");
  }
  KeyChange edit(on, change, std::move(key));
  KW_TRY(Version next, edit.seal(prepared));
  KW_OK(edit.add(std::move(next), VersionState::kPending));
  return edit.finish();
}

}  // namespace

Result<PreparedPtr> Keyring::prepare(crypto::Algorithm algorithm) {
  KW_TRY(crypto::Material material, crypto::generate(algorithm));
  return proven(algorithm, std::move(material), false);
}

Result<PreparedPtr> Keyring::prepare_import(crypto::Algorithm algorithm,
                                            const SecretBytes& material) {
  KW_TRY(crypto::Material checked, crypto::check_import(algorithm, material));
  return proven(algorithm, std::move(checked), true);
}

Result<Key> Keyring::create(Change change, std::string_view tenant, const NewKey& wanted) {
  const Foundations& on = state_->on;
  KW_OK(check_new(wanted));
  KW_TRY(const Tenant owner, state_->tenant(change.tx, tenant));
  KW_OK(check_free({change.tx, on.barrier}, owner, wanted.name.text()));
  KW_TRY(const PreparedPtr prepared, prepared_or_new(wanted.prepared, wanted.algorithm));
  return make(on, change, blank(owner, wanted, on.clock.wall()), *prepared);
}

Result<Key> Keyring::import(Change change, std::string_view tenant, const NewKey& wanted,
                            const SecretBytes& material) {
  const Foundations& on = state_->on;
  const rows::Source source{change.tx, on.barrier};
  KW_TRY(const Tenant owner, state_->tenant(change.tx, tenant));
  PreparedPtr prepared = wanted.prepared;
  if (!prepared) {
    KW_TRY(prepared, prepare_import(wanted.algorithm, material));
  }
  KW_OK(prepared_or_new(prepared, wanted.algorithm));
  KW_TRY(auto existing, rows::find_key(source, owner, wanted.name.text()));
  if (existing) return add_imported(on, change, *std::move(existing), *prepared);
  KW_OK(check_new(wanted));
  KW_OK(check_free(source, owner, wanted.name.text()));
  return make(on, change, blank(owner, wanted, on.clock.wall()), *prepared);
}

}  // namespace kw::keys
