#include "connectors/postgres_session.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <limits>

#include "connectors/credential_text.h"
#include "connectors/outcome.h"
#include "crypto/password_verifier.h"
#include "crypto/random.h"

namespace kw::connectors {

namespace {

constexpr std::string_view kWhat = "PostgreSQL";
constexpr unsigned kScramIterations = 4096;  // of values with full entropy: more buys nothing
constexpr std::size_t kSaltBytes = 16;

Error refused(const char* reason, const std::string& state) {
  return error(Code::kFailedPrecondition, reason, "PostgreSQL refused: SQLSTATE " + state);
}

Error busy(const std::string& state) {
  return error(Code::kUnavailable, "target_busy", "PostgreSQL is busy: SQLSTATE " + state);
}

bool is_one_of(const std::string& state, std::initializer_list<std::string_view> starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [&](std::string_view start) { return state.starts_with(start); });
}

Error error_of(const std::string& state) {
  if (is_one_of(state, {"28"})) return credential_refused(kWhat, "SQLSTATE " + state);
  // 42710 and XX000: somebody else makes or changes the same role right now.
  if (is_one_of(state, {"57014"})) return too_slow(kWhat);
  if (is_one_of(state, {"08", "40", "42710", "53", "55P03", "57", "58", "XX000"}))
    return busy(state);
  if (is_one_of(state, {"42501"})) return refused("target_permission", state);
  if (is_one_of(state, {"22023"})) return refused("rejected_by_policy", state);
  return refused("target_refused", state);
}

}  // namespace

Result<std::unique_ptr<PostgresSession>> PostgresSession::open(const Login& login) {
  KW_TRY(const WipedText password, credential_text(login.password));
  const std::string user(login.user), database(login.database);
  const std::string port = std::to_string(login.address.port);
  const bool own_ca = !login.address.ca_file.empty();
  const std::array<const char*, 11> keywords{
      "host",    "port",        "user",       "password",        "dbname",
      "sslmode", "sslrootcert", "gssencmode", "client_encoding", "fallback_application_name",
      nullptr};
  const std::array<const char*, 11> values{login.address.host.c_str(),
                                           port.c_str(),
                                           user.c_str(),
                                           password.c_str(),
                                           database.c_str(),
                                           login.address.tls ? "verify-full" : "disable",
                                           own_ca ? login.address.ca_file.c_str() : nullptr,
                                           "disable",
                                           "UTF8",
                                           "keywright",
                                           nullptr};
  std::unique_ptr<PostgresSession> session(
      new PostgresSession(PQconnectStartParams(keywords.data(), values.data(), 0), login.deadline));
  if (session->connection_ == nullptr) return unreachable(kWhat);
  KW_OK(session->connect());
  // Waiting in the server ends with ours; a search path of the account's must not choose operators.
  const auto left = std::max<std::int64_t>(left_until(login.deadline).count(), 1);
  KW_OK(
      session->run("SET search_path = pg_catalog; SET standard_conforming_strings = on;"
                   "SET client_min_messages = error; SET statement_timeout = " +
                   std::to_string(left)));
  return session;
}

Status PostgresSession::connect() {
  PGconn* const connection = connection_.get();
  // Nothing but the SQLSTATE: the words of a server can repeat what it was sent.
  PQsetErrorVerbosity(connection, PQERRORS_SQLSTATE);
  PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);
  if (PQstatus(connection) == CONNECTION_BAD) return unreachable(kWhat);
  for (PostgresPollingStatusType next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;
       next = PQconnectPoll(connection)) {
    if (next == PGRES_POLLING_FAILED) return login_failed();
    KW_OK(wait(next == PGRES_POLLING_WRITING));
  }
  if (PQsetnonblocking(connection, 1) != 0) return unreachable(kWhat);
  return ok();
}

// libpq gives no field of a refused login, only "…FATAL:  28P01".
Error PostgresSession::login_failed() const {
  std::string words = PQerrorMessage(connection_.get());
  while (!words.empty() && words.back() == '\n') words.pop_back();
  if (PQconnectionNeedsPassword(connection_.get()) == 1) return credential_refused(kWhat, "");
  const std::size_t colon = words.rfind(":  ");
  const std::string state = colon == std::string::npos ? "" : words.substr(colon + 3);
  const bool is_state = state.size() == 5 && std::all_of(state.begin(), state.end(), [](char c) {
                          return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
                        });
  return is_state ? error_of(state) : unreachable(kWhat);
}

