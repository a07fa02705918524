// Reading the audit log: records, checkpoints, proofs, tiles, and the live stream of changes.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "service/gate.h"

namespace kw::service {

Result<std::vector<audit::Record>> audit_records(House& house, Call& call,
                                                 const audit::Query& query);
struct Checkpoint {
  std::string note;
  std::string verifier_key;
};
/// Signs a fresh checkpoint when the log has grown.
Result<Checkpoint> audit_checkpoint(House& house, Call& call);
Result<audit::Proof> audit_inclusion(House& house, Call& call, std::int64_t index,
                                     std::int64_t size);
Result<audit::Proof> audit_consistency(House& house, Call& call, std::int64_t old_size,
                                       std::int64_t new_size);
Result<Bytes> audit_tile(House& house, Call& call, std::string_view path);

/// This node's access log, for a copy that verifies offline.
struct AccessLogState {
  std::string node;
  std::int64_t size = 0;
  audit::AccessLog::Promises promises;
};
Result<AccessLogState> audit_access_log(House& house, Call& call);
/// Up to `count` durable records from `first` on.
Result<std::vector<std::string>> audit_access_records(House& house, Call& call, std::int64_t first,
                                                      std::int64_t count);

/// Hands each new change-log leaf to its subscribers, in order, from one thread. Thread-safe.
class EventStreams {
 public:
  /// @returns false to be dropped (the client is gone).
  using Subscriber = std::function<bool(const audit::Record&)>;
  explicit EventStreams(audit::ChangeLog& changes);
  ~EventStreams();
  /// Starts after leaf `after` (-1: from now on). At most 256 subscribers. @errors
  /// kResourceExhausted(too_many_streams)
  Status subscribe(std::int64_t after, Subscriber subscriber);

 private:
  struct State;
  std::unique_ptr<State> state_;
};
/// Authorises the call for the stream and records it.
Status authorise_events(House& house, Call& call);

}  // namespace kw::service
