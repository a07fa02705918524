// Secrets on a fresh store, unsealed, with two tenants: what the tests of this room stand on.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "secrets/generator.h"
#include "secrets/secrets.h"

namespace kw::secrets {

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
inline std::string engine_name(const testing::TestParamInfo<Engine>& each) {
  return each.param == Engine::kSqlite ? "sqlite" : "postgres";
}

SecretBytes secret_text(std::string_view text);
std::string shown(const SecretBytes& secret);
Put put_text(std::string_view text);
Put put_fields(std::initializer_list<std::pair<const char*, const char*>> fields);
Put put_template(std::string_view text);
Put put_generated(std::string_view generator);

class TestHouse {
 public:
  explicit TestHouse(Engine engine = Engine::kSqlite);
  ~TestHouse();

  /// Runs one change in a transaction of its own.
  template <typename Work>
  auto change(Work work) -> decltype(work(std::declval<Change>())) {
    using Made = decltype(work(std::declval<Change>()));
    std::optional<Made> outcome;
    const Status written = store->write([&](store::Tx& tx) -> Status {
      outcome.emplace(work(Change{tx, event}));
      if (!*outcome) return outcome->error();
      return ok();
    });
    if (!written) return written.error();
    return *std::move(outcome);
  }
  Result<Secret> put(const std::string& path, const Put& wanted,
                     const std::string& tenant = "acme");
  Secret secret(const std::string& path, const std::string& tenant = "acme");
  /// The value that a consumer gets, or the reason why not in angle brackets.
  std::string read(const std::string& path, const Secrets::Asked& asked = {});
  VersionState state(const std::string& path, std::uint32_t version);
  /// Every row checks and fits, exactly one primary where there should be one.
  void expect_sound();
  Status tamper(const std::string& sql);
  std::int64_t leaves(const std::string& kind);

  FakeClock clock{from_micros(1'800'000'000'000'000)};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<seal::Barrier> barrier;
  std::unique_ptr<audit::ChangeLog> log;
  std::unique_ptr<Secrets> secrets;
  audit::Event event;

 private:
  std::string directory_;
};

}  // namespace kw::secrets
