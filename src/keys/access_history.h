// Who used keys, as this node's access log tells it: exact times and peers, which the usage ledger
// does not keep. Private to the room.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "audit/access_log.h"
#include "base/clock.h"

namespace kw::keys {

/// All uses of one key name by one principal from one host with one version.
struct SeenUse {
  std::string principal, host, operation;
  std::uint32_t version = 0;  ///< 0: a batch over several versions
  std::int64_t count = 0;     ///< that succeeded
  std::int64_t refused = 0;   ///< because of the version's state
  WallTime first_seen, last_seen;
};
/// By "<tenant>/<name>", the name as the caller wrote it (a key's or an alias).
using SeenUses = std::unordered_map<std::string, std::vector<SeenUse>>;

/// Thread-safe. Borrows the log.
class AccessHistory {
 public:
  explicit AccessHistory(const audit::AccessLog& log) : log_(log) {}
  /// One pass over the records between the two times; the last answer is kept, since a report asks
  /// for every one of its keys. Finding the start needs a log whose times go forward: a clock that
  /// was set back by less than an hour is allowed for.
  /// @errors kResourceExhausted(too_many_users): over 200,000 different uses;
  ///   kDataLoss(bad_record), and those of AccessLog::read
  Result<std::shared_ptr<const SeenUses>> between(WallTime from, WallTime to);

 private:
  Result<std::uint64_t> first_after(WallTime time) const;
  Result<std::shared_ptr<const SeenUses>> scan(WallTime from, WallTime to) const;

  const audit::AccessLog& log_;
  std::mutex mutex_;
  WallTime from_, to_;
  std::shared_ptr<const SeenUses> kept_;
};

}  // namespace kw::keys
