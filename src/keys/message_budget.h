// Hard limits on what a version may protect: messages (NIST SP 800-38D, 8.3, and policies), bytes
// (policies). They are reserved in durable blocks before they are used, so a crash can only
// over-count, on any number of nodes. The first block begins where the usage ledger stands. Table:
// message_budget. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>

#include "base/id.h"
#include "base/result.h"
#include "store/store.h"

namespace kw::keys {

/// What limits a version; 0: nothing.
struct Ceiling {
  std::int64_t algorithm_messages = 0;  ///< the stop lies 2^20 (or a quarter, if less) before it
  std::int64_t policy_messages = 0;     ///< exactly so many
  std::int64_t policy_bytes = 0;
  bool any() const { return algorithm_messages > 0 || policy_messages > 0 || policy_bytes > 0; }
};

class MessageBudget {
 public:
  struct Options {
    std::int64_t block = 1 << 16;  ///< messages at once; fewer where the limit is low
    std::int64_t limit_override =
        0;  ///< a lower hard limit for every limited algorithm; 0: the algorithm's
  };
  MessageBudget(store::Store& store, Options options);
  ~MessageBudget();
  /// Takes one message. Waits for the store only when the block is empty: at a version's first use
  /// without prepare(), or with a low limit.
  /// @errors kFailedPrecondition(key_exhausted): rotate the key.
  Status take(const KeyId& key, std::uint32_t version, std::int64_t messages_max);
  /// Takes one message of `bytes`. A ceiling that is lower than the one before holds at once.
  /// @errors kFailedPrecondition(key_exhausted)
  Status take(const KeyId& key, std::uint32_t version, const Ceiling& ceiling, std::int64_t bytes);
  /// Reserves the first block of a version that is about to be used, so that no use waits for the
  /// store. Waits for it 20 ms at most; when it cannot, the first use tries again.
  void prepare(const KeyId& key, std::uint32_t version, const Ceiling& ceiling);
  /// Reserved so far, an upper bound of what was used: what a rotation policy compares with its
  /// limit.
  Result<std::int64_t> reserved(const KeyId& key, std::uint32_t version);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kw::keys
