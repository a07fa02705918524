// Consumers of versions: who uses what, and which version they have.
#pragma once

#include <string_view>
#include <vector>

#include "rotation/consumer.h"
#include "service/gate.h"

namespace kw::service {

/// Registers or replaces. @param consumer  of the call's tenant.
/// @errors kInvalidArgument(bad_consumer), kFailedPrecondition(overlap_too_short).
/// @audit consumer.register
Result<rotation::Consumer> enroll_consumer(House& house, Call& call,
                                           const rotation::Consumer& consumer,
                                           const Wording<rotation::Consumer>& wording = {});
/// @errors kNotFound(not_found). @audit consumer.remove
Status remove_consumer(House& house, Call& call, const ObjectName& name,
                       const Wording<Done>& wording = {});
Result<rotation::Consumer> show_consumer(House& house, Call& call, const ObjectName& name);
/// Without their subjects, by name.
Result<std::vector<rotation::Consumer>> list_consumers(House& house, Call& call,
                                                       std::string_view after, int limit);

/// Signs of life: cheap, recorded in the access log. The first acknowledgement of a version leaves
/// a leaf as well. Only the consumer's principal speaks for it, or who may register it: recorded as
/// standing in. @errors kPermissionDenied(not_your_consumer), kNotFound(not_found),
///   kInvalidArgument(bad_acknowledgement). @audit consumer.acknowledge
Status heartbeat_consumer(House& house, Call& call, const ObjectName& name);
Status acknowledge_version(House& house, Call& call, const rotation::Said& said);

struct ConsumerBoard {
  rotation::Subject subject;
  std::uint32_t version = 0;
  rotation::Board board;
};
/// @param version  0: the one that an open run makes, else the primary.
/// @errors kNotFound(not_found)
Result<ConsumerBoard> consumer_board(House& house, Call& call, const rotation::Subject& subject,
                                     std::uint32_t version);

}  // namespace kw::service
