// Every long-lived object of a server, in the order in which they stand on each other.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "api/rest/application.h"
#include "app/config.h"
#include "app/emergency_parts.h"
#include "app/rotation_parts.h"
#include "app/server.h"
#include "connectors/program_runner.h"
#include "keys/message_budget.h"
#include "net/http_server.h"
#include "secrets/lease.h"
#include "secrets/secrets.h"
#include "secrets/target.h"
#include "secrets/usage.h"
#include "service/house.h"

namespace kw::app {

struct Server::Parts {
  explicit Parts(const Config& c)
      : config(c), log(observe::Log::to_stderr(clock, c.log_level, c.log_format)) {}
  ~Parts();

  /// Makes the data directory and gives up what the server never needs. Before the first thread.
  Status confine();
  Status start_runner();
  Status make_scratch();
  Status open_store();
  Status open_seal();
  Status open_rooms();
  void open_secrets();
  Status listen();
  /// Drops what another node's change made stale.
  void changed_elsewhere(std::string_view what);
  void key_changed(const KeyId& id);
  /// The seal hands the root key in or takes it away.
  Status root_key_changed(const seal::RootKey* root);
  Status unlock(const seal::RootKey& root);
  void lock();
  /// Counts what a crash cut off, at the first unsealing.
  Status replay_usage_once();
  Status flush_usage();
  /// Once a second: flush usage, destroy what is due, sign checkpoints, keep the service manager
  /// informed.
  void tick();
  void start_clockwork();
  void stop_clockwork();
  /// Ends leases; on a thread of its own, since targets may be slow.
  void end_leases();

  Config config;
  SystemClock clock;
  observe::Log log;
  observe::Registry metrics;
  service::OperationMetrics operation_metrics{metrics};
  std::unique_ptr<connectors::ProgramRunner> runner;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<seal::Barrier> barrier;
  std::unique_ptr<audit::ChangeLog> changes;
  std::unique_ptr<audit::AccessLog> accesses;
  std::unique_ptr<auth::Access> access;
  std::unique_ptr<auth::Approvals> approvals;
  std::unique_ptr<keys::UsageLedger> usage;
  std::unique_ptr<keys::MessageBudget> budget;
  std::unique_ptr<keys::Keyring> keyring;
  std::unique_ptr<keys::Operations> operations;
  std::unique_ptr<keys::KekRotations> kek_rotations;
  std::unique_ptr<secrets::Secrets> secrets;
  std::unique_ptr<secrets::ReadLedger> secret_reads;
  secrets::Connectors connectors;
  std::unique_ptr<secrets::Targets> targets;
  std::unique_ptr<secrets::Leases> leases;
  std::unique_ptr<service::SecretHouse> secret_house;
  std::unique_ptr<RotationParts> rotation;
  std::unique_ptr<secrets::ApiKeys> api_keys;
  std::unique_ptr<seal::Seal> seal;
  std::unique_ptr<cluster::ChangeFeed> feed;
  std::unique_ptr<EmergencyParts> emergency;
  std::unique_ptr<service::House> house;
  std::unique_ptr<api::rest::Application> application;
  std::unique_ptr<net::HttpServer> http;
  std::string certificate_file;
  std::string certificate_sha256;

  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  long ticks = 0;
  std::uint64_t anchored = 0;
  std::uint64_t logged_at_start = 0;  ///< access log records of earlier runs
  bool usage_replayed = false;
  SteadyTime refreshes_until{};  ///< the feed's thread: of keys that changed
  int refreshes = 0;             ///< the feed's thread: in this window
  std::thread clockwork, lease_worker;
};

}  // namespace kw::app
