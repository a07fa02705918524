// Hard limits on protect operations (NIST SP 800-38D, 8.3). Messages are reserved in durable blocks
// before they are used, so a crash can only over-count, on any number of nodes. Table:
// message_budget. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>

#include "base/id.h"
#include "base/result.h"
#include "store/store.h"

namespace kw::keys {

class MessageBudget {
 public:
  struct Options {
    std::int64_t block = 1 << 16;
    std::int64_t limit_override =
        0;  ///< a lower hard limit for every limited algorithm; 0: the algorithm's
  };
  MessageBudget(store::Store& store, Options options);
  ~MessageBudget();
  /// Takes one message. Waits for the store only when the block is empty.
  /// @errors kFailedPrecondition(key_exhausted): rotate the key. The stop lies 2^20 (or a quarter,
  /// if less) before the limit.
  Status take(const KeyId& key, std::uint32_t version, std::int64_t messages_max);
  /// Reserved so far, an upper bound of what was used: what a rotation policy compares with its
  /// limit.
  Result<std::int64_t> reserved(const KeyId& key, std::uint32_t version);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kw::keys
