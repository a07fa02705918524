// The usage ledger: who used which key version for what, and when. Counting is a map lookup and two
// additions; the service writes hourly buckets to the store every second.
//
// A use is counted before its audit record is appended, and a flush notes how far the access log
// had come: what a crash cuts off is counted again from the log (count_again). So a crash can
// over-count, never under-count. Bytes are counted too; the log does not know them, so what limits
// bytes is message_budget.h. Tables: key_usage, key_usage_total, usage_mark. Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "store/store.h"

namespace kw::keys {

enum class Operation : std::uint8_t;

struct UsageRow {
  std::uint32_t version = 0;
  std::string operation;
  std::string caller;
  WallTime hour;  ///< start of the bucket
  std::int64_t count = 0;
  WallTime last_at;
};

/// All that a version was used for so far.
struct UsageTotal {
  std::int64_t protects = 0;  ///< operations that protected something
  std::int64_t bytes = 0;     ///< … and how much
  std::optional<WallTime> last_protect_at, last_at;
  /// What nodes have reserved of its limits: upper bounds; 0 when nothing limits it.
  std::int64_t reserved = 0, reserved_bytes = 0;
};

/// True for encrypt, rewrap, sign, mac, generate-data-key and derive.
bool protects(Operation operation);
bool protects(std::string_view operation);

class UsageLedger {
 public:
  UsageLedger(store::Store& store, const Clock& clock);
  ~UsageLedger();
  /// @param bytes  that were protected.
  void count(const KeyId& key, std::uint32_t version, Operation operation, std::string_view caller,
             std::int64_t by = 1, std::int64_t bytes = 0);
  /// Makes what was counted durable, and with it that records of `node` below `log_size` are in.
  /// Read `log_size` before the call. What cannot be written stays counted for the next flush.
  /// @errors as Store::write
  Status flush(std::string_view node, std::uint64_t log_size);
  /// The first access log record of `node` that may not be counted yet.
  Result<std::uint64_t> counted_to(std::string_view node);
  /// Rows of a key, newest hour first, including what is not flushed yet. `since` bounds the hours.
  Result<std::vector<UsageRow>> usage(const KeyId& key, WallTime since);
  /// Includes what is not flushed yet here.
  Result<UsageTotal> total(const KeyId& key, std::uint32_t version);
  /// As total() of each key's present primary, for many keys; those without any use may be missing.
  Result<std::unordered_map<KeyId, UsageTotal>> totals_of(std::span<const KeyId> keys);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kw::keys
