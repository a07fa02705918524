#include "connectors/mariadb_certificate.h"

#include <mysql.h>

#include <cstdlib>

namespace kw::connectors {

Status require_certificate(st_mysql* connection) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets it
  if (std::getenv("MARIADB_TLS_DISABLE_PEER_VERIFICATION") != nullptr)
    return error(Code::kFailedPrecondition, "environment",
                 "MARIADB_TLS_DISABLE_PEER_VERIFICATION is set: no certificate would be checked");
  const my_bool yes = 1;
  mysql_options(connection, MYSQL_OPT_SSL_ENFORCE, &yes);
  mysql_options(connection, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
  return ok();
}

// The same addresses, but not the texts that the library looks for.
std::string host_to_verify(const std::string& host) {
  if (host == "127.0.0.1") return "127.0.0.01";
  return host == "::1" ? "0::1" : host;
}

bool certificate_is_trusted([[maybe_unused]] st_mysql* connection) {
#ifdef MARIADB_TLS_VERIFY_OK  // the library is 3.4 or later; before, there was no login without
  unsigned status = MARIADB_TLS_VERIFY_UNKNOWN;
  return mariadb_get_infov(connection, MARIADB_TLS_VERIFY_STATUS, &status) == 0 &&
         status == MARIADB_TLS_VERIFY_OK;
#else
  return true;
#endif
}

}  // namespace kw::connectors
