// Transactions over one connection.
//
// BEGIN, SAVEPOINT and RELEASE are only queued: they travel with the next statement, so that a work
// costs one round trip per statement that it waits for.
#include "store/engines/postgres_session.h"

#include <algorithm>
#include <cstring>

#include "store/engines/postgres_error.h"
#include "store/schema_text.h"

namespace kw::store::engines {

namespace {

constexpr std::chrono::milliseconds kFirstBackoff{50};
constexpr std::chrono::milliseconds kLongestBackoff{2'000};
constexpr Dialect kDialect{"BIGINT", "BYTEA", " WITH (fillfactor = 50)", "", true};
// Works behave as one after the other, as they do on SQLite, also with several nodes.
constexpr const char* kBegin = "BEGIN ISOLATION LEVEL SERIALIZABLE";
// A slice guards its rows itself: tracking each row that it reads would cost half of its time.
constexpr const char* kBeginSlice = "BEGIN ISOLATION LEVEL READ COMMITTED";
constexpr const char* kSyncLater = "SET LOCAL synchronous_commit = off";
constexpr const char* kBeginSnapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

std::string_view field(const PGresult* result, int name) {
  const char* text = PQresultErrorField(result, name);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace

Result<std::unique_ptr<Session>> PostgresSession::open(const std::string& url, Role role) {
  std::unique_ptr<PostgresSession> session(new PostgresSession(url, role));
  KW_OK(session->connect());
  return std::unique_ptr<Session>(std::move(session));
}

// While the server is away every caller gets an answer at once; one of them tries, ever more
// rarely.
Status PostgresSession::connect() {
  if (wire_ != nullptr) return ok();
  const auto now = std::chrono::steady_clock::now();
  if (now < next_attempt_)
    return fail({Damage::kTransaction, false,
                 error(Code::kUnavailable, "store_unavailable", "PostgreSQL is not reachable")});
  auto connected = PostgresWire::connect(url_);
  if (!connected) {
    backoff_ = std::clamp(backoff_ * 2, kFirstBackoff, kLongestBackoff);
    next_attempt_ = std::chrono::steady_clock::now() + backoff_;
    return fail({Damage::kTransaction, false, std::move(connected).error()});
  }
  backoff_ = std::chrono::milliseconds(0);
  wire_ = *std::move(connected);
  return ok();
}

Status PostgresSession::begin_with(const char* sql) {
  forget_failure();
  lost_ = heard_ = posted_ = false;
  KW_OK(connect());
  wire_->send_command(sql);
  return ok();
}

Status PostgresSession::begin(Durability durability) {
  if (durability == Durability::kAtOnce) return begin_with(kBegin);
  KW_OK(begin_with(kBeginSlice));
  wire_->send_command(kSyncLater);
  return ok();
}
Status PostgresSession::begin_snapshot() {
  return begin_with(kBeginSnapshot);
}

Error PostgresSession::lost() {
  lost_ = true;
  return fail({Damage::kTransaction, true,
               error(Code::kUnavailable, "store_unavailable", "the connection was lost")});
}

Error PostgresSession::failed_with(const PGresult* failure) {
  const std::string_view state = field(failure, PG_DIAG_SQLSTATE);
  // The server has become a standby: the next connection finds the new primary.
  if (role_ == Role::kWriter && state == "25006") return lost();
  return fail(postgres_failure(state, field(failure, PG_DIAG_MESSAGE_PRIMARY)));
}

Result<ResultHandle> PostgresSession::answer() {
  posted_ = false;
  PostgresWire::Answer answer = wire_->sync();
  if (answer.lost) return lost();
  heard_ = true;
  if (answer.failure != nullptr) return failed_with(answer.failure.get());
  return std::move(answer.result);
}

Result<ResultHandle> PostgresSession::ask(std::string_view sql, const WireParams& params) {
  wire_->send_statement(sql, params);
  return answer();
}

Result<Rows> PostgresSession::query(std::string_view sql, Params params) {
  KW_OK(accept(params));
  const bool first = !heard_;
  auto result = ask(sql, WireParams(params));
  // A pooled connection may have died in its sleep; nothing was read yet, so begin anew.
  if (!result && lost_ && first && role_ == Role::kReader) {
    wire_.reset();
    KW_OK(begin_snapshot());
    result = ask(sql, WireParams(params));
  }
  if (!result) return std::move(result).error();
  auto rows = wire_rows(result->get());
  if (!rows) return fail({Damage::kWork, false, std::move(rows).error()});
  return rows;
}

Result<std::int64_t> PostgresSession::execute(std::string_view sql, Params params) {
  KW_OK(accept(params));
  KW_TRY(ResultHandle result, ask(sql, WireParams(params)));
  return wire_changes(result.get());
}

Status PostgresSession::post(std::string_view sql, Params params) {
  KW_OK(accept(params));
  wire_->send_statement(sql, WireParams(params));
  posted_ = true;
  return ok();
}

Status PostgresSession::mark() {
  wire_->send_command("SAVEPOINT work");
  return ok();
}

Status PostgresSession::keep() {
  wire_->send_command("RELEASE work");
  if (posted_) KW_OK(answer());
  return ok();
}

Status PostgresSession::undo() {
  // A posted statement that fails would make the server skip the ROLLBACK behind it.
  if (posted_) static_cast<void>(answer());
  if (failure().damage > Damage::kWork) return failure().error;
  forget_failure();
  wire_->send_command("ROLLBACK TO work");
  wire_->send_command("RELEASE work");
  return ok();
}

Status PostgresSession::commit() {
  // A connection that died before it ever answered has committed nothing: find out first.
  if (!heard_) KW_OK(answer());
  wire_->send_command("COMMIT");
  PostgresWire::Answer answer = wire_->sync();
  if (answer.lost) return unknown_outcome();
  if (answer.failure != nullptr) return failed_with(answer.failure.get());
  // A transaction that had failed answers COMMIT with success and ROLLBACK.
  if (std::strcmp(PQcmdStatus(answer.result.get()), "COMMIT") == 0) return ok();
  return fail({Damage::kTransaction, false,
               error(Code::kInternal, "store_error", "the transaction had failed before")});
}

Error PostgresSession::unknown_outcome() {
  lost_ = true;
  return fail({Damage::kUnknown, false,
               error(Code::kUnavailable, "store_outcome_unknown",
                     "the connection broke in the commit; the write may or may not be durable")});
}

void PostgresSession::rollback() noexcept {
  if (wire_ == nullptr) return;
  if (!lost_ && posted_) static_cast<void>(answer());
  if (!lost_) {
    wire_->send_command("ROLLBACK");
    lost_ = wire_->sync().lost;
  }
  if (lost_) wire_.reset();
}

Status PostgresSession::run_script(std::string_view portable_sql) {
  auto statements = portable_statements(portable_sql, kDialect);
  if (!statements) return fail({Damage::kWork, false, std::move(statements).error()});
  // An index on a large table takes its time.
  wire_->send_command("SET LOCAL statement_timeout = 0");
  for (const std::string& sql : *statements) wire_->send_command(sql);
  KW_OK(answer());
  return ok();
}

}  // namespace kw::store::engines
