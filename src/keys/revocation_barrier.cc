#include "keys/revocation_barrier.h"

#include "cluster/cluster.h"

namespace kw::keys {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Result<std::int64_t> present_epoch(store::Store& store) {
  std::int64_t epoch = 0;
  KW_OK(store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row, reader.query_one("SELECT epoch FROM change_epoch WHERE id = 1", {}));
    if (!row) return error(Code::kDataLoss, "no_change_epoch", "the change epoch is missing");
    epoch = row->integer(0);
    return ok();
  }));
  return epoch;
}

// The newest announcement of it. Those that were pruned are older than all that are kept.
Result<std::int64_t> announced_epoch(store::Store& store, std::string_view what) {
  std::int64_t epoch = 0;
  KW_OK(store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row, reader.query_one("SELECT coalesce(max(epoch), (SELECT coalesce(min("
                                            "epoch), 1) - 1 FROM change)) FROM change"
                                            " WHERE what = $1",
                                            {what}));
    epoch = row ? row->integer(0) : 0;
    return ok();
  }));
  return epoch;
}

}  // namespace

Result<bool> RevocationBarrier::proved(std::string_view what) {
  if (epoch_ < 0) return false;
  KW_TRY(const std::int64_t present, present_epoch(store_));
  if (present <= epoch_) return true;
  KW_TRY(const std::int64_t announced, announced_epoch(store_, what));
  return announced <= epoch_;
}

Status RevocationBarrier::prove() {
  const auto began = steady_clock::now();
  KW_TRY(const std::int64_t present, present_epoch(store_));
  KW_OK(feed_.catch_up(milliseconds(2000)));
  std::unique_lock lock(mutex_);
  if (stopped_.wait_until(lock, began + bound_, [&] { return stopping_; }))
    return error(Code::kUnavailable, "stopping", "the server stops");
  lock.unlock();
  epoch_ = present;
  took_ = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
  return ok();
}

Result<milliseconds> RevocationBarrier::await(std::string_view what) {
  const std::lock_guard turn(turn_);
  KW_TRY(const bool known, proved(what));
  if (!known) KW_OK(prove());
  return took_;
}

void RevocationBarrier::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  stopped_.notify_all();
}

void RevocationBarrier::restart() {
  const std::lock_guard lock(mutex_);
  stopping_ = false;
}

}  // namespace kw::keys
