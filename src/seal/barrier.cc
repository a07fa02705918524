#include "seal/barrier.h"

#include "base/reveal.h"
#include "seal/barrier_state.h"
#include "seal/seal_row.h"

namespace kw::seal {

namespace {

Result<KekPtr> unwrapped(const RootKeys& root, const KekRow& row) {
  KW_TRY(SecretBytes kek, unwrap_kek(root, row));
  return std::make_shared<const SecretBytes>(std::move(kek));
}

// A cell that names a KEK which is not there is a foreign cell.
Error as_unwrap_failure(Error failure) {
  if (failure.code == Code::kNotFound) return unwrap_failed();
  return failure;
}

}  // namespace

crypto::Digest256 SealContext::binding() const {
  ByteWriter fields;
  fields.field("keywright/binding/v1").field(label).field(object).u32(version);
  fields.field(purpose).field(algorithm).u8(exportable ? 1 : 0).field(origin);
  return crypto::sha256(fields.bytes());
}

Status check_tenant(std::int64_t tenant) {
  if (tenant >= 0 && tenant < kTenantsMax) return ok();
  return error(Code::kInvalidArgument, "bad_tenant", "tenant numbers are from 0 to 2^23 - 1");
}

Status check_secret(const SecretBytes& secret) {
  if (!secret.empty() && secret.size() <= kSecretBytesMax) return ok();
  return error(Code::kInvalidArgument, "bad_secret", "a secret has 1 byte to 1 MiB");
}

Bytes make_cell(const KekName& name, const SecretBytes& kek, const SealContext& context,
                const SecretBytes& secret) {
  Bytes cell(secret.size() + kCellOverheadBytes);
  CellCipher(name, kek).seal(context.binding(), secret.reveal(Reveal{}), cell);
  return cell;
}

Result<std::uint32_t> cell_version(ByteView cell) {
  if (cell.size() <= kCellOverheadBytes) return unwrap_failed();
  return CellParts(cell).version;
}

Result<SecretBytes> open_cell(const KekName& name, const SecretBytes& kek,
                              const SealContext& context, ByteView cell) {
  const CellParts parts(cell);
  if (!same_bytes(parts.binding, context.binding())) return unwrap_failed();
  SecretBytes secret(cell.size() - kCellOverheadBytes);
  KW_OK(CellCipher(name, kek).open(parts, secret.reveal_mutable(Reveal{})));
  return secret;
}

Result<KekPtr> Barrier::State::kek_through(store::Reader& reader, const RootKeysPtr& root,
                                           const KekName& name) {
  if (KekPtr found = keys.find(name)) return found;
  Result<KekRow> row = load_kek(reader, *root, name.tenant, name.version);
  if (!row) return as_unwrap_failure(std::move(row).error());
  KW_TRY(KekPtr made, unwrapped(*root, *row));
  if (dynamic_cast<store::Tx*>(&reader) == nullptr) keys.keep(root, name, made);
  return made;
}

Result<KekPtr> Barrier::State::kek(const RootKeysPtr& root, const KekName& name) {
  KekPtr kek = keys.find(name);
  if (kek) return kek;
  KW_OK(store.read([&](store::Reader& reader) -> Status {
    KW_TRY(kek, kek_through(reader, root, name));
    return ok();
  }));
  return kek;
}

Barrier::Barrier(store::Store& store, const Clock& clock)
    : state_(std::make_unique<State>(store, clock)) {}

Barrier::~Barrier() {
  state_->keys.install(nullptr);
}

Status Barrier::install(const RootKey* root) {
  if (root == nullptr) {
    state_->keys.install(nullptr);
    return ok();
  }
  if (root->key().size() != kRootKeyBytes)
    return error(Code::kInvalidArgument, "bad_root_key", "a root key has 32 bytes");
  state_->keys.install(std::make_shared<const RootKeys>(root->key()));
  return ok();
}

bool Barrier::sealed() const {
  return state_->keys.sealed();
}

Result<store::Sealed> Barrier::seal(std::int64_t tenant, const SealContext& context,
                                    const SecretBytes& secret) {
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  KW_OK(check_secret(secret));
  KW_TRY(const std::uint32_t version, primary_kek(tenant));
  const KekName name{tenant, version};
  KW_TRY(const KekPtr kek, state_->kek(root, name));
  return store::Sealed(make_cell(name, *kek, context, secret));
}

Result<SecretBytes> Barrier::open(std::int64_t tenant, const SealContext& context,
                                  const store::Sealed& sealed) {
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  KW_OK(check_tenant(tenant));
  KW_TRY(const std::uint32_t version, cell_version(sealed.bytes()));
  const KekName name{tenant, version};
  KW_TRY(const KekPtr kek, state_->kek(root, name));
  return open_cell(name, *kek, context, sealed.bytes());
}

Result<crypto::Digest256> Barrier::row_mac(std::string_view table, ByteView canonical_row) {
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  return root->row_mac(table, canonical_row);
}

Status Barrier::check_row(std::string_view table, ByteView canonical_row, ByteView mac) {
  KW_TRY(RowMacs macs, row_macs());
  return macs.check(table, canonical_row, mac);
}

Result<RowMacs> Barrier::row_macs() {
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  return root->row_macs();
}

Result<crypto::Digest256> Barrier::token_hmac(ByteView token) {
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  return root->token_hmac(token);
}

Result<crypto::Digest256> Barrier::audit_hmac(std::int64_t tenant, ByteView value) {
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  return root->audit_hmac(tenant, value);
}

Result<SecretBytes> Barrier::derive(std::string_view label) {
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  return root->derive(label);
}

}  // namespace kw::seal
