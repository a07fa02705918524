#include "rotation/consumer_rows.h"

#include <algorithm>

#include "store/row_set.h"

namespace kw::rotation {

namespace {

constexpr int kReadMax = 10'000;

#define KW_CONSUMER_COLUMNS                                                         \
  "c.tenant, c.name, c.environment, c.canary, c.refresh_seconds, c.lease_seconds, " \
  "c.registered_at, "                                                               \
  "c.seen_at, c.principal"

Consumer consumer_of(const store::Row& row) {
  Consumer consumer;
  consumer.tenant = row.text(0);
  consumer.name = row.text(1);
  consumer.environment = row.text(2);
  consumer.canary = row.integer(3) != 0;
  consumer.refresh = Seconds(row.integer(4));
  consumer.lease = Seconds(row.integer(5));
  consumer.registered_at = from_micros(row.integer(6));
  consumer.seen_at = from_micros(row.integer(7));
  consumer.principal = row.text(8);
  return consumer;
}

std::optional<WallTime> time_of(const store::Row& row, std::size_t column) {
  const std::optional<std::int64_t> micros = row.optional_integer(column);
  if (!micros) return std::nullopt;
  return from_micros(*micros);
}

Status put_uses(store::Tx& tx, const Consumer& consumer) {
  KW_OK(tx.execute("DELETE FROM rotation_use WHERE tenant = $1 AND consumer = $2",
                   {consumer.tenant, consumer.name}));
  for (const Subject& each : consumer.subjects) {
    KW_OK(
        tx.execute("INSERT INTO rotation_use (kind, tenant, name, consumer)"
                   " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                   {each.kind, each.tenant, each.name, consumer.name}));
  }
  return ok();
}

Status read_acks(store::Reader& reader, const Subject& subject, Consumption& into) {
  KW_TRY(
      const auto rows,
      reader.query("SELECT consumer, instance, version, loaded_at, used_at, last_at, observed_at,"
                   " failed_at"
                   " FROM rotation_ack WHERE tenant = $1 AND kind = $2 AND name = $3"
                   " ORDER BY last_at DESC LIMIT $4",
                   {subject.tenant, subject.kind, subject.name, kReadMax}));
  for (const store::Row& row : rows) {
    const auto whose = std::find_if(into.consumers.begin(), into.consumers.end(),
                                    [&](const Consumer& c) { return c.name == row.text(0); });
    if (whose == into.consumers.end()) continue;
    Acknowledgement ack;
    ack.consumer = row.text(0);
    ack.instance = row.text(1);
    ack.environment = whose->environment;
    ack.canary = whose->canary;
    ack.version = static_cast<std::uint32_t>(row.integer(2));
    ack.loaded_at = time_of(row, 3);
    ack.used_at = time_of(row, 4);
    if (const auto failed = time_of(row, 7); failed && (!ack.used_at || *ack.used_at < *failed)) {
      ack.failed = true;
      ack.loaded_at = ack.used_at = std::nullopt;
    }
    ack.last_at = from_micros(row.integer(5));
    ack.observed_at = from_micros(row.integer(6));
    ack.live = is_live(*whose, into.at) && into.at - ack.last_at < whose->lease;
    into.acknowledgements.push_back(std::move(ack));
  }
  return ok();
}

}  // namespace

Status put_consumer(store::Tx& tx, const Consumer& consumer) {
  KW_OK(tx.execute(
      "INSERT INTO rotation_consumer (tenant, name, environment, canary,"
      " refresh_seconds, lease_seconds, registered_at, seen_at, principal)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant, name) DO UPDATE"
      " SET environment = excluded.environment, canary = excluded.canary,"
      " refresh_seconds = excluded.refresh_seconds,"
      " lease_seconds = excluded.lease_seconds, seen_at = excluded.seen_at,"
      " principal = excluded.principal",
      {consumer.tenant, consumer.name, consumer.environment, consumer.canary ? 1 : 0,
       consumer.refresh.count(), consumer.lease.count(), to_micros(consumer.registered_at),
       to_micros(consumer.seen_at), consumer.principal}));
  return put_uses(tx, consumer);
}

Result<std::int64_t> delete_consumer(store::Tx& tx, std::string_view tenant,
                                     std::string_view name) {
  KW_OK(tx.execute("DELETE FROM rotation_use WHERE tenant = $1 AND consumer = $2", {tenant, name}));
  KW_OK(tx.execute("DELETE FROM rotation_ack WHERE tenant = $1 AND consumer = $2", {tenant, name}));
  return tx.execute("DELETE FROM rotation_consumer WHERE tenant = $1 AND name = $2",
                    {tenant, name});
}

Result<std::optional<Consumer>> load_consumer(store::Reader& reader, std::string_view tenant,
                                              std::string_view name) {
  KW_TRY(const auto row, reader.query_one("SELECT " KW_CONSUMER_COLUMNS
                                          " FROM rotation_consumer c WHERE c.tenant = $1"
                                          " AND c.name = $2",
                                          {tenant, name}));
  if (!row) return std::optional<Consumer>();
  Consumer consumer = consumer_of(*row);
  KW_TRY(const auto uses, reader.query("SELECT kind, tenant, name FROM rotation_use"
                                       " WHERE tenant = $1 AND consumer = $2 ORDER BY kind, name",
                                       {tenant, name}));
  for (const store::Row& each : uses)
    consumer.subjects.push_back({each.text(0), each.text(1), each.text(2)});
  return std::optional<Consumer>(std::move(consumer));
}

Result<std::optional<std::string>> load_speaker(store::Reader& reader, std::string_view tenant,
                                                std::string_view name) {
  KW_TRY(const auto row,
         reader.query_one("SELECT principal FROM rotation_consumer WHERE tenant = $1 AND name = $2",
                          {tenant, name}));
  if (!row) return std::optional<std::string>();
  const std::string principal = row->text(0);
  return std::optional<std::string>(principal.empty() ? std::string(name) : principal);
}

Result<std::vector<Consumer>> select_consumers(store::Reader& reader, std::string_view tenant,
                                               std::string_view after, int limit) {
  KW_TRY(const auto rows,
         reader.query("SELECT " KW_CONSUMER_COLUMNS " FROM rotation_consumer c WHERE c.tenant = $1"
                      " AND c.name > $2 ORDER BY c.name LIMIT $3",
                      {tenant, after, limit}));
  std::vector<Consumer> consumers;
  consumers.reserve(rows.size());
  for (const store::Row& row : rows) consumers.push_back(consumer_of(row));
  return consumers;
}

Result<std::int64_t> touch_consumer(store::Tx& tx, std::string_view tenant, std::string_view name,
                                    WallTime now) {
  return tx.execute("UPDATE rotation_consumer SET seen_at = $3 WHERE tenant = $1 AND name = $2",
                    {tenant, name, to_micros(now)});
}

Result<bool> is_used_by(store::Reader& reader, const Subject& subject, std::string_view consumer) {
  KW_TRY(const auto row,
         reader.query_one("SELECT 1 FROM rotation_use WHERE tenant = $1 AND kind = $2"
                          " AND name = $3 AND consumer = $4",
                          {subject.tenant, subject.kind, subject.name, consumer}));
  return row.has_value();
}

Result<bool> is_canary_of(store::Reader& reader, const Subject& subject,
                          std::string_view consumer) {
  KW_TRY(const auto row, reader.query_one("SELECT 1 FROM rotation_use u JOIN rotation_consumer c"
                                          " ON c.tenant = u.tenant AND c.name = u.consumer"
                                          " WHERE u.tenant = $1 AND u.kind = $2 AND u.name = $3"
                                          " AND u.consumer = $4 AND c.canary = 1",
                                          {subject.tenant, subject.kind, subject.name, consumer}));
  return row.has_value();
}

Result<bool> put_ack(store::Tx& tx, const Subject& subject, const AckRow& ack, WallTime now) {
  const std::optional<std::int64_t> at(to_micros(now));
  const std::optional<std::int64_t> used =
      ack.grade == Grade::kUsed ? at : std::optional<std::int64_t>();
  const std::optional<std::int64_t> failed =
      ack.grade == Grade::kFailed ? at : std::optional<std::int64_t>();
  KW_TRY(const auto before,
         tx.query_one("SELECT used_at, failed_at FROM rotation_ack WHERE tenant = $1 AND kind = $2"
                      " AND name = $3 AND consumer = $4 AND instance = $5 AND version = $6",
                      {subject.tenant, subject.kind, subject.name, ack.consumer, ack.instance,
                       ack.version}));
  const bool fresh = !before || (used && before->is_null(0)) || (failed && before->is_null(1));
  // Late ones do not move what the instance holds backwards.
  KW_OK(
      tx.execute("INSERT INTO rotation_ack (kind, tenant, name, consumer, instance, version,"
                 " loaded_at, used_at, last_at, observed_at, failed_at)"
                 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, $9, $10)"
                 " ON CONFLICT (tenant, kind, name, consumer, instance, version) DO UPDATE"
                 " SET used_at = CASE WHEN rotation_ack.failed_at IS NULL"
                 " THEN COALESCE(rotation_ack.used_at, excluded.used_at)"
                 " ELSE COALESCE(excluded.used_at, rotation_ack.used_at) END,"
                 " failed_at = COALESCE(excluded.failed_at, rotation_ack.failed_at),"
                 " last_at = excluded.last_at, observed_at = CASE WHEN"
                 " rotation_ack.observed_at > excluded.observed_at"
                 " THEN rotation_ack.observed_at ELSE excluded.observed_at END",
                 {subject.kind, subject.tenant, subject.name, ack.consumer, ack.instance,
                  ack.version, at, used, to_micros(ack.observed_at), failed}));
  return fresh;
}

Result<std::int64_t> count_instances(store::Reader& reader, const Subject& subject,
                                     std::string_view consumer) {
  KW_TRY(const auto row,
         reader.query_one("SELECT COUNT(*) FROM rotation_ack WHERE tenant = $1 AND kind = $2"
                          " AND name = $3 AND consumer = $4",
                          {subject.tenant, subject.kind, subject.name, consumer}));
  return row->integer(0);
}

Result<Consumption> load_consumption(store::Reader& reader, const Subject& subject, WallTime now) {
  Consumption all;
  all.at = now;
  KW_TRY(const auto rows,
         reader.query("SELECT " KW_CONSUMER_COLUMNS
                      " FROM rotation_use u JOIN rotation_consumer c ON c.tenant = u.tenant"
                      " AND c.name = u.consumer WHERE u.tenant = $1 AND u.kind = $2"
                      " AND u.name = $3 ORDER BY c.name LIMIT $4",
                      {subject.tenant, subject.kind, subject.name, kReadMax}));
  if (rows.empty()) return all;
  for (const store::Row& row : rows) all.consumers.push_back(consumer_of(row));
  KW_OK(read_acks(reader, subject, all));
  return all;
}

Result<std::set<Subject>> used_subjects(store::Reader& reader,
                                        std::span<const Subject* const> subjects) {
  store::RowSet wanted(3);
  for (const Subject* each : subjects) wanted.add({each->tenant, each->kind, each->name});
  KW_TRY(const auto rows,
         reader.query_rows("WITH r (tenant, kind, name) AS (/*rows*/)"
                           " SELECT DISTINCT u.kind, u.tenant, u.name FROM r JOIN rotation_use u"
                           " ON u.tenant = r.tenant AND u.kind = r.kind AND u.name = r.name",
                           wanted));
  std::set<Subject> used;
  for (const store::Row& row : rows) used.insert({row.text(0), row.text(1), row.text(2)});
  return used;
}

Result<std::map<Subject, ConsumerTiming>> slowest_consumers(store::Reader& reader,
                                                            std::string_view tenant) {
  KW_TRY(const auto rows,
         reader.query("SELECT u.kind, u.tenant, u.name, c.name, c.refresh_seconds"
                      " FROM rotation_use u JOIN rotation_consumer c ON c.tenant = u.tenant"
                      " AND c.name = u.consumer WHERE u.tenant = $1"
                      " ORDER BY c.refresh_seconds, c.name",
                      {tenant}));
  std::map<Subject, ConsumerTiming> slowest;
  for (const store::Row& row : rows)
    slowest[{row.text(0), row.text(1), row.text(2)}] = {
        row.text(3), Seconds(row.integer(4)), {}, {}};
  return slowest;
}

Result<Seconds> longest_refresh(store::Reader& reader, const Subject& subject) {
  KW_TRY(const auto row,
         reader.query_one("SELECT COALESCE(MAX(c.refresh_seconds), 0) FROM rotation_use u"
                          " JOIN rotation_consumer c ON c.tenant = u.tenant"
                          " AND c.name = u.consumer WHERE u.tenant = $1 AND u.kind = $2"
                          " AND u.name = $3",
                          {subject.tenant, subject.kind, subject.name}));
  return Seconds(row->integer(0));
}

}  // namespace kw::rotation
