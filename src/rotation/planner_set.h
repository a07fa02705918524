// Planners for an inventory: subjects with the same policy share one. Inside the room only; not
// thread-safe. Borrows the documents.
#pragma once

#include <map>
#include <memory>

#include "rotation/planner.h"
#include "rotation/policy_document.h"

namespace kw::rotation {

class PlannerSet {
 public:
  PlannerSet(std::span<const PolicyDocument> documents, ByteView jitter_seed)
      : documents_(documents), seed_(to_bytes(jitter_seed)) {}

  /// @errors as next_due
  Result<std::shared_ptr<const Planner>> of(const SubjectFacts& facts);

 private:
  std::span<const PolicyDocument> documents_;
  Bytes seed_;
  std::map<std::string, std::shared_ptr<const Planner>> by_policy_;
};

}  // namespace kw::rotation
