#include "keys/message_budget.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "base/failpoint.h"

namespace kw::keys {

namespace {

constexpr std::int64_t kMargin = 1 << 20;
constexpr std::int64_t kBytesBlockMax = 1 << 30;
constexpr std::int64_t kBlocksPerLimit = 256;  // so much of a low limit may a restart cost
constexpr std::size_t kBlocksMax = 100'000;    // of versions in use
// A block is refilled while a quarter of it is left. Small blocks are not: what they hold stands
// for what a restart may cost.
constexpr std::int64_t kRefillBelow = 4;
constexpr std::int64_t kRefilledBlockMin = 1024;
// Who prepares has other things to do than to wait for a store that hangs.
constexpr std::chrono::milliseconds kPrepareWait{20};
constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();

// The last message lies well before the limit of an algorithm.
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

/// Messages and bytes: of a block, or where they must stop.
struct Amount {
  std::int64_t messages = 0;
  std::int64_t bytes = 0;
  bool operator==(const Amount&) const = default;
};

// What is used and reserved so far. The row is locked first, so that nodes reserve one after the
// other.
Result<Amount> lock_reserved(store::Tx& tx, const VersionKey& at) {
  KW_OK(
      tx.execute("INSERT INTO message_budget (key_id, version, reserved) VALUES ($1, $2, 0)"
                 " ON CONFLICT (key_id, version) DO UPDATE SET reserved = message_budget.reserved",
                 {at.key.bytes(), at.version}));
  KW_TRY(const auto row, tx.query_one("SELECT reserved, reserved_bytes FROM message_budget"
                                      " WHERE key_id = $1 AND version = $2",
                                      {at.key.bytes(), at.version}));
  KW_TRY(const auto used, tx.query_one("SELECT protects, bytes FROM key_usage_total"
                                       " WHERE key_id = $1 AND version = $2",
                                       {at.key.bytes(), at.version}));
  Amount reserved{row->integer(0), row->integer(1)};
  if (!used) return reserved;
  return Amount{std::max(reserved.messages, used->integer(0)),
                std::max(reserved.bytes, used->integer(1))};
}

// Adds a block to what is reserved, as far as the stop allows. `added` is less than wanted at the
// stop.
Status reserve_block(store::Tx& tx, const VersionKey& at, const Amount& block, const Amount& stop,
                     Amount& added) {
  KW_TRY(const Amount reserved, lock_reserved(tx, at));
  const auto room = [](std::int64_t end, std::int64_t begin, std::int64_t wanted) {
    return end == kUnlimited ? 0 : std::clamp<std::int64_t>(end - begin, 0, wanted);
  };
  added.messages = room(stop.messages, reserved.messages, block.messages);
  added.bytes = room(stop.bytes, reserved.bytes, block.bytes);
  KW_OK(
      tx.execute("UPDATE message_budget SET reserved = $3, reserved_bytes = $4"
                 " WHERE key_id = $1 AND version = $2",
                 {at.key.bytes(), at.version, reserved.messages + added.messages,
                  reserved.bytes + added.bytes}));
  KW_FAILPOINT("budget.reserve");
  return ok();
}

Error exhausted() {
  return error(Code::kFailedPrecondition, "key_exhausted",
               "this version has reached its limit of messages or bytes: rotate the key");
}

}  // namespace

struct MessageBudget::State {
  struct Block {
    std::mutex mutex;
    std::condition_variable filled;
    Amount left;
    Amount stop{kUnlimited, kUnlimited};  // under which `left` was reserved
    bool reserving = false;
    bool refills = true;  // false while nothing comes: at the stop, or the store fails

    // What was reserved under a higher stop may lie beyond the lower one.
    void hold_to(const Amount& lower) {
      if (lower.messages < stop.messages || lower.bytes < stop.bytes) left = {};
      stop = lower;
    }
    // `added` was reserved under `then`; somebody may have lowered the stop since.
    void filled_with(const Amount& added, const Amount& then) {
      reserving = false;
      refills = added.messages > 0;
      filled.notify_all();
      if (stop.messages < then.messages || stop.bytes < then.bytes) return;
      left.messages += added.messages;
      left.bytes += added.bytes;
    }
  };

  store::Store& store;
  Options options;
  std::shared_mutex mutex{};
  std::unordered_map<VersionKey, std::shared_ptr<Block>, VersionHash> blocks{};

  std::shared_ptr<Block> block(const VersionKey& at) {
    {
      const std::shared_lock lock(mutex);
      const auto found = blocks.find(at);
      if (found != blocks.end()) return found->second;
    }
    const std::unique_lock lock(mutex);
    // What is left of an idle block is given up: over-counted, as after a crash.
    if (blocks.size() >= kBlocksMax)
      std::erase_if(blocks, [](const auto& each) { return each.second.use_count() == 1; });
    auto& found = blocks[at];
    if (!found) found = std::make_shared<Block>();
    return found;
  }

