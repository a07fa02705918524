// A keyring on a fresh store, unsealed, with a tenant: what the tests of this room stand on.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "audit/change_log.h"
#include "keys/keyring.h"
#include "observe/metrics.h"
#include "seal/barrier.h"

namespace kw::keys {

/// The value; when there is none, the test fails with the reason and the program ends.
template <typename T>
T must(Result<T> result) {
  if (!result) ADD_FAILURE() << result.error().reason << ": " << result.error().message;
  return *std::move(result);
}
inline void must(const Status& status) {
  if (!status) ADD_FAILURE() << status.error().reason << ": " << status.error().message;
}

/// "" when it succeeded.
template <typename T>
std::string reason_of(const Result<T>& result) {
  return result ? std::string() : result.error().reason;
}

enum class Engine { kSqlite, kPostgres };

class TestHouse {
 public:
  explicit TestHouse(Engine engine = Engine::kSqlite, Keyring::Options options = {});
  /// A second node on the same PostgreSQL database, unsealed with the same root key.
  explicit TestHouse(const TestHouse& first);
  ~TestHouse();

  /// Runs one change in a transaction of its own and forgets the cached key, as the service does.
  template <typename Work>
  auto change(Work work) -> decltype(work(std::declval<Change>())) {
    using Outcome = decltype(work(std::declval<Change>()));
    std::optional<Outcome> outcome;
    const Status written = store->write([&](store::Tx& tx) -> Status {
      outcome.emplace(work(Change{tx, event}));
      if (!*outcome) return outcome->error();
      return ok();
    });
    keyring->forget_all();
    if (!written) return written.error();
    return *std::move(outcome);
  }
  Result<Key> create(const std::string& name, crypto::Algorithm algorithm,
                     const std::string& tenant = "acme");
  Result<Key> create(NewKey wanted, const std::string& tenant = "acme");
  Result<std::uint32_t> rotate(const std::string& name, Keyring::Rotate options = {});
  Result<Key> move(const std::string& name, std::uint32_t version, Keyring::Move move);
  Result<Key> move(const std::string& name, std::uint32_t version, VersionState to);
  Key key(const std::string& name, const std::string& tenant = "acme");
  /// SQL behind the service's back.
  Status tamper(const std::string& sql);
  std::int64_t leaves(const std::string& kind);

  FakeClock clock{from_micros(1'800'000'000'000'000)};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<seal::Barrier> barrier;
  std::unique_ptr<audit::ChangeLog> log;
  observe::Registry metrics;
  std::unique_ptr<Keyring> keyring;
  audit::Event event;

 private:
  void open(const std::string& url, Keyring::Options options);

  std::string directory_;
  std::string url_;
  SecretBytes root_;
};

NewKey wanted_key(const std::string& name, crypto::Algorithm algorithm);

}  // namespace kw::keys