Status PostgresSession::wait(bool to_write) {
  pollfd watched{PQsocket(connection_.get()),
                 static_cast<short>(to_write ? POLLIN | POLLOUT : POLLIN), 0};
  for (;;) {
    const auto left = left_until(deadline_);
    if (left.count() == 0) return too_slow(kWhat);
    const int ready = poll(
        &watched, 1,
        static_cast<int>(std::min<std::int64_t>(left.count(), std::numeric_limits<int>::max())));
    if (ready > 0) return ok();
    if (ready < 0 && errno != EINTR) return unreachable(kWhat);
  }
}

// The last result that matters: the first failure, else the last one.
Result<PostgresSession::Answer> PostgresSession::finish(bool sent) {
  PGconn* const connection = connection_.get();
  if (!sent) return unreachable(kWhat);
  for (int flushed = PQflush(connection); flushed != 0; flushed = PQflush(connection)) {
    if (flushed < 0) return unreachable(kWhat);
    KW_OK(wait(true));
    if (PQconsumeInput(connection) == 0) return unreachable(kWhat);
  }
  Answer kept(nullptr, &PQclear);
  bool failure = false;
  for (;;) {
    while (PQisBusy(connection) == 1) {
      KW_OK(wait(false));
      if (PQconsumeInput(connection) == 0) return unreachable(kWhat);
    }
    Answer next(PQgetResult(connection), &PQclear);
    if (next == nullptr) break;
    if (failure) continue;
    const ExecStatusType status = PQresultStatus(next.get());
    failure = status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
    kept = std::move(next);
  }
  if (kept == nullptr) return unreachable(kWhat);
  if (failure) return failed(kept.get());
  return kept;
}

Error PostgresSession::failed(const PGresult* result) const {
  const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return field == nullptr ? unreachable(kWhat) : error_of(field);
}

Status PostgresSession::run(const std::string& sql) {
  KW_OK(finish(PQsendQuery(connection_.get(), sql.c_str()) == 1));
  return ok();
}

Result<PostgresRows> PostgresSession::ask(const std::string& sql, const PostgresParams& params) {
  std::vector<unsigned> types;
  std::vector<const char*> values;
  std::vector<int> lengths, formats;
  static constexpr char kNothing = 0;
  for (const PostgresParams::Value& value : params.values_) {
    types.push_back(value.type);
    // A null pointer would be a NULL.
    values.push_back(value.content.empty() ? &kNothing
                                           : reinterpret_cast<const char*>(value.content.data()));
    lengths.push_back(static_cast<int>(value.content.size()));
    formats.push_back(1);
  }
  KW_TRY(Answer answer,
         finish(PQsendQueryParams(connection_.get(), sql.c_str(), params.count(), types.data(),
                                  values.data(), lengths.data(), formats.data(), 1) == 1));
  return PostgresRows(answer.release());
}

Result<std::string> PostgresSession::verifier(std::string_view user, const SecretBytes& password) {
  if (crypto::is_printable_ascii(password)) {
    std::array<std::uint8_t, kSaltBytes> salt{};
    crypto::random_public(salt);
    return crypto::scram_sha256_verifier(password, salt, kScramIterations);
  }
  // Other text has to be prepared as libpq prepares it at a login (SASLprep).
  KW_TRY(const WipedText text, credential_text(password));
  const std::unique_ptr<char, decltype(&PQfreemem)> made(
      PQencryptPasswordConn(connection_.get(), text.c_str(), std::string(user).c_str(),
                            "scram-sha-256"),
      &PQfreemem);
  if (made == nullptr) return rejected_by_policy("libpq cannot make a SCRAM verifier of the value");
  return std::string(made.get());
}

// With standard_conforming_strings a backslash is a character like others.
std::string PostgresSession::quoted_literal(std::string_view text) {
  std::string quoted = "'";
  for (const char each : text) {
    if (each == '\'') quoted += '\'';
    quoted += each;
  }
  return quoted + "'";
}

}  // namespace kw::connectors
