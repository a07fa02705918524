#include "store/reader_pool.h"

#include <chrono>

#include "store/guarded.h"

namespace kw::store {

namespace {
constexpr std::size_t kMostReaders = 8;
// Longer than any honest read; ends a read that waits for a reader of its own thread.
constexpr std::chrono::seconds kPatience{10};
}  // namespace

Status ReaderPool::run(const std::function<Status(Reader&)>& work) {
  KW_TRY(std::unique_ptr<Session> session, take());
  Status outcome = session->begin_snapshot();
  if (outcome) {
    Reader& reader = *session;
    outcome = run_guarded(work, reader);
    if (outcome && session->failed()) outcome = session->failure().error;
  }
  session->rollback();
  give_back(std::move(session));
  return outcome;
}

Result<std::unique_ptr<Session>> ReaderPool::take() {
  std::unique_lock lock(mutex_);
  const bool free = returned_.wait_for(lock, kPatience,
                                       [this] { return !idle_.empty() || open_ < kMostReaders; });
  if (!free)
    return error(Code::kUnavailable, "store_unavailable", "all reading connections are busy");
  if (!idle_.empty()) {
    std::unique_ptr<Session> session = std::move(idle_.back());
    idle_.pop_back();
    return session;
  }
  ++open_;
  lock.unlock();
  auto opened = engine_.open_reader();
  if (!opened) give_back(nullptr);
  return opened;
}

void ReaderPool::give_back(std::unique_ptr<Session> session) {
  std::lock_guard lock(mutex_);
  if (session == nullptr) {
    --open_;
  } else {
    idle_.push_back(std::move(session));
  }
  returned_.notify_one();
}

}  // namespace kw::store
