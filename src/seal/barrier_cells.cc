#include <map>

#include "base/failpoint.h"
#include "base/reveal.h"
#include "seal/barrier_state.h"
#include "seal/cell.h"
#include "store/row_set.h"

namespace kw::seal {

namespace {

constexpr std::int64_t kSequenceEnd = std::int64_t{1} << kCellSequenceBits;
constexpr std::string_view kCellTable = "sealed_cell";

Error cell_missing(Code code) {
  return error(code, "cell_missing", "a sealed cell is not in the store");
}

Error ids_exhausted() {
  return error(Code::kResourceExhausted, "cell_ids_exhausted", "the tenant has no free cell ids");
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
  if (last >= kSequenceEnd) return ids_exhausted();
  return tenant * kSequenceEnd + last - count + 1;
}

// As next_cells for several tenants at once, in their order: the number before each one's first id.
Status take_cells(store::Tx& tx, std::map<std::int64_t, std::int64_t>& counts) {
  store::RowSet wanted(2);
  for (const auto& [tenant, count] : counts) wanted.add({tenant, count + 1});
  KW_TRY(const store::Rows heads,
         tx.query_rows("WITH r (tenant, next) AS (/*rows*/)"
                       " INSERT INTO sealed_head (tenant, next) SELECT r.* FROM r"
                       " WHERE true ON CONFLICT (tenant) DO UPDATE"
                       " SET next = sealed_head.next + excluded.next - 1 RETURNING tenant, next",
                       wanted));
  KW_CHECK(heads.size() == counts.size());
  for (const store::Row& head : heads) {
    const std::int64_t tenant = head.integer(0), last = head.integer(1) - 1;
    if (last >= kSequenceEnd) return ids_exhausted();
    std::int64_t& place = counts[tenant];
    place = tenant * kSequenceEnd + last - place;
  }
  return ok();
}

Status insert_cells(store::Tx& tx, const store::RowSet& cells) {
  return tx.post_rows(
      "WITH r (id, cell) AS (/*rows*/) INSERT INTO sealed_cell (id, cell) SELECT r.* FROM r",
      cells);
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
  store::RowSet cells(2);
  for (const ToSeal& each : secrets)
    cells.add({id++, cells.keep(make_cell(name, *kek, each.context, *each.secret))});
  KW_OK(insert_cells(tx, cells));
  return first;
}

Result<std::vector<std::int64_t>> Barrier::put_each(store::Tx& tx,
                                                    std::span<const ToSealFor> secrets) {
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  std::map<std::int64_t, std::int64_t> places;
  for (const ToSealFor& each : secrets) {
    KW_OK(check_tenant(each.tenant));
    KW_OK(check_secret(*each.what.secret));
    ++places[each.tenant];
  }
  KW_FAILPOINT("seal.cell.put");
  KW_OK(take_cells(tx, places));
  std::vector<std::int64_t> tenants;
  tenants.reserve(places.size());
  for (const auto& [tenant, place] : places) tenants.push_back(tenant);
  KW_TRY(const std::vector<KekRow> primaries, load_primary_keks(tx, *root, tenants));
  KekOpener opener(*root);
  std::map<std::int64_t, CellCipher> ciphers;
  for (const KekRow& primary : primaries) {
    const KekName name{primary.facts.tenant, primary.facts.version};
    KekPtr kek = state_->keys.find(name);
    if (!kek) {
      KW_TRY(SecretBytes unwrapped, opener.open(primary));
      kek = std::make_shared<const SecretBytes>(std::move(unwrapped));
    }
    ciphers.try_emplace(name.tenant, name, *kek);
  }
  std::vector<std::int64_t> ids;
  store::RowSet cells(2);
  for (const ToSealFor& each : secrets) {
    Bytes cell(each.what.secret->size() + kCellOverheadBytes);
    ciphers.at(each.tenant)
        .seal(each.what.context.binding(), each.what.secret->reveal(Reveal{}), cell);
    ids.push_back(++places[each.tenant]);
    cells.add({ids.back(), cells.keep(std::move(cell))});
  }
  KW_OK(insert_cells(tx, cells));
  return ids;
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
