// Stores and shortcuts for this room's tests.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "seal/barrier.h"
#include "seal/seal.h"
#include "store/store.h"

namespace kw::seal {

/// "" for success, else the reason.
template <typename T>
std::string reason(const Result<T>& result) {
  return result ? std::string() : result.error().reason;
}

/// A folder that is removed with what is in it.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string url() const { return "sqlite://" + file("store.db"); }

 private:
  std::string path_;
};

/// Opens the store with the room's schema; aborts the test program when that fails.
std::unique_ptr<store::Store> open_store(const std::string& url);

/// A fresh store per test. The parameter is the engine's name; skips without a PostgreSQL server.
class OnEachEngine : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override;
  void TearDown() override { store_.reset(); }
  store::Store& store() { return *store_; }
  const std::string& url() const { return url_; }
  /// The reason of a write transaction.
  std::string write(const store::Store::Work& work) { return reason(store_->write(work)); }
  std::int64_t number(std::string_view sql);

 private:
  TestFolder folder_;
  std::string url_;
  std::unique_ptr<store::Store> store_;
};

/// How a test is called: "…/sqlite".
inline std::string engine_name(const testing::TestParamInfo<std::string>& info) {
  return info.param;
}

/// 32 bytes, all `value`.
SecretBytes bytes_of(std::uint8_t value);
/// A context for an object called `object`.
SealContext context_of(std::string_view object);

}  // namespace kw::seal
