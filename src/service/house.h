// Everything that the operations stand on, as references: made once by `app`, passed to every
// operation.
#pragma once

#include <string>

#include "audit/access_log.h"
#include "audit/change_log.h"
#include "auth/access.h"
#include "auth/approvals.h"
#include "base/clock.h"
#include "cluster/cluster.h"
#include "keys/kek_rotation.h"
#include "keys/keyring.h"
#include "keys/operations.h"
#include "keys/usage.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "seal/barrier.h"
#include "seal/seal.h"
#include "service/emergency_house.h"
#include "service/operation_metrics.h"
#include "service/rotation_house.h"
#include "service/secret_house.h"
#include "store/store.h"

namespace kw::service {

struct HouseOptions {
  bool development = false;  ///< one person plays all roles: no approvals, short waits
  std::string node = "node-1";
  std::string version;  ///< of this program
  std::string audit_directory;
};

/// Does not own. Every reference outlives every operation.
struct House {
  const Clock& clock;
  store::Store& store;
  seal::Seal& seal;
  seal::Barrier& barrier;
  cluster::ChangeFeed& feed;
  audit::ChangeLog& changes;
  audit::AccessLog& accesses;
  auth::Access& access;
  auth::Approvals& approvals;
  keys::Keyring& keyring;
  keys::UsageLedger& usage;
  keys::Operations& uses;
  keys::KekRotations& kek_rotations;
  RotationHouse& rotation;
  EmergencyHouse& emergency;
  SecretHouse& secrets;
  observe::Registry& metrics;
  OperationMetrics& operation_metrics;
  const observe::Log& log;
  HouseOptions options;
};

}  // namespace kw::service
