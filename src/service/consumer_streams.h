// What changes for a consumer, pushed: one thread reads each new leaf of the change log once and
// tells those whose subjects it is about. Names, versions and states; never values.
//
// An event is a hint to look, not a fact to act on: who gets it asks for what it names.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audit/change_log.h"
#include "rotation/consumer.h"
#include "service/gate.h"

namespace kw::service {

/// Thread-safe. A subscription costs nothing while nothing happens.
class ConsumerStreams {
 public:
  static constexpr std::size_t kSubscribersMax = 4000;
  static constexpr std::chrono::minutes kLongest{15};  ///< then who listens proves itself again
  static constexpr std::int64_t kReplayMax = 256;      ///< leaves that a short absence may miss

  struct Event {
    std::int64_t seq = 0;  ///< of the leaf; what Last-Event-ID gives back
    std::string_view kind, name;
    std::string_view action;
    std::int64_t version = 0;
    std::string_view state;  ///< that the version went to; "" when the leaf names none
  };
  struct Subscriber {
    /// Once, first. @param resumed  everything since Last-Event-ID follows; false: look at all.
    std::function<bool(std::int64_t seq, bool resumed)> ready;
    /// @returns false to be dropped (the client is gone).
    std::function<bool(const Event&)> changed;
  };

  ConsumerStreams(audit::ChangeLog& changes, const Clock& clock);
  ~ConsumerStreams();
  /// @param after  the last leaf that was seen; -1: none
  /// @errors kResourceExhausted(too_many_streams) and those of the store
  Status subscribe(const rotation::Consumer& consumer, std::int64_t after, Subscriber subscriber);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The consumer whose events the call asks for, after authorisation. Recorded in the access log.
/// @errors kNotFound(not_found)
Result<rotation::Consumer> authorise_consumer_events(House& house, Call& call,
                                                     const ObjectName& name);

}  // namespace kw::service
