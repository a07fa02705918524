// A store, an unsealed change log and people, for the tests of graph, incidents and ceremonies.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "audit/change_log.h"
#include "base/clock.h"
#include "rotation/ceremony.h"
#include "rotation/runs.h"
#include "seal/barrier.h"
#include "store/store.h"

namespace kw::rotation {

/// "" for success, else the reason.
template <typename T>
std::string why(const Result<T>& result) {
  return result ? std::string() : result.error().reason;
}

/// SQLite in a folder of its own by default. open_again() is what follows a kill: nothing but the
/// file is left.
class IncidentRoom {
 public:
  /// @param folder  of a room that was there before; "": a new one, removed at the end.
  /// @param url  of another store than a file in the folder.
  explicit IncidentRoom(std::string folder = "", std::string url = "");
  ~IncidentRoom();
  static std::string new_folder();
  IncidentRoom(const IncidentRoom&) = delete;
  IncidentRoom& operator=(const IncidentRoom&) = delete;

  void open_again();
  store::Store& store() { return *store_; }
  audit::ChangeLog& log() { return *log_; }
  FakeClock& clock() { return clock_; }
  RowProof proof();
  const std::string& folder() const { return folder_; }

  /// One transaction of `actor`. The reason of its failure, or "".
  std::string write(const std::function<Status(Change)>& work, std::string_view actor = "alice");
  std::int64_t number(std::string_view sql);
  std::string run(std::string_view sql);
  std::string verifier_key() { return log_->verifier_key().value(); }

 private:
  std::string folder_, url_;
  bool own_ = false;
  FakeClock clock_{WallTime(std::chrono::seconds(1'800'000'000))};
  seal::RootKey root_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<seal::Barrier> barrier_;
  std::unique_ptr<audit::ChangeLog> log_;
};

}  // namespace kw::rotation
