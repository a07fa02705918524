// How the two cohorts of a rollout fare: operations, errors, latency, and answers of the new
// version that were checked and found wrong. Counted in memory, written down every second; whoever
// asks sees all nodes. Costs nothing for a key that is not in a rollout. Table: key_rollout_health.
// Thread-safe.
//
// A wrong answer never leaves: the caller gets the old version's, and this node uses the new one no
// more.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "keys/model.h"
#include "rotation/rotatable.h"
#include "store/store.h"

namespace kw::keys {

enum class Cohort : std::uint8_t { kOld, kNew };

class RolloutMeter {
 public:
  /// @param node  unique among the nodes; borrows store and clock.
  RolloutMeter(store::Store& store, const Clock& clock, std::string node);
  ~RolloutMeter();

  // All of these are about key.rollout, which is open.
  /// False once an answer of its version was wrong here.
  bool trusts(const Key& key);
  /// True for the first 1,000 answers at a percentage and for every 16th after them.
  bool wants_check(const Key& key);
  /// One operation; `good` is false for a failure that is not the caller's fault.
  void note(const Key& key, Cohort cohort, bool good, std::chrono::nanoseconds took);
  /// An answer of the new version was checked and is wrong.
  void note_wrong(const Key& key);

  /// Writes down what was counted since the last flush. Once a second.
  /// @errors as Store::write; what could not be written stays for the next flush
  Status flush();
  /// Both cohorts at that percentage, over all nodes; latencies are good to a fifth.
  Result<rotation::Health> health(const KeyId& key, const Rollout& rollout);
  /// The rollout is over: nobody asks for its numbers any more.
  static Status forget(store::Tx& tx, const KeyId& key);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kw::keys
