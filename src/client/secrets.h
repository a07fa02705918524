// Secrets for applications: read through a small cache whose staleness has a bound.
//
//   Secrets secrets(channel, {.tenant = "acme"});
//   KW_TRY(const SecretPointer login, secrets.get("db/orders"));
//   connect(login->copy("user"), login->copy("password"));
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "client/channel.h"
#include "client/secret_value.h"

namespace kw::client {

struct SecretsOptions {
  std::string tenant;
  /// get() asks the server again for what is older. 0: always.
  std::chrono::milliseconds fresh{30'000};
  /// While the server is away, get() hands out what is not older than this; then it fails.
  std::chrono::milliseconds stale_max{300'000};
};

/// Thread-safe. Borrows the clock.
class Secrets {
 public:
  Secrets(std::shared_ptr<Channel> channel, SecretsOptions options, const Clock& clock);
  Secrets(const Secrets&) = delete;
  Secrets& operator=(const Secrets&) = delete;

  /// The version that this caller should use now.
  /// @errors kNotFound, kPermissionDenied …: the server's own, at once, and what was kept is
  ///   forgotten; kUnavailable, kDeadlineExceeded: the server is away and nothing young enough is
  ///   kept
  Result<SecretPointer> get(const std::string& path);
  /// Asks the server now, past the cache. Callers at the same time share one request.
  Result<SecretPointer> refresh(const std::string& path);
  /// The version before, while both are valid. Never cached. @errors kNotFound(no_such_version)
  Result<SecretPointer> previous(const std::string& path);
  /// Forgets and wipes all that nobody else holds.
  void forget();

 private:
  struct Entry {
    SecretPointer value;
    SteadyTime checked;
    std::uint64_t started = 0, finished = 0;  ///< requests; at most one is on its way
    Error failure;            ///< of the last finished request, when it failed
    bool failed = false;
  };
  bool is_younger(const Entry& entry, std::chrono::milliseconds most) const;
  Result<SecretPointer> fetch(const std::string& path, const std::string& query) const;

  const std::shared_ptr<Channel> channel_;
  const SecretsOptions options_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::map<std::string, Entry> entries_;
};

}  // namespace kw::client
