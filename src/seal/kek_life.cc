#include <limits>

#include "base/failpoint.h"
#include "seal/barrier_state.h"

namespace kw::seal {

namespace {

// No cell of the tenant can be written beside this transaction: put() takes the same row first.
Status fence_cells(store::Tx& tx, std::int64_t tenant) {
  KW_OK(
      tx.execute("INSERT INTO sealed_head (tenant, next) VALUES ($1, 1)"
                 " ON CONFLICT (tenant) DO UPDATE SET next = sealed_head.next",
                 {tenant}));
  return ok();
}

Status require_state(const KekRow& row, KekState state) {
  if (row.facts.state == state) return ok();
  return error(Code::kFailedPrecondition, "kek_state",
               "the key-encryption key is not in the state that this step needs");
}

// Old first: the index that allows one primary per tenant is checked at each statement.
Status make_primary(store::Tx& tx, const RootKeys& root, const KekName& name, KekState from) {
  KW_OK(fence_cells(tx, name.tenant));
  KW_TRY(const KekRow next, load_kek(tx, root, name.tenant, name.version));
  KW_OK(require_state(next, from));
  KW_TRY(const KekRow old, load_primary_kek(tx, root, name.tenant));
  KW_OK(move_kek(tx, root, old, KekState::kRetiring));
  KW_FAILPOINT("kek.promote.between");
  return move_kek(tx, root, next, KekState::kPrimary);
}

}  // namespace

Result<std::uint32_t> Barrier::create_kek(store::Tx& tx, std::int64_t tenant) {
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  KW_OK(check_tenant(tenant));
  KW_TRY(const std::optional<store::Row> last,
         tx.query_one("SELECT version FROM kek WHERE tenant = $1 ORDER BY version DESC LIMIT 1",
                      {tenant}));
  const std::int64_t version = last ? last->integer(0) + 1 : 1;
  if (version > std::numeric_limits<std::uint32_t>::max())
    return error(Code::kResourceExhausted, "kek_versions_exhausted",
                 "the tenant has no free key-encryption key version");
  KekRow row;
  row.facts = {tenant, static_cast<std::uint32_t>(version),
               last ? KekState::kPending : KekState::kPrimary, state_->clock.wall()};
  row.wrapped = new_wrapped_kek(*root, row.facts);
  // What comes back must be what went in before anything is sealed under it.
  KW_OK(unwrap_kek(*root, row));
  KW_FAILPOINT("kek.create");
  KW_OK(insert_kek(tx, *root, row));
  return row.facts.version;
}

Status Barrier::promote_kek(store::Tx& tx, std::int64_t tenant, std::uint32_t version) {
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  KW_FAILPOINT("kek.promote");
  return make_primary(tx, *root, {tenant, version}, KekState::kPending);
}

Status Barrier::restore_kek(store::Tx& tx, std::int64_t tenant, std::uint32_t version) {
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  KW_FAILPOINT("kek.restore");
  return make_primary(tx, *root, {tenant, version}, KekState::kRetiring);
}

Status Barrier::retire_kek(store::Tx& tx, std::int64_t tenant, std::uint32_t version) {
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  KW_FAILPOINT("kek.retire");
  KW_TRY(const KekRow row, load_kek(tx, *root, tenant, version));
  KW_OK(require_state(row, KekState::kRetiring));
  return move_kek(tx, *root, row, KekState::kRetired);
}

Result<std::vector<KekVersion>> Barrier::keks(store::Reader& reader, std::int64_t tenant) {
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  KW_TRY(const std::vector<KekRow> rows, load_keks(reader, *root, tenant));
  std::vector<KekVersion> versions;
  versions.reserve(rows.size());
  for (const KekRow& row : rows) versions.push_back(row.facts);
  return versions;
}

Result<std::uint32_t> Barrier::primary_kek(std::int64_t tenant) {
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  KW_OK(check_tenant(tenant));
  if (const auto known = state_->keys.primary(tenant)) return *known;
  const std::uint64_t generation = state_->keys.generation();
  KekName primary{tenant, 0};
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const KekRow row, load_primary_kek(reader, *root, tenant));
    primary.version = row.facts.version;
    return ok();
  }));
  state_->keys.keep_primary(root, primary, generation);
  return primary.version;
}

void Barrier::refresh_keks(std::int64_t tenant) {
  state_->keys.forget(tenant);
}

}  // namespace kw::seal
