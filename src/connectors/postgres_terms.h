// Where a PostgreSQL is and as whom to go there. Plain values.
#pragma once

#include <string>

#include "base/result.h"

namespace kw::connectors {

/// Where to and as whom. TLS as the URL says; what it does not say is verify-full.
struct PostgresTerms {
  std::string url;            ///< libpq URI, without a password
  std::string password_file;  ///< absolute path, or "": read at each connection, so renewable
};

/// @errors kInvalidArgument(bad_url): not a libpq URI, or it holds a password
Status check_postgres_url(const std::string& url);

}  // namespace kw::connectors
