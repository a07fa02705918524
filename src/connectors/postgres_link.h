// A connection to somebody else's PostgreSQL. Used by one thread.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "connectors/postgres_params.h"
#include "connectors/postgres_terms.h"

namespace kw::connectors {

class PostgresLink {
 public:
  /// @errors kUnavailable(target_unavailable); kFailedPrecondition(password_file): cannot be read,
  /// or others can read it. No message holds the URL or the password.
  static Result<std::unique_ptr<PostgresLink>> open(const PostgresTerms& terms);

  /// Statements without parameters and rows.
  /// @errors kUnavailable(target_unavailable): may pass; kFailedPrecondition(target_permission |
  /// target_schema | target_refused)
  Status run(const std::string& sql);
  /// One statement; the answer is binary. @errors as run
  Result<PostgresRows> ask(const std::string& sql, const PostgresParams& params = {});
  bool broken() const { return PQstatus(connection_.get()) == CONNECTION_BAD; }

 private:
  struct Close {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
  };
  explicit PostgresLink(PGconn* connection) : connection_(connection) {}
  Error failed(const PGresult* result) const;
  std::unique_ptr<PGconn, Close> connection_;
};

/// `name` as an SQL identifier, whatever is in it.
std::string quoted_identifier(std::string_view name);

}  // namespace kw::connectors
