// Who read which version or used it for a webhook, and when. Counting is a map lookup; the service
// writes hourly buckets to the store every second. A read is counted before its access record is
// appended, and what a crash cuts off is counted again from the access log: a crash can over-count,
// never under-count. Table: secret_usage. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "secrets/model.h"
#include "store/store.h"

namespace kw::secrets {

struct UsageRow {
  std::uint32_t version = 0;
  std::string caller;
  WallTime hour;  ///< start of the bucket
  std::int64_t uses = 0;
  WallTime last_at;
};

class ReadLedger {
 public:
  ReadLedger(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  void count(const SecretId& id, std::uint32_t version, std::string_view caller);
  /// Makes what was counted durable; what cannot be written stays for the next time.
  Status flush();
  /// Since `from`, newest hour first, at most 10,000 rows. Includes what is not flushed yet here.
  Result<std::vector<UsageRow>> usage(const SecretId& id, WallTime from);

 private:
  using Key = std::tuple<SecretId, std::uint32_t, std::string, std::int64_t>;
  struct Count {
    std::int64_t uses = 0, last_at = 0;
  };
  Status write(const std::map<Key, Count>& counts);

  store::Store& store_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<Key, Count> counts_;
};

}  // namespace kw::secrets
