// Graph, incidents and ceremonies of a server, and the thread that takes incidents further.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "app/incident_kinds.h"
#include "auth/approvals.h"
#include "cluster/cluster.h"
#include "keys/ceremony_operations.h"
#include "keys/derived_edges.h"
#include "keys/incident_history.h"
#include "keys/incident_reencrypt.h"
#include "keys/incident_replacement.h"
#include "keys/incident_shadows.h"
#include "keys/revocation_barrier.h"
#include "observe/log.h"
#include "service/emergency_house.h"
#include "service/rotation_house.h"

namespace kw::app {

/// What they stand on. Outlives them.
struct EmergencyGround {
  keys::IncidentGround keys;
  const observe::Log& log;
  const audit::AccessLog& accesses;
  auth::Approvals& approvals;
  seal::Seal& seal;
  cluster::ChangeFeed& feed;
  service::RotationHouse& rotation;
  secrets::Targets& targets;
  secrets::ReadLedger& reads;
};

class EmergencyParts {
 public:
  explicit EmergencyParts(const EmergencyGround& ground);
  ~EmergencyParts();  ///< stops the thread

  service::EmergencyHouse& house() { return house_; }
  /// Incidents go on only while keys can be used.
  void unsealed();
  void sealed();
  /// True when nothing scheduled may start for the subject; as it was up to a second ago, which
  /// suffices: an emergency ends the scheduled runs that stand in its way. When it cannot be found
  /// out, everything is frozen.
  bool frozen(const rotation::Subject& subject);
  /// Data under suspect keys, where it can be re-encrypted and counted. Before unsealed().
  void reencrypt_by(rotation::Reencrypt& data) { reencrypt_.delegate_keys(data); }
  void count_by(keys::IncidentHistory::References references) {
    history_.count_references(std::move(references));
  }

 private:
  rotation::IncidentHouse incident_house();
  rotation::IncidentPorts incident_ports();
  rotation::RowProof proof();
  void work();
  int look();
  void look_again();

  EmergencyGround ground_;
  EdgesTogether edges_;
  rotation::DependencyGraph graph_;
  keys::RevocationBarrier revocations_;
  keys::IncidentCompromise compromise_;
  keys::IncidentHistory history_;
  keys::IncidentReencrypt reencrypt_;
  keys::IncidentReplacement replacement_;
  keys::IncidentShadows shadows_;
  secrets::SecretRotatable secret_probe_;
  secrets::SecretCompromise secret_compromise_;
  secrets::SecretHistory secret_history_;
  secrets::SecretReplacement secret_replacement_;
  CompromiseByKind any_compromise_;
  HistoryByKind any_history_;
  ReplacementByKind any_replacement_;
  ReencryptByKind any_reencrypt_;
  ShadowsByKind any_shadows_;
  keys::CeremonyOperations operations_;
  rotation::Incidents incidents_;
  rotation::Ceremonies ceremonies_;
  service::EmergencyHouse house_;

  std::mutex frozen_mutex_;
  std::set<std::string> frozen_;
  std::optional<SteadyTime> frozen_at_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false, again_ = false;
  std::string last_failure_;
  std::thread thread_;
};

}  // namespace kw::app
