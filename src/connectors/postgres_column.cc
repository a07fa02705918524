#include "connectors/postgres_column.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/failpoint.h"
#include "connectors/aad_template.h"
#include "connectors/key_text.h"
#include "connectors/postgres_checkpoint.h"
#include "connectors/postgres_link.h"
#include "connectors/postgres_probe.h"
#include "connectors/postgres_statements.h"
#include "crypto/algorithm.h"
#include "crypto/envelope_start.h"

namespace kw::connectors {

namespace {

using rotation::Census;
using rotation::Checkpoint;
using rotation::Page;
using rotation::PageRequest;
using rotation::Rewrite;

constexpr std::size_t kNameBytesMax = 63;  // PostgreSQL cuts longer identifiers off

class Column final : public rotation::DataStore {
 public:
  Column(PostgresColumn column, PlaceNames names, std::unique_ptr<PostgresLink> link,
         PostgresTable table, AadTemplate aad)
      : column_(std::move(column)),
        names_(std::move(names)),
        link_(std::move(link)),
        table_(std::move(table)),
        statements_(statements_of(table_)),
        aad_(std::move(aad)) {}

  Result<std::optional<Checkpoint>> resume(std::string_view job) override {
    KW_OK(prepare_checkpoints(*link_, column_.own_schema));
    job_ = job;
    probe_ = std::make_unique<PostgresProbe>(column_.terms, column_.own_schema, statements_.look_up,
                                             job_);
    return load_checkpoint(*link_, column_.own_schema, job);
  }
  bool has_hot() const override { return !table_.recency.empty(); }
  Result<Census> census() override;
  Result<bool> settled(std::string_view moment) override;
  Result<Page> next(const PageRequest& request) override;
  Result<std::vector<std::size_t>> replace(std::span<const Rewrite> rewrites) override;
  Status commit(const Checkpoint& checkpoint) override;
  void abandon() override;
  Result<rotation::Pressure> pressure(double allowed) override {
    return probe_ == nullptr ? rotation::Pressure{} : probe_->pressure(allowed);
  }

 private:
  Result<PostgresRows> ask_page(const PageRequest& request, std::string& since);
  void add_row(const PostgresRows& rows, int row, Page& page);
  Status begin();
  Bytes aad_of(const std::vector<std::string>& key) const;
  std::optional<crypto::EnvelopeHeader> peek(ByteView start) const;

