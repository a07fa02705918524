// The agent's worker: one round after the other.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "agent/delivery.h"
#include "agent/wakeup.h"
#include "client/backoff.h"

namespace kw::agent {

/// What one round brought.
struct RoundOutcome {
  Status fetched;  ///< the first failure of a fetch
  Status applied;  ///< the first application that could not take its content
};

/// Used by one thread. Borrows everything.
class Rounds {
 public:
  Rounds(const Config& config, Agent::Parts parts, Upstream& upstream, const Cache& cache,
         Holdings& holdings, Wakeup& wakeup);
  void set_exec_delivery(Delivery& delivery);

  /// Values of the last life, and leftovers of a crash.
  void resume();
  /// Fetches `changed` ("" for all), hands out what is due, says what is unsaid.
  RoundOutcome run(const std::set<std::string>& changed, bool patient);
  /// How long until the next round has something to do.
  Milliseconds idle_time(bool connected) const;
  bool refresh_due(bool connected) const;

 private:
  struct Place {
    std::unique_ptr<Delivery> own;
    std::unique_ptr<Application> application;
    Milliseconds delay{0};
    std::optional<SteadyTime> due;
    bool started = false;
  };
  void add(const ApplicationConfig& config, std::unique_ptr<Delivery> own, Delivery& delivery);
  Status fetch(const std::set<std::string>& changed);
  Status fetch_one(const std::string& path);
  void settle_fetch(const std::string& path, client::SecretPointer value);
  void drop(const std::string& path, const Error& why);
  Status hand_out(bool patient);
  Status hand_to(Place& place);
  void refused(const std::map<std::string, std::uint32_t>& wanted, bool blamed);
  void spread(const std::string& path);
  void prepare(const std::string& path);
  void say();
  bool say_one(const Saying& saying);
  bool is_used_by_all(const std::string& path, std::uint32_t version) const;
  void keep(const std::string& path);

  const Config& config_;
  Agent::Parts parts_;
  Upstream& upstream_;
  const Cache& cache_;
  Holdings& holdings_;
  Wakeup& wakeup_;
  std::vector<Place> places_;
  std::map<std::string, SteadyTime> kept_at_;
  std::map<std::string, std::int64_t> epochs_;  ///< of each secret, when it was last prepared
  std::optional<SteadyTime> refreshed_at_, spoke_at_, retry_at_;
  client::Backoff backoff_;
  bool away_ = false;
  struct Counters {
    observe::Counter &fetches, &failures, &taken, &refused, &acknowledged;
  } counters_;
};

}  // namespace kw::agent
