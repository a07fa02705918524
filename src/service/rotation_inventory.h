// What rotates, as policies, calendars and events look at it: read through the Rotatables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "service/house.h"

namespace kw::service {

/// The one rotatable of this kind, or nullptr.
rotation::Rotatable* rotatable_of(const House& house, std::string_view kind);
/// One subject as it is now. @errors kInvalidArgument(bad_subject): no such kind;
/// kNotFound(not_found)
Result<rotation::SubjectFacts> read_subject(const House& house, const rotation::Subject& subject);

struct Inventory {
  std::vector<rotation::SubjectFacts> subjects;  ///< by kind, then tenant and name
  /// Sentences about those that were left out because their rows were changed outside the service:
  /// the first hundred.
  std::vector<std::string> problems;
  bool whole = true;  ///< false: there are more than were read
};
/// The subjects of one tenant, or of all ("").
Result<Inventory> read_inventory(const House& house, std::string_view tenant, std::size_t most);

}  // namespace kw::service
