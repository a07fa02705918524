#include "connectors/mariadb_session.h"

#include <mysql.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "codec/base64.h"
#include "connectors/credential_text.h"
#include "connectors/mariadb_certificate.h"
#include "connectors/outcome.h"

namespace kw::connectors {

namespace {

constexpr std::string_view kWhat = "MariaDB";
constexpr unsigned kAccountRefused = 1396;
// Never a plugin that would send the password itself.
constexpr const char* kPlugins = "mysql_native_password,client_ed25519,caching_sha2_password";

// The library's timeouts are per read and in seconds. It asks this function before each wait, but
// with nothing of ours in hand: the deadline of the call that this thread is in.
thread_local SteadyTime current_deadline;

int wait_within_deadline(my_socket socket, my_bool is_read, int) {
  pollfd watched{socket, static_cast<short>(is_read != 0 ? POLLIN : POLLOUT), 0};
  for (;;) {
    const auto left = std::min<std::int64_t>(left_until(current_deadline).count(),
                                             std::numeric_limits<int>::max());
    const int ready = left == 0 ? 0 : poll(&watched, 1, static_cast<int>(left));
    if (ready == 0) errno = ETIMEDOUT;
    if (ready >= 0 || errno != EINTR) return ready;
  }
}

bool is_one_of(unsigned number, std::initializer_list<unsigned> numbers) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

Error refused(const char* reason, unsigned number) {
  return error(Code::kFailedPrecondition, reason,
               "MariaDB refused: error " + std::to_string(number));
}

Error error_of(unsigned number) {
  const std::string code = "error " + std::to_string(number);
  if (is_one_of(number, {1045, 1698, 4151})) return credential_refused(kWhat, code);
  if (number >= 2000 && number < 3000) return unreachable(kWhat);
  if (is_one_of(number, {1969, 3024})) return too_slow(kWhat);
  if (is_one_of(number, {1040, 1053, 1129, 1203, 1205, 1213, 1226, 1927}))
    return error(Code::kUnavailable, "target_busy", "MariaDB is busy: " + code);
  if (is_one_of(number, {1044, 1142, 1143, 1227, 1370}))
    return refused("target_permission", number);
  if (is_one_of(number, {1290, 1372, 1819})) return refused("rejected_by_policy", number);
  return refused("target_refused", number);
}

}  // namespace

void MariadbSession::Close::operator()(st_mysql* connection) const noexcept {
  mysql_close(connection);
}

MariadbSession::MariadbSession(SteadyTime deadline)
    : connection_(mysql_init(nullptr)), deadline_(deadline) {}

Result<std::unique_ptr<MariadbSession>> MariadbSession::open(const ServerAddress& address,
                                                             const std::string& database,
                                                             const secrets::Credential& credential,
                                                             SteadyTime deadline, bool several) {
  KW_TRY(const WipedText password, credential_text(credential.secret));
  std::unique_ptr<MariadbSession> session(new MariadbSession(deadline));
  MYSQL* const connection = session->connection_.get();
  if (connection == nullptr) return unreachable(kWhat);
  const auto left = left_until(deadline);
  if (left.count() == 0) return too_slow(kWhat);
  const unsigned seconds =
      static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(left).count());
  const unsigned no_files = 0;
  for (const auto option :
       {MYSQL_OPT_CONNECT_TIMEOUT, MYSQL_OPT_READ_TIMEOUT, MYSQL_OPT_WRITE_TIMEOUT})
    mysql_options(connection, option, &seconds);
  mysql_options(connection, MYSQL_OPT_LOCAL_INFILE, &no_files);
  mysql_options(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_options(connection, MARIADB_OPT_RESTRICTED_AUTH, kPlugins);
  mysql_options(connection, MARIADB_OPT_IO_WAIT, reinterpret_cast<void*>(&wait_within_deadline));
  if (address.tls) {
    KW_OK(require_certificate(connection));
  } else {
    // Since 3.4 the library would verify unasked.
    const my_bool verify = 0;
    mysql_options(connection, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
  }
  if (address.tls && !address.ca_file.empty())
    mysql_options(connection, MYSQL_OPT_SSL_CA, address.ca_file.c_str());
  const bool socket = address.host.starts_with('/');
  // Else "localhost" would be a socket of the library's choice.
  const unsigned protocol = socket ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
  mysql_options(connection, MYSQL_OPT_PROTOCOL, &protocol);
  current_deadline = deadline;
  const std::string host = address.tls ? host_to_verify(address.host) : address.host;
  if (mysql_real_connect(connection, socket ? nullptr : host.c_str(), credential.principal.c_str(),
                         password.c_str(), database.empty() ? nullptr : database.c_str(),
                         address.port, socket ? address.host.c_str() : nullptr,
                         several ? CLIENT_MULTI_STATEMENTS : 0) == nullptr)
    return session->failed();
  if (address.tls && !certificate_is_trusted(connection)) return unreachable(kWhat);
  // Waiting in the server ends with ours, for reads and for locks of metadata.
  KW_OK(session->run("SET SESSION max_statement_time = " +
                     std::to_string(static_cast<double>(left.count()) / 1000) +
                     ", SESSION lock_wait_timeout = " + std::to_string(seconds)));
  return session;
}

Error MariadbSession::failed() {
  if (left_until(deadline_).count() == 0) return too_slow(kWhat);
  const unsigned number = mysql_errno(connection_.get());
  if (number != kAccountRefused) return error_of(number);
  // Statements about accounts keep their reason in the warnings.
  const auto warnings = ask("SHOW WARNINGS");
  if (!warnings) return error_of(number);
  for (const auto& row : *warnings) {
    const auto reason =
        static_cast<unsigned>(row.size() > 1 ? std::strtoul(row[1].c_str(), nullptr, 10) : 0);
    if (reason != number && reason != 0) return error_of(reason);
  }
  return error_of(number);
}

Result<MariadbSession::Rows> MariadbSession::ask(const std::string& sql) {
  MYSQL* const connection = connection_.get();
  current_deadline = deadline_;
  if (mysql_real_query(connection, sql.data(), sql.size()) != 0) return failed();
  Rows rows;
  for (bool first = true;; first = false) {
    const std::unique_ptr<MYSQL_RES, void (*)(MYSQL_RES*)> result(mysql_store_result(connection),
                                                                  mysql_free_result);
    if (result == nullptr && mysql_errno(connection) != 0) return failed();
    const unsigned columns = result == nullptr ? 0 : mysql_num_fields(result.get());
    for (MYSQL_ROW row = nullptr;
         first && columns > 0 && (row = mysql_fetch_row(result.get())) != nullptr;) {
      const unsigned long* const sizes = mysql_fetch_lengths(result.get());
      std::vector<std::string>& cells = rows.emplace_back();
      for (unsigned i = 0; i < columns; ++i)
        cells.push_back(row[i] == nullptr ? std::string() : std::string(row[i], sizes[i]));
    }
    const int next = mysql_next_result(connection);
    if (next > 0) return failed();
    if (next < 0) return rows;
  }
}

Status MariadbSession::run(const std::string& sql) {
  KW_OK(ask(sql));
  return ok();
}

Result<std::int64_t> MariadbSession::number(const std::string& sql) {
  KW_TRY(const Rows rows, ask(sql));
  if (rows.size() != 1 || rows[0].size() != 1) return refused("target_refused", 0);
  return std::strtoll(rows[0][0].c_str(), nullptr, 10);
}

std::string mariadb_identifier(std::string_view name) {
  std::string quoted = "`";
  for (const char each : name) {
    if (each == '`') quoted += '`';
    quoted += each;
  }
  return quoted + "`";
}

std::string mariadb_account(std::string_view user, std::string_view host) {
  return mariadb_identifier(user) + "@" + mariadb_identifier(host);
}

std::string mariadb_text(std::string_view text) {
  if (text.empty()) return "''";
  return "_utf8mb4 0x" + codec::hex(as_bytes(text));
}

}  // namespace kw::connectors
