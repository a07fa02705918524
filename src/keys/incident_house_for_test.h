// A keyring with everything that incidents need: feed, logs, jobs, runs, consumers, graph.
#pragma once

#include <filesystem>

#include "audit/access_log.h"
#include "cluster/cluster.h"
#include "keys/derived_edges.h"
#include "keys/house_for_test.h"
#include "keys/incident_history.h"
#include "keys/incident_reencrypt.h"
#include "keys/incident_replacement.h"
#include "keys/incident_shadows.h"
#include "keys/kek_rotation.h"
#include "keys/message_budget.h"
#include "keys/operations.h"
#include "keys/revocation_barrier.h"
#include "keys/usage.h"
#include "rotation/incident.h"

namespace kw::keys {

class IncidentHouse {
 public:
  explicit IncidentHouse(Engine engine = Engine::kSqlite);
  ~IncidentHouse();

  rotation::RowProof proof();
  rotation::Incidents incidents();
  /// One change of alice's, in a transaction of its own. The reason of its failure, or "".
  std::string write(const std::function<Status(rotation::Change)>& work);
  /// A use as the service makes it: counted, then logged.
  void use(const std::string& name, std::string_view operation, std::string_view actor,
           std::string_view peer, std::uint32_t version, int items = 1);
  /// What the access log says of a use that the version's state forbade.
  void refuse(const std::string& name, std::string_view operation, std::string_view actor,
              std::string_view peer, std::uint32_t version);
  std::string state(const std::string& name, std::uint32_t version);
  /// Ticks until nothing moves.
  void settle(rotation::Incidents& incidents);

  TestHouse house;
  UsageLedger usage{*house.store, house.clock};
  MessageBudget budget{*house.store, MessageBudget::Options{4, 16}};
  Operations uses{*house.keyring, usage, budget, house.clock};
  std::unique_ptr<KekRotations> kek_rotations;
  std::unique_ptr<audit::AccessLog> accesses;
  std::unique_ptr<cluster::ChangeFeed> feed;
  rotation::Consumers consumers{*house.log, house.clock};
  rotation::Runs runs{*house.log, house.clock};
  KeyEdges edges;
  rotation::DependencyGraph graph{*house.log, &edges};
  std::unique_ptr<RevocationBarrier> revocations;
  std::unique_ptr<IncidentCompromise> compromise;
  std::unique_ptr<IncidentHistory> history;
  std::unique_ptr<IncidentReencrypt> reencrypt;
  std::unique_ptr<IncidentReplacement> replacement;
  std::unique_ptr<IncidentShadows> shadows;
  audit::Event by;

 private:
  std::string folder_;
};

rotation::Subject key_subject(const std::string& name, const std::string& tenant = "acme");

}  // namespace kw::keys
