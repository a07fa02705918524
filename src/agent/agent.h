// The agent: learns what changes, fetches it, hands it to applications, says what they have.
//
// One worker thread does everything that changes something; a second one listens to the server's
// events and wakes it. The local socket reads what the worker left in Holdings.
#pragma once

#include <memory>

#include "agent/application.h"
#include "agent/cache.h"
#include "agent/config.h"
#include "agent/holdings.h"
#include "agent/upstream.h"
#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"

namespace kw::agent {

class Agent {
 public:
  struct Parts {
    const Clock& clock;
    const observe::Log& log;
    observe::Registry& metrics;
  };
  /// @param config  borrowed. @errors those of Upstream::open and Cache::open
  static Result<std::unique_ptr<Agent>> create(const Config& config, Parts parts);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  /// For exec mode: how its application gets its environment. Before start.
  void set_exec_delivery(Delivery& delivery);

  /// Fetches, hands out and acknowledges once. @errors the first thing that was missing
  Status run_once();
  /// Starts both threads. The first round has been done when it returns.
  void start();
  /// Ends both threads; what is under way is finished or cut short. Idempotent.
  void stop();

  /// Looks at everything again soon. Any thread.
  void wake();
  /// Only says what is unsaid. Any thread.
  void nudge();
  Holdings& holdings();
  /// True while the server's stream of events stands.
  bool connected() const;

 private:
  struct State;
  explicit Agent(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kw::agent
