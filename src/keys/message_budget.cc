#include "keys/message_budget.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <unordered_map>

#include "base/failpoint.h"

namespace kw::keys {

namespace {

constexpr std::int64_t kMargin = 1 << 20;

// The last message lies well before the limit: other nodes hold blocks too.
std::int64_t hard_stop(std::int64_t limit) {
  return limit - std::min(kMargin, limit / 4);
}

struct VersionKey {
  KeyId key;
  std::uint32_t version = 0;
  bool operator==(const VersionKey&) const = default;
};
struct VersionHash {
  std::size_t operator()(const VersionKey& at) const {
    return std::hash<KeyId>{}(at.key) ^ (std::size_t{at.version} * 0x9E3779B97F4A7C15ULL);
  }
};

// Adds a block to what is reserved, as far as the stop allows. @returns how many were added; 0 at
// the stop.
Result<std::int64_t> reserve_block(store::Store& store, const VersionKey& at, std::int64_t block,
                                   std::int64_t stop) {
  std::int64_t added = 0;
  KW_OK(store.write([&](store::Tx& tx) -> Status {
    KW_OK(tx.execute(
        "INSERT INTO message_budget (key_id, version, reserved) VALUES ($1, $2, 0)"
        " ON CONFLICT (key_id, version) DO UPDATE SET reserved = message_budget.reserved",
        {at.key.bytes(), at.version}));
    KW_TRY(const auto row,
           tx.query_one("SELECT reserved FROM message_budget WHERE key_id = $1 AND version = $2",
                        {at.key.bytes(), at.version}));
    added = std::clamp<std::int64_t>(stop - row->integer(0), 0, block);
    KW_OK(tx.execute(
        "UPDATE message_budget SET reserved = reserved + $3 WHERE key_id = $1 AND version = $2",
        {at.key.bytes(), at.version, added}));
    KW_FAILPOINT("budget.reserve");
    return ok();
  }));
  return added;
}

}  // namespace

struct MessageBudget::State {
  struct Block {
    std::mutex mutex;
    std::condition_variable filled;
    std::int64_t left = 0;
    bool reserving = false;
  };

  store::Store& store;
  Options options;
  std::mutex mutex{};
  std::unordered_map<VersionKey, std::shared_ptr<Block>, VersionHash> blocks{};

  std::shared_ptr<Block> block(const VersionKey& at) {
    std::lock_guard lock(mutex);
    auto& found = blocks[at];
    if (!found) found = std::make_shared<Block>();
    return found;
  }
};

MessageBudget::MessageBudget(store::Store& store, Options options)
    : state_(new State{store, options}) {}
MessageBudget::~MessageBudget() = default;

Status MessageBudget::take(const KeyId& key, std::uint32_t version, std::int64_t messages_max) {
  if (messages_max <= 0) return ok();
  const std::int64_t limit = state_->options.limit_override > 0
                                 ? std::min(state_->options.limit_override, messages_max)
                                 : messages_max;
  const VersionKey at{key, version};
  const auto block = state_->block(at);
  std::unique_lock lock(block->mutex);
  while (block->left == 0) {
    if (block->reserving) {
      block->filled.wait(lock);
      continue;
    }
    block->reserving = true;
    lock.unlock();
    const auto added = reserve_block(state_->store, at, state_->options.block, hard_stop(limit));
    lock.lock();
    block->reserving = false;
    block->filled.notify_all();
    if (!added) return added.error();
    if (*added == 0)
      return error(Code::kFailedPrecondition, "key_exhausted",
                   "this version has reached its message limit: rotate the key");
    block->left += *added;
  }
  --block->left;
  return ok();
}

Result<std::int64_t> MessageBudget::reserved(const KeyId& key, std::uint32_t version) {
  std::int64_t count = 0;
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    KW_TRY(
        const auto row,
        reader.query_one("SELECT reserved FROM message_budget WHERE key_id = $1 AND version = $2",
                         {key.bytes(), version}));
    if (row) count = row->integer(0);
    return ok();
  }));
  return count;
}

}  // namespace kw::keys
