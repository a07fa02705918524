#include "base/failpoint.h"
#include "seal/barrier_state.h"

namespace kw::seal {

namespace {

constexpr std::int64_t kSequenceEnd = std::int64_t{1} << kCellSequenceBits;
constexpr std::string_view kCellTable = "sealed_cell";

Error cell_missing(Code code) {
  return error(code, "cell_missing", "a sealed cell is not in the store");
}

// The head's row stays locked until commit: cells of a tenant come one after the other, and never
// beside a change of its primary KEK. @returns the first of `count` ids in a row.
Result<std::int64_t> next_cells(store::Tx& tx, std::int64_t tenant, std::int64_t count) {
  KW_TRY(const std::optional<store::Row> row,
         tx.query_one("INSERT INTO sealed_head (tenant, next) VALUES ($1, $3)"
                      " ON CONFLICT (tenant) DO UPDATE SET next = sealed_head.next + $2"
                      " RETURNING next",
                      {tenant, count, count + 1}));
  KW_CHECK(row.has_value());
  const std::int64_t last = row->integer(0) - 1;
  if (last >= kSequenceEnd)
    return error(Code::kResourceExhausted, "cell_ids_exhausted", "the tenant has no free cell ids");
  return tenant * kSequenceEnd + last - count + 1;
}

}  // namespace

Result<std::int64_t> Barrier::put(store::Tx& tx, std::int64_t tenant, const SealContext& context,
                                  const SecretBytes& secret) {
  const ToSeal one{context, &secret};
  return put_all(tx, tenant, {&one, 1});
}

Result<std::int64_t> Barrier::put_all(store::Tx& tx, std::int64_t tenant,
                                      std::span<const ToSeal> secrets) {
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  KW_OK(check_tenant(tenant));
  for (const ToSeal& each : secrets) KW_OK(check_secret(*each.secret));
  KW_FAILPOINT("seal.cell.put");
  KW_TRY(const std::int64_t first,
         next_cells(tx, tenant, static_cast<std::int64_t>(secrets.size())));
  KW_TRY(const KekRow primary, load_primary_kek(tx, *root, tenant));
  const KekName name{tenant, primary.facts.version};
  KekPtr kek = state_->keys.find(name);
  if (!kek) {
    KW_TRY(SecretBytes unwrapped, unwrap_kek(*root, primary));
    kek = std::make_shared<const SecretBytes>(std::move(unwrapped));
  }
  std::int64_t id = first;
  for (const ToSeal& each : secrets) {
    const store::Sealed sealed(make_cell(name, *kek, each.context, *each.secret));
    KW_OK(tx.post("INSERT INTO sealed_cell (id, cell) VALUES ($1, $2)", {id++, sealed}));
  }
  return first;
}

Result<SecretBytes> Barrier::get(store::Reader& reader, std::int64_t cell,
                                 const SealContext& context) {
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  KW_TRY(const std::optional<store::Row> row,
         reader.query_one("SELECT cell FROM sealed_cell WHERE id = $1", {cell}));
  if (!row) return cell_missing(Code::kDataLoss);
  const Bytes& bytes = row->bytes(0);
  KW_TRY(const std::uint32_t version, cell_version(bytes));
  const KekName name{cell / kSequenceEnd, version};
  KW_TRY(const KekPtr kek, state_->kek_through(reader, root, name));
  return open_cell(name, *kek, context, bytes);
}

Status Barrier::erase(store::Tx& tx, std::int64_t cell) {
  KW_OK(state_->keys.root());
  KW_TRY(const std::vector<store::Cell> found, tx.read_cells(kCellTable, cell - 1, cell, 1));
  if (found.empty()) return cell_missing(Code::kNotFound);
  const Bytes zeros(found[0].bytes.size(), 0);
  KW_TRY(const std::uint32_t version, ByteReader(found[0].bytes).u32());
  const store::CellUpdate update{cell, version, zeros};
  KW_FAILPOINT("seal.cell.erase");
  KW_TRY(const std::int64_t written, tx.write_cells(kCellTable, {&update, 1}));
  if (written != 1) return error(Code::kAborted, "cell_changed", "the cell was changed meanwhile");
  KW_OK(tx.execute("DELETE FROM sealed_cell WHERE id = $1", {cell}));
  return ok();
}

}  // namespace kw::seal
