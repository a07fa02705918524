// Stores for this room's tests: a fresh one per test and engine, and one whose reads can be made to
// fail.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "store/store.h"

namespace kw::cluster {

/// The parameter is the engine's name. Skips, with a line that says so, when the machine has no
/// server.
class OnEachEngine : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override;
  void TearDown() override;
  store::Store& store() { return *store_; }

 private:
  std::string folder_;
  std::unique_ptr<store::Store> store_;
};

/// Passes everything on; while `down`, reads fail.
class FlakyStore final : public store::Store {
 public:
  explicit FlakyStore(store::Store& real) : real_(real) {}
  std::atomic<bool> down{false};
  std::atomic<int> failed_reads{0};

  Status write(const Work& work, store::Priority priority) override {
    return real_.write(work, priority);
  }
  void write_async(Work work, std::function<void(Status)> done) override {
    real_.write_async(std::move(work), std::move(done));
  }
  Status read(const std::function<Status(store::Reader&)>& work) override;
  Status migrate(std::span<const store::Migration> migrations) override {
    return real_.migrate(migrations);
  }
  std::string_view engine() const override { return real_.engine(); }
  store::Foreground foreground() const override { return real_.foreground(); }

 private:
  store::Store& real_;
};

/// How a test is called: "…/sqlite".
inline std::string engine_name(const testing::TestParamInfo<std::string>& info) {
  return info.param;
}

/// "" for success, else the reason.
template <typename T>
std::string reason(const Result<T>& result) {
  return result ? std::string() : result.error().reason;
}

}  // namespace kw::cluster
