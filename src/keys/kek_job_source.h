// Re-wrap jobs of KEK rotations, listed and steered beside all other jobs: kind "kek-rewrap".
// Thread-safe.
#pragma once

#include "rotation/job.h"

namespace kw::keys {

class KekRotations;

class KekJobSource final : public rotation::JobSource {
 public:
  /// Borrows it.
  explicit KekJobSource(KekRotations& rotations) : rotations_(rotations) {}

  std::string_view kind() const override { return "kek-rewrap"; }
  Result<rotation::Job> show(const JobId& id) override;
  Result<std::vector<rotation::Job>> list(std::string_view tenant, std::optional<WallTime> before,
                                          int limit) override;
  Result<rotation::Job> pause(rotation::JobChange change, const JobId& id) override;
  Result<rotation::Job> resume(rotation::JobChange change, const JobId& id) override;
  Result<rotation::Job> roll_back(rotation::JobChange change, const JobId& id) override;
  void kick(const JobId& id) override;

 private:
  KekRotations& rotations_;
};

}  // namespace kw::keys
