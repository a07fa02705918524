// The rotation rooms of a server: policies, runs, consumers, the engine and what it rotates.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "audit/change_log.h"
#include "connectors/data_places.h"
#include "connectors/forced_reencryption.h"
#include "keys/kek_job_source.h"
#include "keys/kek_rotation.h"
#include "keys/keyring.h"
#include "keys/operations.h"
#include "keys/protect_limits.h"
#include "keys/rollout_meter.h"
#include "keys/usage.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "rotation/jobs.h"
#include "rotation/reencryption.h"
#include "rotation/rotatable.h"
#include "secrets/target.h"
#include "secrets/usage.h"
#include "service/rotation_house.h"
#include "store/store.h"

namespace kw::app {

/// What the rotation rooms stand on. Outlives them.
struct RotationGround {
  const Config& config;
  const Clock& clock;
  const observe::Log& log;
  observe::Registry& metrics;
  store::Store& store;
  audit::ChangeLog& changes;
  keys::Keyring& keyring;
  keys::UsageLedger& usage;
  keys::KekRotations& kek_rotations;
  secrets::Targets& targets;
  secrets::ReadLedger& reads;
  /// Asked when a job begins: uses of keys themselves stand on use_watch().
  std::function<keys::Operations&()> uses;
};

class RotationParts {
 public:
  explicit RotationParts(const RotationGround& ground);
  ~RotationParts();  ///< stops the engine

  service::RotationHouse& house() { return *house_; }
  /// The engine works only while keys can be used. @errors those of Engine::start
  Status unsealed();
  void sealed();
  /// What rotation asks of every use of a key.
  keys::UseWatch use_watch() { return {&meter_, &limits_}; }
  /// Writes down how rollouts fare. Once a second.
  Status flush() { return meter_.flush(); }
  /// Takes up jobs that a stopped process or a dead node left: now and then while unsealed.
  Status resume_jobs() { return jobs_.resume_all(); }
  /// Re-encryption of data for incidents.
  connectors::ForcedReencryption& forced() { return forced_; }
  /// Scheduled runs of what it says is frozen do not start. Before unsealed().
  void freeze_by(std::function<bool(const rotation::Subject&)> frozen) {
    frozen_ = std::move(frozen);
  }
  /// Another transaction announced `what`, here or on another node.
  void changed(std::string_view what);

 private:
  rotation::EngineOptions engine_options();
  Result<rotation::Due> due_of(const rotation::SubjectFacts& facts,
                               const rotation::EffectivePolicy& policy, WallTime now) const;
  rotation::Reencryption::Options reencryption_options();
  Result<std::uint32_t> primary_of(const rotation::Subject& subject);

  RotationGround ground_;
  Bytes jitter_seed_;
  rotation::ScheduleRate schedule_rate_;
  rotation::PolicyBook policies_;
  rotation::Runs runs_;
  rotation::Consumers consumers_;
  keys::RolloutMeter meter_;
  keys::ProtectLimits limits_;
  std::vector<std::unique_ptr<rotation::Rotatable>> rotatables_;
  std::function<bool(const rotation::Subject&)> frozen_;
  // Jobs, re-encryption:
  connectors::DataPlaces places_;
  keys::KekJobSource kek_jobs_;
  rotation::Reencryption reencryption_;
  rotation::Jobs jobs_;
  connectors::ForcedReencryption forced_;

  std::unique_ptr<rotation::Engine> engine_;
  std::unique_ptr<service::RotationHouse> house_;
};

}  // namespace kw::app
