// The KEKs of tenants as the rotation engine sees them: kind "kek", subject (tenant, "kek").
//
// Promotion comes first: it creates the new KEK, makes it primary and begins the re-wrap job in one
// transaction. Drain waits until the job has re-wrapped every cell and proved it by a census; the
// job then retires the old KEK. Rolling back turns the job round while it runs; once the old KEK is
// retired, only a new run leads on.
#pragma once

#include "keys/keyring.h"
#include "rotation/rotatable.h"

namespace kw::keys {

class KekRotations;

class KekRotatable final : public rotation::Rotatable {
 public:
  /// Borrows both.
  KekRotatable(Keyring& keyring, KekRotations& rotations);

  std::string_view kind() const override { return "kek"; }
  rotation::Traits traits(const rotation::SubjectFacts& facts) const override;
  Result<std::vector<rotation::SubjectFacts>> inventory(const rotation::Subject* after,
                                                        int limit) override;
  Result<rotation::Observed> inspect(const rotation::Run& run) override;
  rotation::Performed perform(rotation::Verb verb, const rotation::Run& run) override;
  /// @audit kek.rotate, kek.roll-back; the job adds kek.census and kek.retire
  Status settle(rotation::Verb verb, store::Tx& tx, const audit::Event& by, rotation::Run& run,
                const rotation::Performed& performed) override;
  /// Wakes the worker of the job.
  void settled(const rotation::Run& run) override;
  /// Cells that are still under the old KEK; exact.
  Result<rotation::Drain> measure_drain(const rotation::Run& run) override;
  Result<rotation::Health> health(const rotation::Run& run) override;

 private:
  Keyring& keyring_;
  KekRotations& rotations_;
};

}  // namespace kw::keys
