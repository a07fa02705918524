#include "secrets/api_key_rows.h"

#include <array>

namespace kw::secrets {

namespace {

constexpr std::string_view kTables = R"sql(
CREATE TABLE api_key (
  id BYTEA PRIMARY KEY,
  tenant BIGINT NOT NULL,
  tenant_name TEXT NOT NULL,
  client TEXT NOT NULL,
  number BIGINT NOT NULL,
  digest BYTEA NOT NULL,
  state TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  epoch BIGINT NOT NULL,
  mac BYTEA NOT NULL,
  UNIQUE (tenant, client, number)
);
CREATE TABLE api_key_use (
  id BYTEA PRIMARY KEY,
  uses BIGINT NOT NULL,
  last_at BIGINT NOT NULL
);
)sql";

constexpr std::array<store::Migration, 1> kMigrations = {{{"api_keys", 1, kTables}}};

constexpr std::string_view kTable = "api_key";

}  // namespace

std::span<const store::Migration> api_key_migrations() {
  return kMigrations;
}

std::string_view api_key_state_name(ApiKeyState state) {
  constexpr std::string_view kNames[] = {"live", "suspended", "revoked"};
  return kNames[static_cast<std::size_t>(state)];
}

namespace rows {

namespace {

Error tampered() {
  return error(Code::kDataLoss, "row_tampered", "a stored API key was changed behind our back");
}

Result<ApiKeyState> parse_state(std::string_view name) {
  for (const auto state : {ApiKeyState::kLive, ApiKeyState::kSuspended, ApiKeyState::kRevoked})
    if (api_key_state_name(state) == name) return state;
  return tampered();
}

std::optional<std::int64_t> micros(const std::optional<WallTime>& time) {
  return time ? std::optional(to_micros(*time)) : std::nullopt;
}

Bytes canonical(const StoredApiKey& stored) {
  const ApiKey& key = stored.key;
  ByteWriter out;
  out.raw(key.id.bytes())
      .u64(static_cast<std::uint64_t>(key.tenant))
      .field(key.tenant_name)
      .field(key.client)
      .u32(key.number)
      .field(ByteView(stored.digest))
      .field(api_key_state_name(key.state))
      .u64(static_cast<std::uint64_t>(to_micros(key.created_at)))
      .u8(key.expires_at ? 1 : 0)
      .u64(static_cast<std::uint64_t>(micros(key.expires_at).value_or(0)))
      .u64(static_cast<std::uint64_t>(key.epoch));
  return std::move(out).bytes();
}

Result<StoredApiKey> parsed(seal::Barrier& barrier, const store::Row& row) {
  StoredApiKey stored;
  ApiKey& key = stored.key;
  KW_TRY(key.id, ApiKeyId::from_bytes(row.bytes(0)));
  key.tenant = row.integer(1);
  key.tenant_name = row.text(2);
  key.client = row.text(3);
  key.number = static_cast<std::uint32_t>(row.integer(4));
  stored.digest = row.bytes(5);
  KW_TRY(key.state, parse_state(row.text(6)));
  key.created_at = from_micros(row.integer(7));
  if (const auto end = row.optional_integer(8)) key.expires_at = from_micros(*end);
  key.epoch = row.integer(9);
  KW_OK(barrier.check_row(kTable, canonical(stored), row.bytes(10)));
  if (const auto uses = row.optional_integer(11)) key.uses = *uses;
  if (const auto last = row.optional_integer(12)) key.last_used = from_micros(*last);
  return stored;
}

}  // namespace

Result<std::vector<StoredApiKey>> api_keys_of(store::Reader& reader, seal::Barrier& barrier,
                                              std::int64_t tenant, std::string_view client) {
  KW_TRY(const store::Rows found,
         reader.query("SELECT k.id, k.tenant, k.tenant_name, k.client, k.number, k.digest, k.state,"
                      " k.created_at, k.expires_at, k.epoch, k.mac, u.uses, u.last_at"
                      " FROM api_key k LEFT JOIN api_key_use u ON u.id = k.id"
                      " WHERE k.tenant = $1 AND (k.client = $2 OR $3 = '')"
                      " ORDER BY k.client, k.number DESC LIMIT 10000",
                      {tenant, client, client}));
  std::vector<StoredApiKey> all;
  for (const store::Row& row : found) {
    KW_TRY(StoredApiKey stored, parsed(barrier, row));
    all.push_back(std::move(stored));
  }
  return all;
}

Result<std::optional<StoredApiKey>> find_api_key(store::Reader& reader, seal::Barrier& barrier,
                                                 const ApiKeyId& id) {
  KW_TRY(const auto found,
         reader.query_one(
             "SELECT k.id, k.tenant, k.tenant_name, k.client, k.number, k.digest, k.state,"
             " k.created_at, k.expires_at, k.epoch, k.mac, u.uses, u.last_at"
             " FROM api_key k LEFT JOIN api_key_use u ON u.id = k.id WHERE k.id = $1",
             {id.bytes()}));
  if (!found) return std::optional<StoredApiKey>();
  KW_TRY(StoredApiKey stored, parsed(barrier, *found));
  return std::optional(std::move(stored));
}

Status insert_api_key(store::Tx& tx, seal::Barrier& barrier, const StoredApiKey& stored) {
  const ApiKey& key = stored.key;
  KW_TRY(const auto mac, barrier.row_mac(kTable, canonical(stored)));
  const auto written = tx.execute(
      "INSERT INTO api_key (id, tenant, tenant_name, client, number, digest, state, created_at,"
      " expires_at, epoch, mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
      {key.id.bytes(), key.tenant, key.tenant_name, key.client, key.number, stored.digest,
       api_key_state_name(key.state), to_micros(key.created_at), micros(key.expires_at), key.epoch,
       ByteView(mac)});
  if (written) return ok();
  // Two nodes issued at once: the second reads again.
  if (written.error().reason == "unique_violation")
    return error(Code::kAborted, "stale_epoch", "the client got another key meanwhile");
  return written.error();
}

Status update_api_key(store::Tx& tx, seal::Barrier& barrier, StoredApiKey& stored) {
  ApiKey& key = stored.key;
  const std::int64_t expected = key.epoch++;
  KW_TRY(const auto mac, barrier.row_mac(kTable, canonical(stored)));
  KW_TRY(const std::int64_t changed,
         tx.execute("UPDATE api_key SET state = $1, expires_at = $2, epoch = $3, mac = $4"
                    " WHERE id = $5 AND epoch = $6",
                    {api_key_state_name(key.state), micros(key.expires_at), key.epoch,
                     ByteView(mac), key.id.bytes(), expected}));
  if (changed == 1) return ok();
  return error(Code::kAborted, "stale_epoch", "the key was changed meanwhile: read it again");
}

}  // namespace rows

}  // namespace kw::secrets
