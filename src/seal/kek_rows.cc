#include "seal/kek_rows.h"

#include <algorithm>
#include <array>

#include "base/reveal.h"
#include "crypto/random.h"
#include "store/row_set.h"

namespace kw::seal {

namespace {

constexpr std::size_t kKekBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kWrappedBytes = kNonceBytes + kKekBytes + crypto::kGcmTagBytes;

struct StateName {
  KekState state;
  std::string_view name;
};
constexpr StateName kStates[] = {{KekState::kPrimary, "primary"},
                                 {KekState::kRetiring, "retiring"},
                                 {KekState::kRetired, "retired"},
                                 {KekState::kPending, "pending"}};

std::string_view name_of(KekState state) {
  for (const StateName& row : kStates)
    if (row.state == state) return row.name;
  return "";
}

Error row_tampered() {
  return error(Code::kDataLoss, "row_tampered", "a stored row was changed outside the service");
}

Error no_primary_kek() {
  return error(Code::kFailedPrecondition, "no_primary_kek",
               "the tenant has no primary key-encryption key");
}

Bytes wrap_aad(const KekVersion& facts) {
  ByteWriter aad;
  aad.field("keywright/kek/v1").u64(static_cast<std::uint64_t>(facts.tenant)).u32(facts.version);
  return std::move(aad).bytes();
}

crypto::Digest256 mac_of(RowMacs& macs, const KekRow& row) {
  ByteWriter canonical;
  canonical.u64(static_cast<std::uint64_t>(row.facts.tenant)).u32(row.facts.version);
  canonical.field(name_of(row.facts.state)).field(row.wrapped);
  canonical.u64(static_cast<std::uint64_t>(to_micros(row.facts.created_at)));
  canonical.u64(static_cast<std::uint64_t>(row.epoch));
  return macs.of("kek", canonical.bytes());
}

// Columns: tenant, version, state, wrapped, created_at, epoch, mac.
Result<KekRow> read_row(RowMacs& macs, const store::Row& row) {
  KekRow kek;
  const auto* state = std::find_if(std::begin(kStates), std::end(kStates),
                                   [&](const StateName& s) { return s.name == row.text(2); });
  if (state == std::end(kStates)) return row_tampered();
  kek.facts = {row.integer(0), static_cast<std::uint32_t>(row.integer(1)), state->state,
               from_micros(row.integer(4))};
  kek.wrapped = row.bytes(3);
  kek.epoch = row.integer(5);
  if (!equal_constant_time(mac_of(macs, kek), row.bytes(6))) return row_tampered();
  return kek;
}

Result<KekRow> only_row(const RootKeys& root, const store::Row& row) {
  RowMacs macs = root.row_macs();
  return read_row(macs, row);
}

Result<std::vector<KekRow>> read_rows(const RootKeys& root, const store::Rows& rows) {
  RowMacs macs = root.row_macs();
  std::vector<KekRow> keks;
  keks.reserve(rows.size());
  for (const store::Row& row : rows) {
    KW_TRY(KekRow kek, read_row(macs, row));
    keks.push_back(std::move(kek));
  }
  return keks;
}

}  // namespace

Bytes new_wrapped_kek(const RootKeys& root, const KekVersion& facts) {
  const SecretBytes kek = crypto::random_secret(kKekBytes);
  crypto::GcmNonce nonce;
  crypto::random_public(nonce);
  Bytes wrapped(kWrappedBytes);
  std::copy(nonce.begin(), nonce.end(), wrapped.begin());
  crypto::Aes256Gcm(root.kek_wrap())
      .seal(nonce, wrap_aad(facts), kek.reveal(Reveal{}), std::span(wrapped).subspan(kNonceBytes));
  return wrapped;
}

KekOpener::KekOpener(const RootKeys& root) : gcm_(root.kek_wrap()) {}

Result<SecretBytes> KekOpener::open(const KekRow& row) {
  const Error failed = error(Code::kDataLoss, "unwrap_failed",
                             "a key-encryption key does not open under this root key");
  if (row.wrapped.size() != kWrappedBytes) return failed;
  crypto::GcmNonce nonce;
  std::copy_n(row.wrapped.begin(), nonce.size(), nonce.begin());
  SecretBytes kek(kKekBytes);
  const ByteView sealed = ByteView(row.wrapped).subspan(kNonceBytes);
  if (!gcm_.open(nonce, wrap_aad(row.facts), sealed, kek.reveal_mutable(Reveal{}))) return failed;
  return kek;
}

Result<SecretBytes> unwrap_kek(const RootKeys& root, const KekRow& row) {
  return KekOpener(root).open(row);
}

Result<std::vector<KekRow>> load_keks(store::Reader& reader, const RootKeys& root,
                                      std::int64_t tenant) {
  KW_TRY(const store::Rows rows,
         reader.query("SELECT tenant, version, state, wrapped, created_at, epoch, mac FROM kek"
                      " WHERE tenant = $1 ORDER BY version",
                      {tenant}));
  return read_rows(root, rows);
}

Result<KekRow> load_kek(store::Reader& reader, const RootKeys& root, std::int64_t tenant,
                        std::uint32_t version) {
  KW_TRY(const std::optional<store::Row> row,
         reader.query_one("SELECT tenant, version, state, wrapped, created_at, epoch, mac FROM kek"
                          " WHERE tenant = $1 AND version = $2",
                          {tenant, version}));
  if (!row) return error(Code::kNotFound, "no_kek", "no such version of the key-encryption key");
  return only_row(root, *row);
}

Result<KekRow> load_primary_kek(store::Reader& reader, const RootKeys& root, std::int64_t tenant) {
  KW_TRY(const std::optional<store::Row> row,
         reader.query_one("SELECT tenant, version, state, wrapped, created_at, epoch, mac FROM kek"
                          " WHERE tenant = $1 AND state = 'primary'",
                          {tenant}));
  if (!row) return no_primary_kek();
  return only_row(root, *row);
}

Result<std::vector<KekRow>> load_primary_keks(store::Reader& reader, const RootKeys& root,
                                              std::span<const std::int64_t> tenants) {
  store::RowSet wanted(1);
  for (const std::int64_t tenant : tenants) wanted.add({tenant});
  KW_TRY(const store::Rows rows,
         reader.query_rows("WITH r (tenant) AS (/*rows*/)"
                           " SELECT k.tenant, k.version, k.state, k.wrapped, k.created_at, k.epoch,"
                           " k.mac FROM r JOIN kek k ON k.tenant = r.tenant"
                           " WHERE k.state = 'primary'",
                           wanted));
  if (rows.size() != tenants.size()) return no_primary_kek();
  return read_rows(root, rows);
}

Status insert_kek(store::Tx& tx, const RootKeys& root, const KekRow& row) {
  RowMacs macs = root.row_macs();
  const crypto::Digest256 mac = mac_of(macs, row);
  KW_OK(
      tx.execute("INSERT INTO kek (tenant, version, state, wrapped, created_at, epoch, mac)"
                 " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                 {row.facts.tenant, row.facts.version, name_of(row.facts.state), row.wrapped,
                  to_micros(row.facts.created_at), row.epoch, ByteView(mac)}));
  return ok();
}

Status move_kek(store::Tx& tx, const RootKeys& root, KekRow row, KekState to) {
  const std::int64_t expected = row.epoch++;
  row.facts.state = to;
  RowMacs macs = root.row_macs();
  const crypto::Digest256 mac = mac_of(macs, row);
  KW_TRY(const std::int64_t moved, tx.execute("UPDATE kek SET state = $1, epoch = $2, mac = $3"
                                              " WHERE tenant = $4 AND version = $5 AND epoch = $6",
                                              {name_of(to), row.epoch, ByteView(mac),
                                               row.facts.tenant, row.facts.version, expected}));
  if (moved == 1) return ok();
  return error(Code::kAborted, "kek_changed", "the key-encryption key was changed meanwhile");
}

}  // namespace kw::seal
