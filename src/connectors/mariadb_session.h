// A connection to a MariaDB, with a deadline for all of it. Used by one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/server_address.h"

struct st_mysql;

namespace kw::connectors {

class MariadbSession {
 public:
  using Rows = std::vector<std::vector<std::string>>;

  /// @param several  statements may hold more than one, as templates of administrators do
  /// @errors kUnauthenticated(credential_refused), kUnavailable(target_unreachable | target_busy),
  ///   kDeadlineExceeded(target_slow), kFailedPrecondition(target_permission | target_refused |
  ///   rejected_by_policy). No message has the server's words or what we sent.
  static Result<std::unique_ptr<MariadbSession>> open(const ServerAddress& address,
                                                      const std::string& database,
                                                      const secrets::Credential& credential,
                                                      SteadyTime deadline, bool several = false);
  /// @returns the rows of the first result, NULL as "". @errors as open
  Result<Rows> ask(const std::string& sql);
  Status run(const std::string& sql);
  /// The first column of the only row as a number.
  Result<std::int64_t> number(const std::string& sql);

 private:
  struct Close {
    void operator()(st_mysql* connection) const noexcept;
  };
  explicit MariadbSession(SteadyTime deadline);
  Error failed();

  std::unique_ptr<st_mysql, Close> connection_;
  SteadyTime deadline_;
};

/// `name` quoted, whatever is in it and whatever the SQL mode.
std::string mariadb_identifier(std::string_view name);
/// `user`@`host`.
std::string mariadb_account(std::string_view user, std::string_view host);
/// A text literal of hexadecimal digits: nothing in it can end it.
std::string mariadb_text(std::string_view text);

}  // namespace kw::connectors
