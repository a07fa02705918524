// The two seconds after a revocation: when it is over, no node uses what was revoked.
//
// A node applies an announcement when it polls, and refuses to use keys when its last poll is older
// than the bound of its feed. So after this node applied it and the bound has passed, every other
// one has applied it too or has fenced itself. @source DESIGN 1.7.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string_view>

#include "base/clock.h"
#include "store/store.h"

namespace kw::cluster {
class ChangeFeed;
}

namespace kw::keys {

/// Thread-safe; waits run one after the other. Borrows store and feed. Not within a transaction.
class RevocationBarrier {
 public:
  /// @param bound  ChangeFeed::Options::fence_after of every node.
  RevocationBarrier(store::Store& store, cluster::ChangeFeed& feed,
                    std::chrono::milliseconds bound = std::chrono::milliseconds(2000))
      : store_(store), feed_(feed), bound_(bound) {}

  /// Waits until whatever was announced as `what` ("key:<id>") and committed before the call is in
  /// force everywhere. What one wait has proved costs the next ones a look.
  /// @returns how long the wait took that proved it.
  /// @errors kDeadlineExceeded(feed_late), kUnavailable(stopping), and those of the store
  Result<std::chrono::milliseconds> await(std::string_view what);
  /// Ends a wait and refuses later ones, until restart(): the server is sealed or stops.
  void stop();
  void restart();

 private:
  Result<bool> proved(std::string_view what);
  Status prove();

  store::Store& store_;
  cluster::ChangeFeed& feed_;
  const std::chrono::milliseconds bound_;
  std::mutex turn_;  // one wait at a time
  std::int64_t epoch_ = -1;  // everything up to it is in force everywhere; under turn_
  std::chrono::milliseconds took_{0};
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
};

}  // namespace kw::keys
