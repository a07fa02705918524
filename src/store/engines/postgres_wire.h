// A libpq connection in pipeline mode: send many, then read all answers in one round trip.
//
// @source PostgreSQL 15 documentation, 34.5 (pipeline mode). Used by one thread at a time.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <vector>

#include "store/engines/postgres_value.h"
#include "store/statement_cache.h"

namespace kw::store::engines {

struct ClearResult {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

class PostgresWire {
 public:
  /// What came back for everything sent since the last sync().
  struct Answer {
    ResultHandle result;   ///< of the last command, unless something failed
    ResultHandle failure;  ///< of the first command that failed; those behind it were skipped
    bool lost = false;     ///< the connection broke; what was sent may or may not have run
  };

  /// @errors kUnavailable(store_unavailable); says nothing of `url`, which may hold a password.
  static Result<std::unique_ptr<PostgresWire>> connect(const std::string& url);

  /// Queues a command without parameters. Failures of any send show in sync().
  void send_command(const std::string& sql);
  /// Queues a statement, prepared under the address of `sql` when it is new.
  void send_statement(std::string_view sql, const WireParams& params);
  /// Sends what is queued and waits for all answers.
  Answer sync();

 private:
  struct Prepared {
    std::string name;
  };
  struct Close {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
  };

  explicit PostgresWire(PGconn* connection) : connection_(connection) {}
  Status prepare_session();
  const Prepared* prepared(std::string_view sql, const WireParams& params);
  void note(int sent, std::string_view prepared_sql);
  void accept(Answer& answer, std::size_t place, ResultHandle result);
  bool broken() const { return PQstatus(connection_.get()) == CONNECTION_BAD; }

  std::unique_ptr<PGconn, Close> connection_;
  StatementCache<Prepared> statements_;
  /// One entry per queued command: the SQL that it prepares, or an empty text.
  std::vector<std::string_view> queued_;
  std::uint64_t names_ = 0;
  bool send_failed_ = false;
};

}  // namespace kw::store::engines
