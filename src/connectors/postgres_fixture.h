// A PostgreSQL with a port and passwords, for the contract suite and what only PostgreSQL can do.
#pragma once

#include <libpq-fe.h>

#include "connectors/foreign_system_for_tests.h"
#include "connectors/server_process_for_tests.h"

namespace kw::connectors {

class PostgresInstance {
 public:
  /// nullptr: not installed. One per program, ended with it.
  static PostgresInstance* shared();

  std::uint16_t port() const { return port_; }
  /// As the superuser, over the local socket. @returns the first column of all rows, a line each
  std::string ask(const std::string& sql, const std::string& database = "postgres") const;
  void trust(const std::string& user, bool on);
  bool crash_and_restart();
  std::string log() const { return folder_.read("postgres.log"); }
  /// Its port; 0: it cannot be started. Ends with the program.
  std::uint16_t start_standby();
  /// On the standby, as the superuser.
  std::string ask_standby(const std::string& sql) const;
  secrets::Settings settings() const;
  secrets::Credential administrator() const;

 private:
  PostgresInstance() = default;
  bool start();
  bool launch();
  std::string ask_at(std::uint16_t port, const std::string& sql, const std::string& database) const;
  void write_rules() const;
  TestFolder folder_;
  ServerProcess process_, standby_;
  std::string programs_, trusted_;
  std::uint16_t port_ = 0, standby_port_ = 0;
};

/// nullptr: refused.
std::unique_ptr<LiveSession> postgres_session_for_tests(std::uint16_t port,
                                                        const std::string& database,
                                                        const secrets::Credential& credential);

}  // namespace kw::connectors
