#include "service/material.h"

#include "crypto/aead.h"
#include "crypto/random.h"
#include "service/keys.h"

namespace kw::service {

namespace {

constexpr std::string_view kWrappingKeyName = "import-wrapping-key";
constexpr std::size_t kOaepBytes = 512;  // RSA-4096
constexpr std::size_t kWrappedMax = 16 * 1024;

Result<keys::Key> make_wrapping_key(House& house, Call& call) {
  KW_TRY(ObjectName name, ObjectName::parse(kWrappingKeyName));
  keys::NewKey wanted{.name = std::move(name),
                      .purpose = crypto::Purpose::kWrap,
                      .algorithm = crypto::Algorithm::kRsa4096Oaep};
  KW_TRY(wanted.prepared, keys::Keyring::prepare(wanted.algorithm));
  std::optional<keys::Key> made;
  KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
    KW_TRY(made, house.keyring.create(change, call.tenant, wanted));
    return ok();
  }));
  house.keyring.forget(made->id);
  return *std::move(made);
}

// The wrapping key's current version, made when the tenant has none yet.
Result<KeyPtr> current_wrapping_key(House& house, Call& call) {
  auto found = house.keyring.find(call.tenant, kWrappingKeyName);
  if (found || found.error().code != Code::kNotFound) return found;
  KW_OK(make_wrapping_key(house, call));
  return house.keyring.find(call.tenant, kWrappingKeyName);
}

Error unwrap_failed() {
  return error(
      Code::kInvalidArgument, "unwrap_failed",
      "the wrapped material does not open: wrap it for the tenant's wrapping key, mechanism " +
          std::string(kImportMechanism));
}

Result<SecretBytes> unwrap(House& house, const keys::Key& wrapping, ByteView wrapped) {
  if (wrapped.size() <= kOaepBytes || wrapped.size() > kWrappedMax) return unwrap_failed();
  const keys::Version* version = wrapping.version(wrapping.primary);
  if (version == nullptr)
    return error(Code::kFailedPrecondition, "no_primary",
                 "the wrapping key has no primary version");
  KW_TRY(const auto usable, house.keyring.material(wrapping, *version));
  auto transport = usable->unwrap_raw(wrapped.first(kOaepBytes));
  if (!transport || transport->size() != 32) return unwrap_failed();
  auto material = crypto::kwp_unwrap(*transport, wrapped.subspan(kOaepBytes));
  if (!material) return unwrap_failed();
  return material;
}

}  // namespace

Result<WrappingKey> wrapping_key(House& house, Call& call) {
  return recorded<WrappingKey>(house, call, [&]() -> Result<WrappingKey> {
    KW_OK(require_open(house));
    KW_OK(authorise(house, call, {}));
    KW_TRY(const KeyPtr key, current_wrapping_key(house, call));
    const keys::Version* version = key->version(key->primary);
    if (version == nullptr)
      return error(Code::kFailedPrecondition, "no_primary",
                   "the wrapping key has no primary version");
    return WrappingKey{version->number, version->public_key};
  });
}

Result<keys::Key> import_key(House& house, Call& call, const keys::NewKey& wanted, ByteView wrapped,
                             const Wording<keys::Key>& wording) {
  return recorded<keys::Key>(house, call, [&]() -> Result<keys::Key> {
    KW_OK(require_open(house));
    KW_OK(authorise(house, call, {}));
    KW_TRY(const KeyPtr wrapping, current_wrapping_key(house, call));
    KW_TRY(const SecretBytes material, unwrap(house, *wrapping, wrapped));
    KW_TRY(const crypto::Material checked, crypto::check_import(wanted.algorithm, material));
    Guarded guarded;
    guarded.approvals = approvals_needed(house, call.operation->id, false);
    guarded.summary = "import " + std::string(crypto::info(wanted.algorithm).name) + " as " +
                      call.tenant + ":" + wanted.name.text();
    std::optional<keys::Key> made;
    KW_OK(transact(house, call, guarded, [&](keys::Change change) -> Status {
      KW_TRY(made, house.keyring.import(change, call.tenant, wanted, checked.secret));
      keep(call, wording, *made);
      return ok();
    }));
    house.keyring.forget(made->id);
    return *std::move(made);
  });
}

Result<Bytes> export_key(House& house, Call& call, std::uint32_t version,
                         ByteView recipient_public_key) {
  return recorded<Bytes>(house, call, [&]() -> Result<Bytes> {
    KW_TRY(const KeyPtr key, visible_key(house, call));
    if (!key->exportable)
      return error(Code::kFailedPrecondition, "not_exportable",
                   "this key was created without exportable: its material never leaves");
    auto recipient = crypto::load_public(crypto::Algorithm::kRsa4096Oaep, recipient_public_key);
    if (!recipient)
      recipient = crypto::load_public(crypto::Algorithm::kRsa3072Oaep, recipient_public_key);
    if (!recipient)
      return error(Code::kInvalidArgument, "bad_recipient",
                   "the recipient is an RSA-3072 or RSA-4096 public key");
    Guarded guarded;
    guarded.approvals = approvals_needed(house, call.operation->id, false);
    guarded.summary = "export " + call.tenant + ":" + call.object + "@" + std::to_string(version);
    guarded.epoch = key->epoch;
    Bytes wrapped;
    KW_OK(transact(house, call, guarded, [&](keys::Change change) -> Status {
      KW_TRY(const SecretBytes material, house.keyring.exported(change, *key, version));
      const SecretBytes transport = crypto::random_secret(32);
      KW_TRY(wrapped, (*recipient)->wrap_raw(transport));
      const Bytes inner = crypto::kwp_wrap(transport, material);
      wrapped.insert(wrapped.end(), inner.begin(), inner.end());
      return ok();
    }));
    return wrapped;
  });
}

}  // namespace kw::service
