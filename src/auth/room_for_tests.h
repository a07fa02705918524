// A store, a barrier and Access on a fake clock, for this room's tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "auth/access.h"
#include "auth/approvals.h"
#include "base/clock.h"
#include "seal/barrier.h"
#include "store/store.h"

namespace kw::auth {

/// "" for success, else the reason.
template <typename T>
std::string reason(const Result<T>& result) {
  return result ? std::string() : result.error().reason;
}

ObjectName object_name(std::string_view text);

/// The words that test policies may use: actions of keys and policies; kinds key, secret,
/// access-policy; two facts.
Vocabulary test_vocabulary();

/// A fresh store per test, with the principals of nobody. The parameter is the engine's name; skips
/// without a PostgreSQL server.
class Room : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override;
  void TearDown() override;

  store::Store& store() { return *store_; }
  seal::Barrier& barrier() { return *barrier_; }
  FakeClock& clock() { return clock_; }
  Access& access() { return *access_; }

  /// Another node over the same store, loaded.
  std::unique_ptr<Access> another_node(Duties duties = Duties::kEnforce);
  /// Runs one change, then reload(), as the service does. The reason of the first failure.
  std::string change(const store::Store::Work& work);
  /// Runs a write transaction. Its reason.
  std::string write(const store::Store::Work& work);
  std::string run(std::string_view sql);
  std::int64_t number(std::string_view sql);
  void seal_up();

  void add_principal(std::string_view name, std::vector<Grant> grants,
                     std::string certificate_name = "");
  PrincipalRecord principal(std::string_view name);
  std::string disable(std::string_view name);
  IssuedToken issue(std::string_view name,
                    std::chrono::seconds time_to_live = std::chrono::hours(1),
                    std::chrono::seconds idle_max = std::chrono::seconds(0),
                    std::string certificate = "");
  /// The reason of authenticating on `node` (this one by default).
  std::string authenticate(const IssuedToken& token, Access* node = nullptr,
                           std::string_view certificate = "");

 private:
  std::string folder_;
  FakeClock clock_{from_micros(1'800'000'000'000'000)};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<seal::Barrier> barrier_;
  std::unique_ptr<Access> access_;
};

/// How a test is called: "…/sqlite".
inline std::string engine_name(const testing::TestParamInfo<std::string>& info) {
  return info.param;
}

}  // namespace kw::auth
