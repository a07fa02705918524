// A PostgreSQL server of a test's own: temporary folder, Unix socket, no port.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace kw::store {

/// The server runs as long as this object, and no longer than the thread that started it.
class PostgresServer {
 public:
  /// Runs initdb and the server of the newest /usr/lib/postgresql/<version>, as the user `postgres`
  /// when this process is root. Takes a few seconds: start one per test program.
  /// @errors kUnavailable(postgres_missing): not installed. kUnavailable(postgres_failed)
  static Result<std::unique_ptr<PostgresServer>> start();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// The store URL of the database `postgres`.
  std::string url() const { return url_of("postgres"); }
  /// Creates an empty database; its store URL. Aborts when the server is gone.
  std::string fresh_database();
  /// Kills the server as a power cut would, and starts it again on the same data.
  Status crash_and_restart();

 private:
  struct State;
  explicit PostgresServer(std::unique_ptr<State> state);
  std::string url_of(const std::string& database) const;
  std::unique_ptr<State> state_;
};

}  // namespace kw::store
