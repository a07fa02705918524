#include "app/emergency_parts.h"

#include "rotation/held_events.h"
#include "seal/barrier.h"
#include "service/incident_approval.h"

namespace kw::app {

namespace {

constexpr std::chrono::milliseconds kIdle{500};
constexpr std::chrono::seconds kFrozenKept{1};

// Trouble that passes by itself: another node was quicker, a run of a stand-in ends soon.
bool passes(const Error& failure) {
  return failure.reason == "sealed" || failure.reason == "stopping" ||
         failure.reason == "incident_moved" || failure.reason == "shadow_busy";
}

}  // namespace

EmergencyParts::EmergencyParts(const EmergencyGround& ground)
    : ground_(ground),
      graph_(ground.keys.log, &edges_),
      revocations_(ground.keys.store, ground.feed),
      compromise_(ground.keys, revocations_),
      history_(ground.keys, ground.accesses, ground.rotation.consumers),
      reencrypt_(ground.keys),
      replacement_(ground.keys, ground.rotation.runs),
      shadows_(ground.keys, ground.rotation.runs),
      secret_probe_(ground.targets, ground.reads, std::chrono::seconds(0)),
      secret_compromise_(ground.targets, secret_probe_),
      secret_history_(ground.targets, ground.reads, ground.rotation.consumers),
      secret_replacement_(ground.targets, ground.rotation.runs),
      any_compromise_(compromise_, secret_compromise_),
      any_history_(history_, secret_history_),
      any_replacement_(replacement_, secret_replacement_),
      any_reencrypt_(reencrypt_),
      any_shadows_(shadows_),
      operations_(ground.keys.keyring, ground.keys.barrier, ground.seal, ground.keys.kek_rotations),
      incidents_(incident_house(), incident_ports()),
      ceremonies_(ground.keys.log, ground.keys.clock, operations_, proof()),
      house_{graph_, incidents_, ceremonies_, [this] { look_again(); },
             [this](const rotation::Ceremony& done) { return operations_.performed(done); }} {}

EmergencyParts::~EmergencyParts() {
  sealed();
}

rotation::RowProof EmergencyParts::proof() {
  seal::Barrier& barrier = ground_.keys.barrier;
  return {[&barrier](std::string_view table, ByteView row) -> Result<Bytes> {
            KW_TRY(const crypto::Digest256 mac, barrier.row_mac(table, row));
            return Bytes(mac.begin(), mac.end());
          },
          [&barrier](std::string_view table, ByteView row, ByteView mac) {
            return barrier.check_row(table, row, mac);
          }};
}

rotation::IncidentHouse EmergencyParts::incident_house() {
  return {ground_.keys.store, ground_.keys.log, ground_.keys.clock, proof()};
}

rotation::IncidentPorts EmergencyParts::incident_ports() {
  rotation::IncidentPorts ports{graph_,           any_compromise_, any_history_, any_reencrypt_,
                                any_replacement_, &any_shadows_,   {},           {}};
  ports.approved = [this](rotation::Change change, const rotation::Incident& incident) {
    return service::spend_for_incident(ground_.approvals, change, incident);
  };
  ports.acknowledged = [this](store::Reader& reader, const rotation::Subject& subject,
                              std::uint32_t version) -> Result<rotation::Board> {
    // Nobody but this service uses a KEK, and nobody but the drill a stand-in: both use the new
    // version from its promotion on.
    rotation::Board board;
    board.live = 1;
    if (subject.kind == keys::kKekKind || keys::IncidentShadows::is_shadow(subject)) return board;
    return ground_.rotation.consumers.acks(reader, subject, version);
  };
  return ports;
}

void EmergencyParts::unsealed() {
  sealed();
  revocations_.restart();
  stopping_ = false;
  thread_ = std::thread([this] { work(); });
}

void EmergencyParts::sealed() {
  revocations_.stop();
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  const std::scoped_lock lock(frozen_mutex_);
  frozen_at_.reset();
}

void EmergencyParts::look_again() {
  {
    const std::scoped_lock lock(mutex_);
    again_ = true;
  }
  wake_.notify_all();
}

void EmergencyParts::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    again_ = false;
    lock.unlock();
    const int steps = look();
    lock.lock();
    if (steps == 0) wake_.wait_for(lock, kIdle, [this] { return stopping_ || again_; });
  }
}

// One round over all open incidents, and over what waited for one to end. @returns steps made.
int EmergencyParts::look() {
  audit::Event by;
  by.action = "incident.advance";
  by.actor = "keywright";
  by.method = "internal";
  auto steps = incidents_.tick(by);
  if (steps) {
    const auto released = rotation::release_events(ground_.keys.store, ground_.rotation.runs, by);
    steps = released ? Result<int>(*steps + *released) : released;
  }
  if (steps) {
    last_failure_.clear();
    if (*steps > 0) ground_.rotation.engine.wake();
    return *steps;
  }
  // The same trouble is told once.
  if (!passes(steps.error()) && steps.error().reason != last_failure_)
    ground_.log.failure("incident.advance", steps.error());
  last_failure_ = steps.error().reason;
  return 0;
}

bool EmergencyParts::frozen(const rotation::Subject& subject) {
  const std::scoped_lock lock(frozen_mutex_);
  const SteadyTime now = ground_.keys.clock.steady();
  if (!frozen_at_ || now - *frozen_at_ > kFrozenKept) {
    const Status read = ground_.keys.store.read([this](store::Reader& reader) -> Status {
      KW_TRY(frozen_, incidents_.all_frozen(reader));
      return ok();
    });
    if (!read) return true;
    frozen_at_ = now;
  }
  return frozen_.contains(subject.text());
}

}  // namespace kw::app
