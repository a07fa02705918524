// What an incident does with the data under a suspect key: a job for every data store of the key,
// and what jobs counted there.
#pragma once

#include <functional>
#include <vector>

#include "connectors/data_places.h"
#include "rotation/incident_ports.h"
#include "rotation/jobs.h"
#include "rotation/reencryption.h"

namespace kw::connectors {

/// Thread-safe. Borrows everything.
class ForcedReencryption final : public rotation::Reencrypt {
 public:
  /// The version that protects new data of a key now; 0: none.
  using Primary = std::function<Result<std::uint32_t>(const rotation::Subject& subject)>;

  /// Lets a job open versions that are revoked by now.
  using Grant = std::function<Status(rotation::Change change, const rotation::Subject& subject,
                                     const rotation::Versions& versions, const JobId& job)>;

  ForcedReencryption(rotation::Jobs& jobs, rotation::Reencryption& counts, const DataPlaces& places,
                     Primary primary, Grant grant)
      : jobs_(jobs),
        counts_(counts),
        places_(places),
        primary_(std::move(primary)),
        grant_(std::move(grant)) {}

  /// @returns ids of the jobs with commas between, or "": the key has no data stores here.
  /// @errors kFailedPrecondition(no_replacement): the primary is suspect itself, or there is none;
  ///   job_open: a job of the store goes to another version
  Result<std::string> start(rotation::Change change, const rotation::Subject& subject,
                            const rotation::Versions& versions) override;
  Result<rotation::ReencryptState> state(const std::string& jobs) override;

  /// What finished jobs counted for the key, exactly, by store.
  Result<std::vector<rotation::Readable>> readable(const rotation::Subject& subject);

 private:
  rotation::Jobs& jobs_;
  rotation::Reencryption& counts_;
  const DataPlaces& places_;
  const Primary primary_;
  const Grant grant_;
};

}  // namespace kw::connectors
