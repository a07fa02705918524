// What still refers to a key version, in the data stores that are registered for its key: what jobs
// counted, and what is missing for the proof that nothing does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "keys/readiness.h"
#include "rotation/reencryption.h"
#include "rotation/reencryption_proof.h"
#include "service/gate.h"

namespace kw::service {

struct ReferenceReport {
  std::vector<std::string> stores;                ///< registered for the key
  std::vector<rotation::Reference> references;    ///< counts of finished jobs, also of other stores
  std::optional<rotation::ReferenceProof> proof;  ///< for the version that was asked for
};
/// @errors kNotFound(not_found): no such key or version
Result<ReferenceReport> key_references(House& house, Call& call,
                                       std::optional<std::uint32_t> version);

/// Blockers of kind "references" for an archiving or a destruction: items that a job counted, and
/// registered stores that no job counted since the version can be written under no more.
Status add_reference_blockers(House& house, const keys::Key& key, const keys::Version& version,
                              keys::VersionState target, keys::Readiness& readiness);

}  // namespace kw::service