  const PostgresColumn column_;
  const PlaceNames names_;
  const std::unique_ptr<PostgresLink> link_;
  const PostgresTable table_;
  const PostgresStatements statements_;
  const AadTemplate aad_;
  std::unique_ptr<PostgresProbe> probe_;
  std::vector<std::vector<std::string>> keys_;  // of the items of the page
  std::vector<Bytes> values_;
  std::string job_;
  bool open_ = false;  // a transaction
};

std::optional<crypto::EnvelopeHeader> Column::peek(ByteView start) const {
  return table_.text ? crypto::peek_envelope_text(as_text(start)) : crypto::peek_envelope(start);
}

Bytes Column::aad_of(const std::vector<std::string>& key) const {
  return aad_.fill({{"tenant", names_.tenant},
                    {"store", names_.place},
                    {"schema", column_.schema},
                    {"table", column_.table},
                    {"column", column_.column},
                    {"pk", key_name(key)}});
}

// One snapshot: the counts and the transactions that were under way are of the same moment.
Result<Census> Column::census() {
  if (probe_ != nullptr) KW_OK(make_durable(*link_, column_.own_schema, job_));
  KW_OK(
      link_->run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                 "SET LOCAL statement_timeout = 0"));
  open_ = true;
  auto counted = [&]() -> Result<Census> {
    Census census;
    KW_TRY(const PostgresRows moment,
           link_->ask("SELECT pg_snapshot_xmax(pg_current_snapshot())::text || ' ' ||"
                      " (extract(epoch from clock_timestamp()) * 1000000)::bigint::text"));
    census.moment = std::string(moment.text(0, 0));
    KW_TRY(const PostgresRows rows, link_->ask(statements_.census));
    for (int row = 0; row < rows.size(); ++row) {
      const auto header = rows.is_null(row, 0) ? std::nullopt : peek(rows.bytes(row, 0));
      const bool ours = header && header->key == names_.key;
      std::int64_t& count = ours ? census.by_version[header->version] : census.others;
      count += rows.integer(row, 1);
    }
    return census;
  }();
  abandon();
  return counted;
}

// Transactions with a number by the snapshot, which everybody may see; the others by their start,
// as far as this user sees them.
Result<bool> Column::settled(std::string_view moment) {
  const std::size_t space = moment.find(' ');
  if (space == std::string_view::npos) return true;  // of another kind of store
  PostgresParams then;
  then.text(moment.substr(0, space)).text(moment.substr(space + 1));
  KW_TRY(const PostgresRows rows,
         link_->ask("SELECT (pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 AND NOT EXISTS"
                    " (SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
                    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
                    " AND xact_start < to_timestamp($2::bigint / 1000000.0)))::int::bigint",
                    then));
  return rows.integer(0, 0) == 1;
}

// What envelopes under the target begin with: one start for each suite.
PostgresParams target_starts(const KeyId& key, std::uint32_t target, bool text) {
  std::vector<Bytes> starts;
  std::vector<std::string> texts;
  for (const crypto::AlgorithmInfo& info : crypto::algorithms()) {
    if (info.suite == 0) continue;
    crypto::EnvelopeHeader header;
    header.suite = info.suite;
    header.key = key;
    header.version = target;
    starts.push_back(crypto::encode_header(header));
    starts.back().resize(crypto::kEnvelopeStartBytes);
    texts.push_back(crypto::envelope_text(starts.back()));
  }
  PostgresParams params;
  if (text) {
    params.texts({texts.begin(), texts.end()});
  } else {
    params.byte_strings({starts.begin(), starts.end()});
  }
  return params;
}

// The cursor of hot rows also tells since when a row is hot, so that the set stands still.
Result<PostgresRows> Column::ask_page(const PageRequest& request, std::string& since) {
  PostgresParams params = target_starts(names_.key, request.target, table_.text);
  params.integer(static_cast<std::int64_t>(request.limit));
  const std::size_t keys = table_.key.size();
  std::vector<std::string> after;
  if (!request.after.empty()) {
    KW_TRY(after, key_values(request.after, keys + (request.hot ? 1 : 0)));
    if (request.hot) {
      since = after.front();
      after.erase(after.begin());
    }
    for (const std::string& value : after) params.text(value);
  } else if (request.hot) {
    PostgresParams age;
    age.integer(column_.hot.count());
    KW_TRY(const PostgresRows rows, link_->ask(statements_.hot_since, age));
    since = std::string(rows.text(0, 0));
  }
  if (request.hot) params.text(since);
  const std::string& sql = request.hot
                               ? (after.empty() ? statements_.hot_first : statements_.hot_next)
                               : (after.empty() ? statements_.first : statements_.next);
  return link_->ask(sql, params);
}

void Column::add_row(const PostgresRows& rows, int row, Page& page) {
  const int keys = static_cast<int>(table_.key.size());
  const auto fate = static_cast<RowFate>(rows.integer(row, keys));
  if (fate == RowFate::kOnTarget) return;
  std::vector<std::string> key;
  key.reserve(table_.key.size());
  for (int i = 0; i < keys; ++i) key.emplace_back(rows.text(row, i));
  rotation::DataItem item;
  item.name = key_name(key);
  item.aad = aad_of(key);
  if (fate == RowFate::kTooLarge) {
    item.unfit = rotation::QuarantineReason::kTooLarge;
  } else {
    item.ciphertext = to_bytes(rows.bytes(row, keys + 1));
  }
  keys_.push_back(std::move(key));
  values_.push_back(item.ciphertext);
  page.items.push_back(std::move(item));
}

Result<Page> Column::next(const PageRequest& request) {
  abandon();
  if (probe_ != nullptr) probe_->batch_begins();
  std::string since;
  KW_TRY(const PostgresRows rows, ask_page(request, since));
  Page page;
  page.end = request.after;
  const int keys = static_cast<int>(table_.key.size());
  for (int row = 0; row < rows.size(); ++row) {
    if (static_cast<RowFate>(rows.integer(row, keys)) == RowFate::kNextTime) break;
    add_row(rows, row, page);
    ++page.looked_at;
    std::vector<std::string> key;
    key.reserve(table_.key.size());
    for (int i = 0; i < keys; ++i) key.emplace_back(rows.text(row, i));
    if (row == 0 && probe_ != nullptr) probe_->aim_at(key);
    if (request.hot) key.insert(key.begin(), since);
    page.end = key_text(key);
  }
  return page;
}

Status Column::begin() {
  if (open_) return ok();
  const bool skip = column_.triggers == PostgresColumn::Triggers::kSkip;
  KW_OK(link_->run(skip ? "BEGIN; SET LOCAL session_replication_role = replica" : "BEGIN"));
  open_ = true;
  return ok();
}

Result<std::vector<std::size_t>> Column::replace(std::span<const Rewrite> rewrites) {
  std::vector<std::size_t> written;
  if (rewrites.empty()) return written;
  KW_OK(begin());
  PostgresParams params;
  for (std::size_t column = 0; column < table_.key.size(); ++column) {
    std::vector<std::string_view> values;
    for (const Rewrite& rewrite : rewrites) values.emplace_back(keys_.at(rewrite.item).at(column));
    params.texts(values);
  }
  std::vector<ByteView> was, becomes;
  for (const Rewrite& rewrite : rewrites) {
    was.emplace_back(values_.at(rewrite.item));
    becomes.emplace_back(rewrite.ciphertext);
  }
  for (const auto* values : {&was, &becomes}) {
    if (!table_.text) {
      params.byte_strings(*values);
      continue;
    }
    std::vector<std::string_view> texts;
    for (const ByteView value : *values) texts.push_back(as_text(value));
    params.texts(texts);
  }
  KW_TRY(const PostgresRows rows, link_->ask(statements_.replace, params));
  for (int row = 0; row < rows.size(); ++row) {
    const std::int64_t place = rows.integer(row, 0);
    written.push_back(rewrites[static_cast<std::size_t>(place - 1)].item);
  }
  std::sort(written.begin(), written.end());
  return written;
}

// Nobody waits for our rows to be on the disk, and writing them there is what others would wait
// for: they follow a moment later. A crash before that takes rows and checkpoint back together.
Status Column::commit(const Checkpoint& checkpoint) {
  KW_OK(begin());
  KW_OK(link_->run("SET LOCAL synchronous_commit = off"));
  KW_OK(save_checkpoint(*link_, column_.own_schema, checkpoint));
  KW_FAILPOINT("connectors.postgres.commit");
  KW_OK(link_->run("COMMIT"));
  open_ = false;
  abandon();
  return ok();
}

void Column::abandon() {
  keys_.clear();
  values_.clear();
  if (probe_ != nullptr) probe_->batch_ends();
  // A link that cannot roll back is broken, and with it its transaction.
  if (open_) static_cast<void>(link_->run("ROLLBACK"));
  open_ = false;
}

const std::vector<std::string_view>& aad_names() {
  static const std::vector<std::string_view> kNames{"tenant", "store",  "schema",
                                                    "table",  "column", "pk"};
  return kNames;
}

}  // namespace

Status check(const PostgresColumn& column) {
  KW_OK(check_postgres_url(column.terms.url));
  KW_OK(AadTemplate::parse(column.aad, aad_names()));
  for (const std::string& name : {column.schema, column.table, column.column, column.own_schema})
    if (name.empty() || name.size() > kNameBytesMax || name.find('\0') != std::string::npos)
      return error(Code::kInvalidArgument, "bad_name",
                   "schema, table and column are names of 1 to 63 bytes");
  if (column.recency_column.size() > kNameBytesMax || column.hot.count() < 1)
    return error(Code::kInvalidArgument, "bad_name", "the recency column or its time is no good");
  return ok();
}

Result<std::unique_ptr<rotation::DataStore>> open_postgres_column(const PostgresColumn& column,
                                                                  const PlaceNames& names) {
  KW_OK(check(column));
  KW_TRY(AadTemplate aad, AadTemplate::parse(column.aad, aad_names()));
  KW_TRY(auto link, PostgresLink::open(column.terms));
  KW_TRY(PostgresTable table, describe(*link, column));
  return std::unique_ptr<rotation::DataStore>(
      new Column(column, names, std::move(link), std::move(table), std::move(aad)));
}

}  // namespace kw::connectors
