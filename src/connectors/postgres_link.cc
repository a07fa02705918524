#include "connectors/postgres_link.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "base/secret_bytes.h"

namespace kw::connectors {

namespace {

constexpr std::size_t kPasswordBytesMax = 4096;

// Waiting is for others: a lock that is not there in 200 ms is left to them. Joins go by the key's
// index: the planner knows nothing of lists that come as parameters.
constexpr const char* kSession =
    "SET search_path = pg_catalog; SET lock_timeout = '200ms'; SET statement_timeout = '30s';"
    "SET idle_in_transaction_session_timeout = '30s'; SET row_security = off;"
    "SET client_min_messages = error; SET standard_conforming_strings = on;"
    "SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET timezone = 'UTC';"
    "SET extra_float_digits = 3; SET enable_hashjoin = off; SET enable_mergejoin = off;"
    "SET default_transaction_isolation = 'read committed'";

Error unavailable(std::string_view why) {
  return error(Code::kUnavailable, "target_unavailable", why);
}

Error password_file(std::string_view why) {
  return error(Code::kFailedPrecondition, "password_file", why);
}

Result<WipedText> read_password(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return password_file("the password file of the data store cannot be read");
  struct stat facts {};
  WipedText password(kPasswordBytesMax + 1, '\0');
  const bool private_to_us = fstat(file, &facts) == 0 && (facts.st_mode & 077) == 0;
  const ssize_t got = private_to_us ? read(file, password.data(), password.size()) : 0;
  close(file);
  if (!private_to_us) return password_file("others can read the password file: chmod 600");
  if (got <= 0 || static_cast<std::size_t>(got) > kPasswordBytesMax)
    return password_file("the password file of the data store holds no password");
  password.resize(static_cast<std::size_t>(got));
  while (!password.empty() && (password.back() == '\n' || password.back() == '\r'))
    password.pop_back();
  return password;
}

}  // namespace

Result<std::unique_ptr<PostgresLink>> PostgresLink::open(const PostgresTerms& terms) {
  WipedText password;
  if (!terms.password_file.empty()) {
    KW_TRY(password, read_password(terms.password_file));
  }
  // Those before "dbname" are defaults: its URI overrides them.
  constexpr std::array<const char*, 10> kKeywords{"connect_timeout",  "keepalives_idle",
                                                  "tcp_user_timeout", "fallback_application_name",
                                                  "client_encoding",  "target_session_attrs",
                                                  "sslmode",          "password",
                                                  "dbname",           nullptr};
  const std::array<const char*, 10> values{"10",
                                           "5",
                                           "30000",
                                           "keywright re-encryption",
                                           "UTF8",
                                           "read-write",
                                           "verify-full",
                                           password.empty() ? nullptr : password.c_str(),
                                           terms.url.c_str(),
                                           nullptr};
  std::unique_ptr<PostgresLink> link(
      new PostgresLink(PQconnectdbParams(kKeywords.data(), values.data(), 1)));
  if (link->connection_ == nullptr) return unavailable("out of memory for a connection");
  if (link->broken()) {
    if (PQconnectionNeedsPassword(link->connection_.get()) == 1)
      return unavailable("the data store's PostgreSQL wants a password: set password_file");
    return unavailable(
        "the data store's PostgreSQL does not take the connection (address, TLS, user or "
        "password)");
  }
  PQsetNoticeProcessor(
      link->connection_.get(), [](void*, const char*) {}, nullptr);
  KW_OK(link->run(kSession));
  return link;
}

Error PostgresLink::failed(const PGresult* result) const {
  const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string state = field == nullptr ? "" : field;
  if (state.empty() || broken()) return unavailable("the connection to the data store was lost");
  const std::string shown = "the data store's PostgreSQL refused: SQLSTATE " + state;
  for (const std::string_view passing : {"08", "40", "53", "57", "58", "55P03", "25006"})
    if (state.starts_with(passing)) return unavailable(shown);
  if (state == "42501") return error(Code::kFailedPrecondition, "target_permission", shown);
  // Class 42 names tables, columns and types; other classes quote values.
  const char* words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (state.starts_with("42") && words != nullptr)
    return error(Code::kFailedPrecondition, "target_schema", shown + ": " + words);
  return error(Code::kFailedPrecondition, "target_refused", shown);
}

Status PostgresLink::run(const std::string& sql) {
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
      PQexec(connection_.get(), sql.c_str()), PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return ok();
  return failed(result.get());
}

Result<PostgresRows> PostgresLink::ask(const std::string& sql, const PostgresParams& params) {
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
  std::unique_ptr<PGresult, void (*)(PGresult*)> result(
      PQexecParams(connection_.get(), sql.c_str(), params.count(), types.data(), values.data(),
                   lengths.data(), formats.data(), 1),
      PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return failed(result.get());
  return PostgresRows(result.release());
}

Status check_postgres_url(const std::string& url) {
  const Error bad = error(Code::kInvalidArgument, "bad_url",
                          "the url is not a libpq URI: postgres://user@host/database?…");
  if (!url.starts_with("postgres://") && !url.starts_with("postgresql://")) return bad;
  char* words = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(url.c_str(), &words), PQconninfoFree);
  PQfreemem(words);
  if (options == nullptr) return bad;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
    if (std::string_view(option->keyword) == "password" && option->val != nullptr)
      return error(Code::kInvalidArgument, "bad_url",
                   "a url is no place for a password: use password_file");
  return ok();
}

std::string quoted_identifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char each : name) {
    if (each == '"') quoted += '"';
    quoted += each;
  }
  return quoted + "\"";
}

}  // namespace kw::connectors
