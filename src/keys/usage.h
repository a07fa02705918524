// The usage ledger: who used which key version for what, and when. Counting is a map lookup and two
// additions; the service writes hourly buckets to the store every second.
//
// A use is counted before its audit record is appended, and a flush notes how far the access log
// had come: what a crash cuts off is counted again from the log (count_again). So a crash can
// over-count, never under-count. Tables: key_usage, usage_mark. Thread-safe.
#pragma once

#include <memory>
#include <string>
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

class UsageLedger {
 public:
  UsageLedger(store::Store& store, const Clock& clock);
  ~UsageLedger();
  void count(const KeyId& key, std::uint32_t version, Operation operation, std::string_view caller,
             std::int64_t by = 1);
  /// Makes what was counted durable, and with it that records of `node` below `log_size` are in.
  /// Read `log_size` before the call. What cannot be written stays counted for the next flush.
  /// @errors as Store::write
  Status flush(std::string_view node, std::uint64_t log_size);
  /// The first access log record of `node` that may not be counted yet.
  Result<std::uint64_t> counted_to(std::string_view node);
  /// Rows of a key, newest hour first, including what is not flushed yet. `since` bounds the hours.
  Result<std::vector<UsageRow>> usage(const KeyId& key, WallTime since);
  /// The keys that a caller used since the hour of `since`, by id, including what is not flushed
  /// yet. @errors kResourceExhausted(scope_too_large): more than 10,000
  Result<std::vector<KeyId>> keys_used_by(std::string_view caller, WallTime since);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kw::keys
