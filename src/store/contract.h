// What every engine must keep: the fixture of the contract suite.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/store.h"

namespace kw::store {

/// A fresh database per test. The parameter is the engine's name. Skips, with a line that says so,
/// when the machine has no server for it.
class StoreContract : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override;
  void TearDown() override;

  Store& store() { return *store_; }
  const std::string& url() const { return url_; }
  void close() { store_.reset(); }
  void open_again();

  /// Statements without parameters, as one migration of the room "contract".
  void create(std::string_view sql);
  Status run(std::string_view sql, Params params);
  /// The first column of the first row.
  std::int64_t number(std::string_view sql);
  /// Holds the writer thread in a work until the returned function is called and the works that
  /// were submitted meanwhile have been taken as one group.
  std::function<void()> hold_writer();

 private:
  std::string folder_;
  std::string url_;
  std::unique_ptr<Store> store_;
};

/// Waits for a number of outcomes of write_async.
class Outcomes {
 public:
  Outcomes();
  std::function<void(Status)> expect();
  /// In the order of expect().
  std::vector<Status> wait();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// How a test of the suite is called: "…/sqlite".
inline std::string engine_name(const testing::TestParamInfo<std::string>& info) {
  return info.param;
}

/// "" for success, else the reason.
template <typename T>
std::string reason(const Result<T>& result) {
  return result ? std::string() : result.error().reason;
}

}  // namespace kw::store
