#include "codec/json.h"
#include "secrets/rows.h"

namespace kw::secrets::rows {

namespace {

constexpr std::string_view kTable = "secret_object";

/// A row as it was parsed; the versions are to fit it.
struct SecretRow {
  Secret secret;
  std::int64_t next_version = 1;
  std::int64_t version_changes = 0;  // sum of the versions' epochs: one set back alone shows
};

std::int64_t version_changes(const Secret& secret) {
  std::int64_t sum = 0;
  for (const Version& each : secret.versions) sum += each.epoch;
  return sum;
}

std::int64_t next_version(const Secret& secret) {
  return static_cast<std::int64_t>(secret.versions.size()) + 1;
}

std::string regions_text(const std::vector<std::string>& regions) {
  codec::JsonWriter json;
  json.begin_array();
  for (const std::string& each : regions) json.value(each);
  json.end_array();
  return std::string(json.text());
}

std::string labels_text(const std::map<std::string, std::string>& labels) {
  return settings_text(Settings(labels.begin(), labels.end()));
}

Result<std::vector<std::string>> parse_regions(std::string_view text) {
  KW_TRY(const auto document, codec::JsonDocument::parse(text));
  std::vector<std::string> all;
  for (const codec::JsonView& each : document.root().elements()) {
    KW_TRY(const std::string_view region, each.text());
    all.emplace_back(region);
  }
  return all;
}

Bytes canonical(const Secret& secret, std::int64_t next, std::int64_t changes) {
  const Metadata& said = secret.metadata;
  ByteWriter out;
  out.raw(secret.id.bytes())
      .u64(static_cast<std::uint64_t>(secret.tenant))
      .field(secret.tenant_name)
      .field(secret.path)
      .field(shape_name(secret.shape))
      .field(said.type)
      .field(said.owner)
      .field(said.classification)
      .field(said.description)
      .field(regions_text(said.regions))
      .field(labels_text(said.labels))
      .field(secret.generator)
      .field(secret.template_text)
      .field(secret.target)
      .field(settings_text(secret.account))
      .u64(static_cast<std::uint64_t>(to_micros(secret.created_at)));
  write_time(out, secret.deleted_at);
  out.u32(secret.primary)
      .u32(secret.rollout.version)
      .u8(static_cast<std::uint8_t>(secret.rollout.percent))
      .field(secret.rollout.salt)
      .u64(static_cast<std::uint64_t>(next))
      .u64(static_cast<std::uint64_t>(changes))
      .u64(static_cast<std::uint64_t>(secret.epoch));
  // Rows that are older than the column have none, and their MAC holds.
  if (!said.instructions.empty()) out.field(said.instructions);
  return std::move(out).bytes();
}

Result<std::uint32_t> number_of(std::int64_t stored) {
  if (stored < 0 || stored > UINT32_MAX) return tampered();
  return static_cast<std::uint32_t>(stored);
}

Status parse_metadata(const store::Row& row, Metadata& into) {
  into.type = row.text(4);
  into.owner = row.text(5);
  into.classification = row.text(6);
  into.description = row.text(7);
  KW_TRY(into.regions, parse_regions(row.text(8)));
  KW_TRY(const Settings labels, parse_settings(row.text(9)));
  into.labels.insert(labels.begin(), labels.end());
  into.instructions = row.text(25);
  return ok();
}

// Values that do not parse were not written by us: the caller reports them as tampering.
Result<SecretRow> parse(const store::Row& row) {
  SecretRow parsed;
  Secret& secret = parsed.secret;
  KW_TRY(secret.id, SecretId::from_bytes(row.bytes(0)));
  secret.tenant = row.integer(1);
  secret.tenant_name = row.text(24);
  secret.path = row.text(2);
  KW_TRY(secret.shape, parse_shape(row.text(3)));
  KW_OK(parse_metadata(row, secret.metadata));
  secret.generator = row.text(10);
  secret.template_text = row.text(11);
  secret.target = row.text(12);
  KW_TRY(secret.account, parse_settings(row.text(13)));
  secret.created_at = from_micros(row.integer(14));
  secret.deleted_at = time_of(row.optional_integer(15));
  KW_TRY(secret.primary, number_of(row.integer(16)));
  KW_TRY(secret.rollout.version, number_of(row.integer(17)));
  if (row.integer(18) < 0 || row.integer(18) > 99) return tampered();
  secret.rollout.percent = static_cast<int>(row.integer(18));
  secret.rollout.salt = row.bytes(19);
  parsed.next_version = row.integer(20);
  parsed.version_changes = row.integer(21);
  secret.epoch = row.integer(22);
  return parsed;
}

bool fits(const SecretRow& row, const std::vector<Version>& versions) {
  if (static_cast<std::int64_t>(versions.size()) + 1 != row.next_version) return false;
  std::uint32_t number = 0, primary = 0;
  std::int64_t changes = 0;
  for (const Version& each : versions) {
    if (each.number != ++number) return false;
    if (each.state == VersionState::kPrimary && primary != 0) return false;
    if (each.state == VersionState::kPrimary) primary = number;
    changes += each.epoch;
  }
  return primary == row.secret.primary && changes == row.version_changes;
}

Result<std::optional<Secret>> completed(Source source, const std::optional<store::Row>& row) {
  if (!row) return std::optional<Secret>();
  KW_TRY(Secret secret, secret_of(source, *row));
  return std::optional<Secret>(std::move(secret));
}

}  // namespace

Error tampered() {
  return error(Code::kDataLoss, "row_tampered", "a stored row does not match its MAC");
}

Error stale_epoch() {
  return error(Code::kAborted, "stale_epoch",
               "the secret was changed meanwhile: read it again and repeat");
}

std::optional<std::int64_t> micros(const std::optional<WallTime>& time) {
  if (!time) return std::nullopt;
  return to_micros(*time);
}

std::optional<WallTime> time_of(const std::optional<std::int64_t>& stored) {
  if (!stored) return std::nullopt;
  return from_micros(*stored);
}

void write_time(ByteWriter& out, const std::optional<WallTime>& time) {
  out.u8(time.has_value() ? 1 : 0);
  if (time) out.u64(static_cast<std::uint64_t>(to_micros(*time)));
}

std::string settings_text(const Settings& settings) {
  codec::JsonWriter json;
  json.begin_object();
  for (const auto& [name, value] : settings) json.member(name, value);
  json.end_object();
  return std::string(json.text());
}

Result<Settings> parse_settings(std::string_view text) {
  KW_TRY(const auto document, codec::JsonDocument::parse(text));
  Settings all;
  for (const auto& [name, value] : document.root().members()) {
    KW_TRY(const std::string_view said, value.text());
    all.emplace(name, said);
  }
  return all;
}

Result<Secret> secret_of(Source source, const store::Row& found) {
  auto row = parse(found);
  if (!row) return tampered();
  KW_OK(source.barrier.check_row(
      kTable, canonical(row->secret, row->next_version, row->version_changes), found.bytes(23)));
  KW_TRY(std::vector<Version> versions, versions_of(source, row->secret.id));
  if (!fits(*row, versions)) return tampered();
  row->secret.versions = std::move(versions);
  return std::move(row->secret);
}

Result<std::optional<Secret>> find_secret(Source source, std::int64_t tenant,
                                          std::string_view path) {
  static const std::string kSql = "SELECT " + std::string(kSecretColumns) +
                                  " FROM secret_object s WHERE s.tenant = $1 AND s.path = $2";
  KW_TRY(const auto row, source.reader.query_one(kSql, {tenant, path}));
  return completed(source, row);
}

Result<std::optional<Secret>> find_secret(Source source, const SecretId& id) {
  static const std::string kSql =
      "SELECT " + std::string(kSecretColumns) + " FROM secret_object s WHERE s.id = $1";
  KW_TRY(const auto row, source.reader.query_one(kSql, {id.bytes()}));
  return completed(source, row);
}

Result<bool> insert_secret(Sink sink, const Secret& secret) {
  const std::int64_t next = next_version(secret), changes = version_changes(secret);
  const Metadata& said = secret.metadata;
  KW_TRY(const auto mac, sink.barrier.row_mac(kTable, canonical(secret, next, changes)));
  KW_TRY(const std::int64_t written,
         sink.tx.execute(
             "INSERT INTO secret_object (id, tenant, path, shape, type, owner, classification,"
             " description, regions, labels, generator, template, target, account, created_at,"
             " deleted_at, primary_version, rollout_version, rollout_percent, rollout_salt,"
             " next_version, version_changes, epoch, mac, tenant_name, instructions) VALUES"
             " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
             " $19, $20, $21, $22, $23, $24, $25, $26) ON CONFLICT DO NOTHING",
             {secret.id.bytes(),
              secret.tenant,
              secret.path,
              shape_name(secret.shape),
              said.type,
              said.owner,
              said.classification,
              said.description,
              regions_text(said.regions),
              labels_text(said.labels),
              secret.generator,
              secret.template_text,
              secret.target,
              settings_text(secret.account),
              to_micros(secret.created_at),
              micros(secret.deleted_at),
              secret.primary,
              secret.rollout.version,
              secret.rollout.percent,
              secret.rollout.salt,
              next,
              changes,
              secret.epoch,
              ByteView(mac),
              secret.tenant_name,
              said.instructions}));
  return written == 1;
}

Status update_secret(Sink sink, Secret& secret) {
  const std::int64_t expected = secret.epoch++;
  const std::int64_t next = next_version(secret), changes = version_changes(secret);
  const Metadata& said = secret.metadata;
  KW_TRY(const auto mac, sink.barrier.row_mac(kTable, canonical(secret, next, changes)));
  KW_TRY(
      const std::int64_t written,
      sink.tx.execute("UPDATE secret_object SET type = $1, owner = $2, classification = $3,"
                      " description = $4, regions = $5, labels = $6, generator = $7, template = $8,"
                      " target = $9, account = $10, deleted_at = $11, primary_version = $12,"
                      " rollout_version = $13, rollout_percent = $14, rollout_salt = $15,"
                      " next_version = $16, version_changes = $17, epoch = $18, mac = $19,"
                      " instructions = $20 WHERE id = $21 AND epoch = $22",
                      {said.type,
                       said.owner,
                       said.classification,
                       said.description,
                       regions_text(said.regions),
                       labels_text(said.labels),
                       secret.generator,
                       secret.template_text,
                       secret.target,
                       settings_text(secret.account),
                       micros(secret.deleted_at),
                       secret.primary,
                       secret.rollout.version,
                       secret.rollout.percent,
                       secret.rollout.salt,
                       next,
                       changes,
                       secret.epoch,
                       ByteView(mac),
                       said.instructions,
                       secret.id.bytes(),
                       expected}));
  if (written != 1) return stale_epoch();
  return ok();
}

Status write_references(store::Tx& tx, const Secret& secret,
                        const std::vector<std::string>& paths) {
  KW_OK(tx.execute("DELETE FROM secret_reference WHERE secret_id = $1", {secret.id.bytes()}));
  for (const std::string& path : paths)
    KW_OK(
        tx.execute("INSERT INTO secret_reference (tenant, source, secret_id)"
                   " VALUES ($1, $2, $3)",
                   {secret.tenant, path, secret.id.bytes()}));
  return ok();
}

Result<std::vector<SecretId>> dependents(store::Reader& reader, std::int64_t tenant,
                                         std::string_view path) {
  KW_TRY(const store::Rows rows,
         reader.query("SELECT secret_id FROM secret_reference WHERE tenant = $1 AND source = $2"
                      " ORDER BY secret_id LIMIT 1000",
                      {tenant, path}));
  std::vector<SecretId> all;
  for (const store::Row& row : rows) {
    KW_TRY(const SecretId id, SecretId::from_bytes(row.bytes(0)));
    all.push_back(id);
  }
  return all;
}

}  // namespace kw::secrets::rows
