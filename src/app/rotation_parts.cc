#include "app/rotation_parts.h"

#include <sys/resource.h>

#include <algorithm>
#include <thread>

#include "cluster/cluster.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "keys/kek_rotatable.h"
#include "keys/key_rotatable.h"
#include "keys/reencryption_cipher.h"
#include "secrets/secret_rotatable.h"

namespace kw::app {

namespace {

constexpr int kBackgroundNice = 5;

// The same on all nodes, and for ever: a schedule must not jump with a restart.
Bytes jitter_seed(const Config& config) {
  ByteWriter text;
  text.field("keywright/rotation-jitter/v1").field(config.cluster);
  const crypto::Digest256 digest = crypto::sha256(text.bytes());
  return Bytes(digest.begin(), digest.end());
}

// Checked when the configuration was read.
connectors::DataPlaces places_of(const Config& config) {
  auto places = connectors::DataPlaces::of(config.data_stores);
  KW_CHECK(places.has_value());
  return *std::move(places);
}

// Two starts of one node must not share a lease.
std::string node_of_this_start(const Config& config) {
  return config.node + "/" + crypto::random_id<RequestId>().text();
}

rotation::Jobs::Options job_options(const Config& config) {
  rotation::Jobs::Options options;
  options.node = node_of_this_start(config);
  options.lease = std::chrono::seconds(10);  // so long a job rests when its node died
  return options;
}

std::vector<rotation::Rotatable*> borrowed(
    const std::vector<std::unique_ptr<rotation::Rotatable>>& owned) {
  std::vector<rotation::Rotatable*> all;
  all.reserve(owned.size());
  for (const auto& each : owned) all.push_back(each.get());
  return all;
}

// Threads have the niceness of the one that starts them, and it cannot be taken back: what `start`
// starts yields to the threads that answer callers.
Status start_below(const std::function<Status()>& start) {
  Status outcome = ok();
  std::thread starter([&] {
    setpriority(PRIO_PROCESS, 0, kBackgroundNice);
    outcome = start();
  });
  starter.join();
  return outcome;
}

}  // namespace

RotationParts::RotationParts(const RotationGround& ground)
    : ground_(ground),
      jitter_seed_(jitter_seed(ground.config)),
      schedule_rate_{ground.clock.wall(), ground.config.rotation_clock_rate},
      policies_(ground.store, ground.changes, ground.clock),
      runs_(ground.changes, ground.clock),
      consumers_(ground.changes, ground.clock),
      meter_(ground.store, ground.clock, ground.config.node),
      limits_(
          ground.clock,
          [this](const rotation::SubjectFacts& facts) { return policies_.effective(facts); },
          [this](const rotation::SubjectFacts& facts, const rotation::EffectivePolicy& policy,
                 WallTime now) { return due_of(facts, policy, now); }),
      places_(places_of(ground.config)),
      kek_jobs_(ground.kek_rotations),
      reencryption_(ground.store, ground.clock, reencryption_options()),
      jobs_({ground.store, ground.changes, ground.clock}, {&reencryption_}, {&kek_jobs_},
            job_options(ground.config)),
      forced_(
          jobs_, reencryption_, places_,
          [this](const rotation::Subject& subject) { return primary_of(subject); },
          [this](rotation::Change change, const rotation::Subject& subject,
                 const rotation::Versions& versions, const JobId& job) {
            return keys::grant_reencryption(ground_.keyring, {change.tx, change.by}, subject,
                                            versions, job);
          }) {
  // What rotates: one line per kind.
  rotatables_.push_back(std::make_unique<keys::KeyRotatable>(ground.keyring, ground.usage, meter_));
  rotatables_.push_back(std::make_unique<keys::KekRotatable>(ground.keyring, ground.kek_rotations));
  rotatables_.push_back(std::make_unique<secrets::SecretRotatable>(
      ground.targets, ground.reads, std::chrono::seconds(ground.config.destroy_wait_seconds)));

  engine_ = std::make_unique<rotation::Engine>(
      rotation::EngineHouse{ground.store, ground.changes, ground.clock}, borrowed(rotatables_),
      engine_options());
  house_ = std::make_unique<service::RotationHouse>(service::RotationHouse{
      policies_, runs_, consumers_, *engine_, borrowed(rotatables_), jitter_seed_, schedule_rate_,
      ground.config.rotation_enabled, jobs_, reencryption_, places_});
}

RotationParts::~RotationParts() {
  engine_->stop();
}

rotation::EngineOptions RotationParts::engine_options() {
  rotation::EngineOptions options;
  options.node = node_of_this_start(ground_.config);
  options.policy_for = [this](const rotation::SubjectFacts& facts) {
    return policies_.effective(facts);
  };
  options.due_of = [this](const rotation::SubjectFacts& facts,
                          const rotation::EffectivePolicy& policy,
                          WallTime now) -> Result<rotation::Due> {
    if (frozen_ && frozen_(facts.subject)) return rotation::Due{};
    return due_of(facts, policy, now);
  };
  options.workers = ground_.config.rotation_workers;
  options.begins_per_minute = ground_.config.rotation_begins_per_minute;
  options.lease = rotation::Seconds(ground_.config.rotation_lease_seconds);
  options.poll = std::chrono::milliseconds(ground_.config.rotation_poll_ms);
  options.inventory_interval =
      std::max(options.inventory_interval / schedule_rate_.rate, rotation::Seconds(10));
  options.metrics = &ground_.metrics;
  return options;
}

Result<rotation::Due> RotationParts::due_of(const rotation::SubjectFacts& facts,
                                            const rotation::EffectivePolicy& policy,
                                            WallTime now) const {
  return rotation::next_due(facts, policy, now, jitter_seed_, schedule_rate_);
}

Result<std::uint32_t> RotationParts::primary_of(const rotation::Subject& subject) {
  KW_TRY(const auto key, ground_.keyring.find(subject.tenant, subject.name));
  return key->primary;
}

rotation::Reencryption::Options RotationParts::reencryption_options() {
  rotation::Reencryption::Options options;
  options.open_cipher =
      [this](const rotation::Job& job) -> Result<std::unique_ptr<rotation::Cipher>> {
    const auto grant = [this, id = job.id] {
      return keys::ReencryptionGrant::load(ground_.keyring, id);
    };
    KW_TRY(auto cipher, keys::ReencryptionCipher::open(ground_.keyring, ground_.uses(), job.tenant,
                                                       job.subject, grant));
    return std::unique_ptr<rotation::Cipher>(std::move(cipher));
  };
  options.open_store =
      [this](const rotation::Job& job) -> Result<std::unique_ptr<rotation::DataStore>> {
    KW_TRY(const auto key, ground_.keyring.find(job.tenant, job.subject));
    return places_.open(job.place, key->id);
  };
  return options;
}

Status RotationParts::unsealed() {
  policies_.forget();
  KW_OK(jobs_.resume_all());
  if (!ground_.config.rotation_enabled) return ok();
  return start_below([this] { return engine_->start(); });
}

void RotationParts::sealed() {
  jobs_.stop_all();
  engine_->stop();
}

void RotationParts::changed(std::string_view what) {
  const bool everything = what == cluster::kEverything;  // announcements were lost
  if (everything || what == service::kPoliciesChanged) {
    policies_.forget();
    limits_.forget();
    engine_->look_again();
  }
  if (everything || what.starts_with("run:")) engine_->wake();
}

}  // namespace kw::app
