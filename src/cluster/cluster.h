// What nodes agree on through the store: leases with fencing tokens, and the change epoch that
// keeps caches coherent. On one node it is the same code, trivially true.
//
// Tables: lease, change_epoch, change. All functions are thread-safe. The store and the clock are
// borrowed and must outlive the feed.
//
//   KW_TRY(auto lease, cluster::acquire(store, clock, "kek-job/7", node, 30s));
//   if (!lease) return ok();                                  // another node works on it
//   return store.write([&](store::Tx& tx) -> Status {
//     KW_OK(cluster::require_fence(tx, lease->name, lease->fence));
//     KW_OK(change_something(tx));
//     return cluster::announce(tx, "key:0123…");
//   });
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace kw::cluster {

/// A held lease. `fence` grows with every change of holder: writers put it into their
/// compare-and-swap.
struct Lease {
  std::string name;
  std::int64_t fence = 0;  ///< from 1; never goes back
  SteadyTime good_until;   ///< counted from before the write, so it errs on the early side
};

/// Takes or renews the lease `name` for `holder`; nullopt while another holder has it.
///
/// A renewal in time keeps the fence. A holder that let its lease lapse gets a higher fence, also
/// when nobody else took it: what it began before is fenced off. Holders are unique per process and
/// start (two that share a name share the lease).
/// @param name, holder  1 to 200 bytes. @param time  1 s to 1 h.
/// @errors kInvalidArgument(bad_lease), and those of Store::write.
Result<std::optional<Lease>> acquire(store::Store& store, const Clock& clock, std::string_view name,
                                     std::string_view holder, std::chrono::seconds time);
/// Gives the lease back early; nothing happens when `holder` does not have it.
/// @errors those of Store::write.
Status release(store::Store& store, std::string_view name, std::string_view holder);
/// Inside a transaction: fails unless `fence` is still the lease's token, and keeps it so until the
/// transaction ends (the lease row is locked by it).
/// @errors kAborted(fenced): another holder has taken the lease, or nobody ever had.
Status require_fence(store::Tx& tx, std::string_view name, std::int64_t fence);

/// Handed out by a ChangeFeed that missed announcements: drop every cached fact.
inline constexpr std::string_view kEverything = "*";

/// Inside a transaction that changes cached facts: raises the epoch and records what changed
/// ("key:<hex id>", "kek:<n>", "policy"). Epochs commit in order; the last 10,000 are kept.
/// @param what  1 to 256 bytes. @errors kInvalidArgument(bad_announcement)
Status announce(store::Tx& tx, std::string_view what);
/// As announce, for at most 5,000 at once: the epoch's row is written once.
Status announce_all(store::Tx& tx, std::span<const std::string_view> what);

/// Follows the epoch: a thread polls every 50 ms and hands new announcements to `on_change` in
/// order.
///
/// A new feed begins at the present epoch: load caches after start() returned. A feed that was away
/// so long that announcements were pruned hands out kEverything once instead.
class ChangeFeed {
 public:
  struct Options {
    std::chrono::milliseconds poll{50};           ///< 1 ms to 10 s
    std::chrono::milliseconds fence_after{2000};  ///< bound of staleness
    /// Called on the feed's thread; must not throw and must not call catch_up.
    std::function<void(std::string_view what)> on_change;
  };
  /// @errors kInvalidArgument(bad_feed), and those of Store::read.
  static Result<std::unique_ptr<ChangeFeed>> start(store::Store& store, const Clock& clock,
                                                   Options options);
  /// Stops the thread; waits for a running poll.
  ~ChangeFeed();
  /// True when no poll that began within fence_after has completed (epoch read, announcements
  /// handed out): the node must refuse to use keys. A slow on_change counts. Lock-free.
  bool fenced() const;
  /// Blocks until every announcement committed before the call was handed out here.
  /// @errors kDeadlineExceeded(feed_late)
  Status catch_up(std::chrono::milliseconds at_most);

 private:
  struct State;
  explicit ChangeFeed(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The room's schema.
std::span<const store::Migration> migrations();

}  // namespace kw::cluster
