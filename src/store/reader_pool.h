// Reading connections, opened when needed and kept.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "store/session.h"

namespace kw::store {

/// At most eight readers; a ninth caller waits. Thread-safe.
class ReaderPool {
 public:
  explicit ReaderPool(Engine& engine) : engine_(engine) {}
  /// As Store::read.
  Status run(const std::function<Status(Reader&)>& work);

 private:
  Result<std::unique_ptr<Session>> take();
  void give_back(std::unique_ptr<Session> session);

  Engine& engine_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Session>> idle_;
  std::size_t open_ = 0;
};

}  // namespace kw::store
