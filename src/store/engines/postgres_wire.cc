#include "store/engines/postgres_wire.h"

#include <array>
#include <cstring>

namespace kw::store::engines {

namespace {

// A hung server or network must end as an error: the writer thread serves everybody. Every
// statement of ours finds its rows by an index; a plan that was made while a table was small, or
// for arrays of unknown length, would read whole tables, and hold a predicate lock on them.
constexpr const char* kSession =
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;"
    "SET jit = off;"
    "SET synchronous_commit = on; SET statement_timeout = '30s'; SET lock_timeout = '10s';"
    "SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = error;"
    "SET standard_conforming_strings = on; SET client_encoding = 'UTF8'";

// Before "dbname", whose URI overrides them.
constexpr std::array<const char*, 8> kKeywords{
    "connect_timeout",      "keepalives_idle", "tcp_user_timeout", "fallback_application_name",
    "target_session_attrs", "client_encoding", "dbname",           nullptr};

bool is_fatal(const PGresult* result) {
  const char* severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity != nullptr && std::strcmp(severity, "ERROR") != 0;
}

}  // namespace

Result<std::unique_ptr<PostgresWire>> PostgresWire::connect(const std::string& url) {
  const std::array<const char*, 8> values{"3",          "5",    "10000",     "keywright",
                                          "read-write", "UTF8", url.c_str(), nullptr};
  std::unique_ptr<PostgresWire> wire(
      new PostgresWire(PQconnectdbParams(kKeywords.data(), values.data(), 1)));
  if (wire->connection_ == nullptr || wire->broken())
    return error(Code::kUnavailable, "store_unavailable",
                 "PostgreSQL does not take the connection");
  KW_OK(wire->prepare_session());
  return wire;
}

Status PostgresWire::prepare_session() {
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  const ResultHandle set(PQexec(connection_.get(), kSession));
  if (PQresultStatus(set.get()) != PGRES_COMMAND_OK || PQenterPipelineMode(connection_.get()) != 1)
    return error(Code::kUnavailable, "store_unavailable",
                 "PostgreSQL refuses the session settings");
  return ok();
}

void PostgresWire::note(int sent, std::string_view prepared_sql) {
  if (sent != 1) send_failed_ = true;
  queued_.push_back(prepared_sql);
}

void PostgresWire::send_command(const std::string& sql) {
  note(PQsendQueryParams(connection_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 1),
       {});
}

const PostgresWire::Prepared* PostgresWire::prepared(std::string_view sql,
                                                     const WireParams& params) {
  if (const Prepared* known = statements_.find(sql)) return known;
  if (statements_.full()) {
    send_command("DEALLOCATE ALL");
    statements_.clear();
  }
  std::string name = "s" + std::to_string(++names_);
  note(PQsendPrepare(connection_.get(), name.c_str(), std::string(sql).c_str(), params.count(),
                     params.types()),
       sql);
  return statements_.put(sql, Prepared{std::move(name)});
}

void PostgresWire::send_statement(std::string_view sql, const WireParams& params) {
  const Prepared* statement = prepared(sql, params);
  note(PQsendQueryPrepared(connection_.get(), statement->name.c_str(), params.count(),
                           params.values(), params.lengths(), params.formats(), 1),
       {});
}

PostgresWire::Answer PostgresWire::sync() {
  Answer answer;
  answer.lost = send_failed_ || PQpipelineSync(connection_.get()) != 1;
  // Each command answers with results and a null; the sync with one result of its own.
  for (std::size_t place = 0; !answer.lost;) {
    ResultHandle result(PQgetResult(connection_.get()));
    if (result == nullptr) {
      answer.lost = broken() || place >= queued_.size();
      ++place;
      continue;
    }
    if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) break;
    accept(answer, place, std::move(result));
  }
  queued_.clear();
  return answer;
}

void PostgresWire::accept(Answer& answer, std::size_t place, ResultHandle result) {
  const ExecStatusType status = PQresultStatus(result.get());
  const bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  if (place >= queued_.size()) {
    answer.lost = true;
    return;
  }
  if (!good && !queued_[place].empty()) statements_.erase(queued_[place]);
  if (good) {
    answer.result = std::move(result);
  } else if (status != PGRES_PIPELINE_ABORTED && answer.failure == nullptr) {
    answer.lost = broken() || is_fatal(result.get());
    answer.failure = std::move(result);
  }
}

}  // namespace kw::store::engines
