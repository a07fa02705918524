#include "keys/incident_house_for_test.h"

#include <stdlib.h>

#include "cluster/cluster.h"
#include "rotation/migrations.h"

namespace kw::keys {

rotation::Subject key_subject(const std::string& name, const std::string& tenant) {
  return {"key", tenant, name};
}

IncidentHouse::IncidentHouse(Engine engine) : house(engine) {
  folder_ = (std::filesystem::temp_directory_path() / "kw-access-XXXXXX").string();
  KW_CHECK(::mkdtemp(folder_.data()) != nullptr);
  must(house.store->migrate(rotation::migrations()));
  must(house.log->unlock(house.barrier.get()));
  audit::AccessLog::Options log;
  log.directory = folder_;
  log.node = "node-1";
  log.origin = "test/access/node-1";
  log.reserve_bytes = 0;
  accesses = must(audit::AccessLog::open(log, house.clock));
  cluster::ChangeFeed::Options follow;
  follow.poll = std::chrono::milliseconds(5);
  follow.on_change = [this](std::string_view what) {
    if (!what.starts_with("key:")) return;
    if (const auto id = KeyId::parse(what.substr(4))) house.keyring->forget(*id);
  };
  feed = must(cluster::ChangeFeed::start(*house.store, house.clock, follow));
  kek_rotations = std::make_unique<KekRotations>(*house.store, *house.barrier, *house.log,
                                                 house.clock, KekRotations::Options{});
  const IncidentGround ground{*house.store,   *house.barrier, *house.log,    house.clock,
                              *house.keyring, usage,          *kek_rotations};
  revocations = std::make_unique<RevocationBarrier>(*house.store, *feed,
                                                    std::chrono::milliseconds(20));
  compromise = std::make_unique<IncidentCompromise>(ground, *revocations);
  history = std::make_unique<IncidentHistory>(ground, *accesses, consumers);
  reencrypt = std::make_unique<IncidentReencrypt>(ground);
  replacement = std::make_unique<IncidentReplacement>(ground, runs);
  shadows = std::make_unique<IncidentShadows>(ground, runs);
  by.action = "incident.advance";
  by.actor = "keywright";
  by.method = "internal";
}

IncidentHouse::~IncidentHouse() {
  kek_rotations->stop_all();
  feed.reset();
  accesses.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

rotation::RowProof IncidentHouse::proof() {
  return {[this](std::string_view table, ByteView row) -> Result<Bytes> {
            KW_TRY(const auto mac, house.barrier->row_mac(table, row));
            return Bytes(mac.begin(), mac.end());
          },
          [this](std::string_view table, ByteView row, ByteView mac) {
            return house.barrier->check_row(table, row, mac);
          }};
}

rotation::Incidents IncidentHouse::incidents() {
  rotation::IncidentHouse on{*house.store, *house.log, house.clock, proof()};
  rotation::IncidentPorts ports{graph,        *compromise,   *history, *reencrypt,
                                *replacement, shadows.get(), {},       {}};
  ports.approved = [](rotation::Change,
                      const rotation::Incident&) -> Result<rotation::Verdict> {
    return rotation::Verdict{true, "3f1d0c5a9b7e4f20a1b2c3d4e5f60718", {"bob", "carol"}};
  };
  ports.acknowledged = [this](store::Reader& reader, const rotation::Subject& subject,
                              std::uint32_t version) {
    return consumers.acks(reader, subject, version);
  };
  return rotation::Incidents(std::move(on), std::move(ports));
}

std::string IncidentHouse::write(const std::function<Status(rotation::Change)>& work) {
  audit::Event event;
  event.action = "incident.open";
  event.actor = "alice";
  const Status written = house.store->write(
      [&](store::Tx& tx) { return work(rotation::Change{tx, event}); });
  house.keyring->forget_all();
  return written ? std::string() : written.error().reason;
}

void IncidentHouse::use(const std::string& name, std::string_view operation, std::string_view actor,
                        std::string_view peer, std::uint32_t version, int items) {
  for (int i = 0; i < kOperationCount; ++i)
    if (const auto one = static_cast<Operation>(i); operation_name(one) == operation)
      usage.count(house.key(name).id, version, one, actor, items);
  const std::string action = "key." + std::string(operation);
  audit::Event event;
  event.action = action;
  event.actor = actor;
  event.peer = peer;
  event.tenant = "acme";
  event.kind = "key";
  event.object = name;
  event.version = version;
  event.count = items;
  must(accesses->append_and_wait(event));
}

void IncidentHouse::refuse(const std::string& name, std::string_view operation,
                           std::string_view actor, std::string_view peer, std::uint32_t version) {
  const std::string action = "key." + std::string(operation);
  audit::Event event;
  event.action = action;
  event.actor = actor;
  event.peer = peer;
  event.tenant = "acme";
  event.kind = "key";
  event.object = name;
  event.version = version;
  event.outcome = audit::Outcome::kFailed;
  event.reason = "version_state";
  must(accesses->append_and_wait(event));
}

std::string IncidentHouse::state(const std::string& name, std::uint32_t version) {
  house.keyring->forget_all();
  return std::string(state_name(house.key(name).version(version)->state));
}

void IncidentHouse::settle(rotation::Incidents& incidents) {
  for (int steps = 1; steps > 0;) steps = must(incidents.tick(by));
}

}  // namespace kw::keys
