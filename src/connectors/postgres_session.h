// A connection to a PostgreSQL that accepts credentials of ours. Nothing in it waits longer than
// its deadline. Used by one thread.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "connectors/postgres_params.h"
#include "connectors/server_address.h"

namespace kw::connectors {

class PostgresSession {
 public:
  struct Login {
    const ServerAddress& address;
    std::string_view database, user;
    const SecretBytes& password;
    SteadyTime deadline;
  };
  /// @errors kUnauthenticated(credential_refused); kUnavailable(target_unreachable | target_busy);
  ///   kDeadlineExceeded(target_slow); kFailedPrecondition(target_refused | target_permission |
  ///   rejected_by_policy). No message has the server's words or what we sent.
  static Result<std::unique_ptr<PostgresSession>> open(const Login& login);

  /// Statements without parameters; a failure ends them all. @errors as open
  Status run(const std::string& sql);
  /// One statement; the answer is binary. @errors as open
  Result<PostgresRows> ask(const std::string& sql, const PostgresParams& params = {});

  /// What the server stores for a password: computed here, so that the password is never sent.
  /// @errors kFailedPrecondition(rejected_by_policy)
  Result<std::string> verifier(std::string_view user, const SecretBytes& password);
  /// `text` as an SQL literal. Verifiers and times only; never a password.
  static std::string quoted_literal(std::string_view text);

 private:
  struct Close {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
  };
  using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;
  PostgresSession(PGconn* connection, SteadyTime deadline)
      : connection_(connection), deadline_(deadline) {}
  Status connect();
  Status wait(bool to_write);
  Result<Answer> finish(bool sent);
  Error failed(const PGresult* result) const;
  Error login_failed() const;

  std::unique_ptr<PGconn, Close> connection_;
  SteadyTime deadline_;
};

}  // namespace kw::connectors