  Amount stop(const Ceiling& ceiling) const {
    Amount stop{kUnlimited, kUnlimited};
    if (ceiling.algorithm_messages > 0) {
      const std::int64_t override = options.limit_override;
      stop.messages = hard_stop(override > 0 ? std::min(override, ceiling.algorithm_messages)
                                             : ceiling.algorithm_messages);
    }
    if (ceiling.policy_messages > 0)
      stop.messages = std::min(stop.messages, ceiling.policy_messages);
    if (ceiling.policy_bytes > 0) stop.bytes = ceiling.policy_bytes;
    return stop;
  }

  // Of what is short only, and at least what is needed now.
  Amount block_size(const Amount& stop, const Amount& needed, const Amount& left,
                    bool by_policy) const {
    Amount size;
    const std::int64_t low = stop.messages / kBlocksPerLimit;
    if (left.messages < needed.messages)
      size.messages = by_policy ? std::clamp<std::int64_t>(low, 1, options.block) : options.block;
    if (left.bytes < needed.bytes) {
      size.bytes = std::clamp<std::int64_t>(stop.bytes / kBlocksPerLimit, 1, kBytesBlockMax);
      size.bytes = std::max(size.bytes, needed.bytes);
    }
    return size;
  }

  // Waits for the store.
  Result<Amount> reserve(const VersionKey& at, const Amount& wanted, const Amount& stop) const {
    Amount added;
    KW_OK(store.write([&](store::Tx& tx) { return reserve_block(tx, at, wanted, stop, added); }));
    return added;
  }

  // Does not wait: the next block is there before this one is used up. Called without the block's
  // lock; the block is marked as reserving.
  void refill(const VersionKey& at, const std::shared_ptr<Block>& block, const Amount& wanted,
              const Amount& stop) const {
    const auto added = std::make_shared<Amount>();
    store.write_async([=](store::Tx& tx) { return reserve_block(tx, at, wanted, stop, *added); },
                      [=](const Status& written) {
                        const std::lock_guard lock(block->mutex);
                        block->filled_with(written ? *added : Amount{}, stop);
                      });
  }

  bool wants_refill(const Block& block, const Ceiling& ceiling) const {
    const bool whole = ceiling.policy_messages == 0 && options.block >= kRefilledBlockMin;
    return whole && block.stop.messages != kUnlimited && block.refills && !block.reserving &&
           block.left.messages < options.block / kRefillBelow;
  }
};

MessageBudget::MessageBudget(store::Store& store, Options options)
    : state_(new State{store, options}) {}
MessageBudget::~MessageBudget() = default;

Status MessageBudget::take(const KeyId& key, std::uint32_t version, std::int64_t messages_max) {
  Ceiling ceiling;
  ceiling.algorithm_messages = messages_max;
  return take(key, version, ceiling, 0);
}

Status MessageBudget::take(const KeyId& key, std::uint32_t version, const Ceiling& ceiling,
                           std::int64_t bytes) {
  if (!ceiling.any()) return ok();
  Amount stop = state_->stop(ceiling);
  const Amount needed{stop.messages == kUnlimited ? 0 : 1, stop.bytes == kUnlimited ? 0 : bytes};
  const VersionKey at{key, version};
  const auto block = state_->block(at);
  std::unique_lock lock(block->mutex);
  block->hold_to(stop);
  while (block->left.messages < needed.messages || block->left.bytes < needed.bytes) {
    if (block->reserving) {
      block->filled.wait(lock);
      continue;
    }
    block->reserving = true;
    const Amount wanted =
        state_->block_size(stop, needed, block->left, ceiling.policy_messages > 0);
    lock.unlock();
    const auto added = state_->reserve(at, wanted, stop);
    lock.lock();
    block->filled_with(added ? *added : Amount{}, stop);
    if (!added) return added.error();
    // Else it would reserve again and again under a stop that no longer holds.
    stop = {std::min(stop.messages, block->stop.messages), std::min(stop.bytes, block->stop.bytes)};
    if (added->messages == 0 && block->left.messages < needed.messages) return exhausted();
    if (added->bytes == 0 && block->left.bytes < needed.bytes) return exhausted();
  }
  block->left.messages -= needed.messages;
  block->left.bytes -= needed.bytes;
  if (!state_->wants_refill(*block, ceiling)) return ok();
  block->reserving = true;
  lock.unlock();
  state_->refill(at, block, Amount{state_->options.block, 0}, stop);
  return ok();
}

void MessageBudget::prepare(const KeyId& key, std::uint32_t version, const Ceiling& ceiling) {
  const Amount stop = state_->stop(ceiling);
  if (stop.messages == kUnlimited) return;
  const VersionKey at{key, version};
  const auto block = state_->block(at);
  std::unique_lock lock(block->mutex);
  block->hold_to(stop);
  if (block->left.messages > 0 || block->reserving) return;
  block->reserving = true;
  const Amount wanted =
      state_->block_size(stop, Amount{1, 0}, block->left, ceiling.policy_messages > 0);
  lock.unlock();
  state_->refill(at, block, wanted, stop);
  lock.lock();
  block->filled.wait_for(lock, kPrepareWait, [&] { return !block->reserving; });
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
