#include "app/parts.h"

#include <filesystem>

#include "app/data_store_config.h"
#include "app/sandbox.h"
#include "audit/access_log.h"
#include "crypto/random.h"
#include "net/sd_notify.h"
#include "rotation/migrations.h"
#include "secrets/schema.h"
#include "service/operation.h"
#include "service/usage_replay.h"

namespace kw::app {

namespace fs = std::filesystem;

namespace {
constexpr std::chrono::milliseconds kRefreshWindow{100};
constexpr int kRefreshesMax = 50;
constexpr std::chrono::milliseconds kSlowRefresh{10};
constexpr std::chrono::milliseconds kAfterSlowRefresh{500};
}  // namespace

Server::Parts::~Parts() {
  stop_clockwork();
  if (http) http->stop(std::chrono::milliseconds(5000));
  http.reset();
  application.reset();
  if (emergency) emergency->sealed();
  feed.reset();
  if (rotation) rotation->sealed();
  if (kek_rotations) kek_rotations->stop_all();
}

Status Server::Parts::confine() {
  std::error_code failure;
  fs::create_directories(config.data_directory, failure);
  fs::permissions(config.data_directory, fs::perms::owner_all, failure);
  if (failure)
    return error(Code::kFailedPrecondition, "data_directory_unusable",
                 "cannot make " + config.data_directory + ": " + failure.message());
  KW_OK(start_runner());
  KW_OK(refuse_system_calls());
  if (config.development) return ok();  // it removes its temporary folder when it ends
  std::vector<std::string> writable{config.data_directory};
  constexpr std::string_view kSqlite = "sqlite://";
  if (config.store_url.starts_with(kSqlite))
    writable.push_back(fs::path(config.store_url.substr(kSqlite.size())).parent_path());
  // Data stores that are folders are opened by the configuration, and by nothing else.
  for (const std::string& folder : data_folders(config.data_stores)) writable.push_back(folder);
  for (const std::string& folder : config.connectors.file_roots) writable.push_back(folder);
  KW_TRY(const bool kept, confine_files(writable));
  if (!kept) log.warning("hardening.no_landlock", {});
  return ok();
}

// What programs need for a moment is where the confined server may write; a death leaves no secret
// there for longer than until the next start.
Status Server::Parts::make_scratch() {
  config.connectors.scratch = config.data_directory + "/tmp";
  std::error_code failure;
  fs::remove_all(config.connectors.scratch, failure);
  if (!failure) fs::create_directory(config.connectors.scratch, failure);
  if (!failure) fs::permissions(config.connectors.scratch, fs::perms::owner_all, failure);
  if (!failure) return ok();
  return error(Code::kFailedPrecondition, "data_directory_unusable",
               "cannot make " + config.connectors.scratch + ": " + failure.message());
}

// From here on this process starts none itself.
Status Server::Parts::start_runner() {
  std::vector<connectors::DeclaredProgram> declared;
  for (const auto& [name, program] : config.connectors.programs) declared.push_back(program);
  if (declared.empty()) return ok();
  KW_OK(make_scratch());
  KW_TRY(runner, connectors::ProgramRunner::start(std::move(declared)));
  config.connectors.run = [this](const connectors::ProgramCall& call) { return runner->run(call); };
  return ok();
}

Status Server::Parts::open_store() {
  KW_TRY(store, store::open(config.store_url));
  std::vector<store::Migration> all;
  for (const auto& room :
       {cluster::migrations(), seal::migrations(), audit::migrations(), auth::migrations(),
        rotation::migrations(), keys::migrations(), secrets::migrations(),
        secrets::api_key_migrations(), service::migrations()})
    all.insert(all.end(), room.begin(), room.end());
  return store->migrate(all);
}

Status Server::Parts::open_rooms() {
  barrier = std::make_unique<seal::Barrier>(*store, clock);
  changes =
      std::make_unique<audit::ChangeLog>(*store, clock, config.node, config.cluster + "/audit");
  audit::AccessLog::Options access_log;
  access_log.directory = config.data_directory + "/access";
  access_log.node = config.node;
  access_log.origin = config.cluster + "/access/" + config.node;
  access_log.linger = std::chrono::microseconds(config.audit_linger_us);
  KW_TRY(accesses, audit::AccessLog::open(access_log, clock));
  logged_at_start = accesses->size();
  auth::Access::Options access_options;
  access_options.duties =
      config.development ? auth::Access::Duties::kDevelopment : auth::Access::Duties::kEnforce;
  access_options.vocabulary = {service::actions(), service::kinds(), service::facts()};
  access = std::make_unique<auth::Access>(*store, *barrier, clock, access_options);
  approvals = std::make_unique<auth::Approvals>(*store, *barrier, clock);
  usage = std::make_unique<keys::UsageLedger>(*store, clock);
  keys::MessageBudget::Options budget_options;
  budget_options.limit_override = config.message_limit;
  budget = std::make_unique<keys::MessageBudget>(*store, budget_options);
  keys::Keyring::Options keyring_options;
  keyring_options.destroy_wait = std::chrono::seconds(config.destroy_wait_seconds);
  keyring =
      std::make_unique<keys::Keyring>(*store, *barrier, *changes, clock, metrics, keyring_options);
  keys::KekRotations::Options rotations;
  rotations.node = config.node;
  kek_rotations =
      std::make_unique<keys::KekRotations>(*store, *barrier, *changes, clock, rotations);
  open_secrets();
  rotation = std::make_unique<RotationParts>(RotationGround{
      config, clock, log, metrics, *store, *changes, *keyring, *usage, *kek_rotations, *targets,
      *secret_reads, [this]() -> keys::Operations& { return *operations; }});
  api_keys = std::make_unique<secrets::ApiKeys>(secrets::ApiKeyFoundations{
      *store, *barrier, *changes, clock,
      [this](store::Reader&, std::string_view tenant) -> Result<std::int64_t> {
        KW_TRY(const keys::Tenant found, keyring->tenant(tenant));
        return found.number;
      }});
  operations =
      std::make_unique<keys::Operations>(*keyring, *usage, *budget, clock, rotation->use_watch());
  keyring->warm_by([this](const keys::Key& key) { operations->warm(key); });
  return ok();
}

// Refreshing waits for the store. The feed may not fall behind for it: a fenced node serves nobody.
void Server::Parts::key_changed(const KeyId& id) {
  const SteadyTime now = clock.steady();
  if (now >= refreshes_until) {
    refreshes_until = now + kRefreshWindow;
    refreshes = 0;
  }
  if (++refreshes > kRefreshesMax) return keyring->forget(id);
  keyring->refresh(id);
  if (clock.steady() - now < kSlowRefresh) return;
  refreshes_until = now + kAfterSlowRefresh;
  refreshes = kRefreshesMax;
}

void Server::Parts::open_secrets() {
  const auto tenant_number = [this](store::Reader&, std::string_view name) -> Result<std::int64_t> {
    KW_TRY(const keys::Tenant tenant, keyring->tenant(name));
    return tenant.number;
  };
  secrets::Secrets::Options options;
  options.destroy_wait = std::chrono::seconds(config.destroy_wait_seconds);
  secrets = std::make_unique<secrets::Secrets>(
      secrets::Foundations{*store, *barrier, *changes, clock, tenant_number}, options);
  secret_reads = std::make_unique<secrets::ReadLedger>(*store, clock);
  connectors = connectors::make_connectors(config.connectors);
  targets = std::make_unique<secrets::Targets>(*secrets, connectors);
  secrets::Leases::Options lease_options;
  lease_options.node = config.node + "/" + crypto::random_id<RequestId>().text();
  lease_options.metrics = &metrics;
  leases = std::make_unique<secrets::Leases>(*targets, lease_options);
  secret_house = std::make_unique<service::SecretHouse>(
      service::SecretHouse{*secrets, *secret_reads, *targets, *leases});
}

void Server::Parts::changed_elsewhere(std::string_view what) {
  const bool everything = what == cluster::kEverything;  // announcements were lost
  if (everything) keyring->forget_all();
  rotation->changed(what);
  if (what.starts_with("key:")) {
    if (const auto id = KeyId::parse(what.substr(4))) key_changed(*id);
  } else if (what.starts_with("kek:")) {
    barrier->refresh_keks(std::strtoll(std::string(what.substr(4)).c_str(), nullptr, 10));
  } else if ((everything || what == "access") && !barrier->sealed()) {
    if (const Status loaded = access->reload(); !loaded)
      log.failure("access.reload", loaded.error());
  }
}

Status Server::Parts::open_seal() {
  cluster::ChangeFeed::Options follow;
  follow.on_change = [this](std::string_view what) { changed_elsewhere(what); };
  KW_TRY(feed, cluster::ChangeFeed::start(*store, clock, follow));
  seal::Seal::Options options;
  options.clock = &clock;
  options.on_root_key = [this](const seal::RootKey* root) { return root_key_changed(root); };
  KW_TRY(seal, seal::Seal::open(*store, options));
  emergency = std::make_unique<EmergencyParts>(
      EmergencyGround{{*store, *barrier, *changes, clock, *keyring, *usage, *kek_rotations},
                      log,
                      *accesses,
                      *approvals,
                      *seal,
                      *feed,
                      rotation->house(),
                      *targets,
                      *secret_reads});
  rotation->freeze_by(
      [this](const rotation::Subject& subject) { return emergency->frozen(subject); });
  emergency->reencrypt_by(rotation->forced());
  emergency->count_by(
      [this](const rotation::Subject& subject) { return rotation->forced().readable(subject); });
  service::HouseOptions house_options;
  house_options.development = config.development;
  house_options.node = config.node;
  house_options.version = KW_VERSION;
  house_options.audit_directory = config.data_directory;
  house.reset(new service::House{
      clock,        *store,        *seal,          *barrier,          *feed,
      *changes,     *accesses,     *access,        *approvals,        *keyring,
      *usage,       *operations,   *kek_rotations, rotation->house(), emergency->house(),
      *api_keys,    *secret_house, metrics,        operation_metrics, log,
      house_options});
  if (config.seal == "dev") KW_OK(seal->open_dev(config.data_directory + "/dev-seal.key"));
  return ok();
}

Status Server::Parts::root_key_changed(const seal::RootKey* root) {
  if (root == nullptr) {
    lock();
    return barrier->install(nullptr);
  }
  Status unlocked = unlock(*root);
  if (!unlocked) {
    lock();
    KW_OK(barrier->install(nullptr));
  }
  return unlocked;
}

Status Server::Parts::unlock(const seal::RootKey& root) {
  KW_OK(barrier->install(&root));
  // The platform's own tenant: its KEK protects the signer and other objects of the service itself.
  KW_OK(store->write([this](store::Tx& tx) -> Status {
    KW_TRY(const auto keks, barrier->keks(tx, 0));
    if (keks.empty()) KW_OK(barrier->create_kek(tx, 0));
    return ok();
  }));
  barrier->refresh_keks(0);
  KW_OK(changes->unlock(barrier.get()));
  accesses->unlock(changes->signer());
  KW_OK(access->reload());
  KW_OK(replay_usage_once());
  KW_OK(kek_rotations->resume_all());
  KW_OK(rotation->unsealed());
  emergency->unsealed();
  log.info("server.unsealed");
  return ok();
}

void Server::Parts::lock() {
  emergency->sealed();
  rotation->sealed();
  kek_rotations->stop_all();
  keyring->forget_all();
  if (const Status locked = changes->unlock(nullptr); !locked)
    log.failure("audit.lock", locked.error());
  accesses->unlock(nullptr);
  log.info("server.sealed");
}

void Server::Parts::start_clockwork() {
  clockwork = std::thread([this] {
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, std::chrono::seconds(1), [this] { return stopping; })) {
      lock.unlock();
      tick();
      lock.lock();
    }
  });
  lease_worker = std::thread([this] { end_leases(); });
}

void Server::Parts::end_leases() {
  audit::Event by;
  by.actor = "keywright";
  by.method = "internal";
  std::unique_lock lock(mutex);
  while (!wake.wait_for(lock, std::chrono::seconds(1), [this] { return stopping; })) {
    lock.unlock();
    if (!barrier->sealed())
      if (const auto ended = leases->tick(by); !ended && ended.error().reason != "sealed")
        log.failure("lease.expire", ended.error());
    lock.lock();
  }
}

void Server::Parts::stop_clockwork() {
  {
    std::lock_guard lock(mutex);
    stopping = true;
  }
  wake.notify_all();
  if (clockwork.joinable()) clockwork.join();
  if (lease_worker.joinable()) lease_worker.join();
}

Status Server::Parts::replay_usage_once() {
  if (usage_replayed) return ok();
  KW_OK(service::replay_usage(*house, logged_at_start));
  usage_replayed = true;
  return ok();
}

Status Server::Parts::flush_usage() {
  if (!usage_replayed)
    return ok();  // sealed since the start: the mark must not pass what is not counted yet
  // Every record below this size was counted before it was appended.
  const std::uint64_t logged = accesses->size();
  KW_OK(secret_reads->flush());
  return usage->flush(config.node, logged);
}

void Server::Parts::tick() {
  ++ticks;
  net::notify_service_manager("WATCHDOG=1");
  const auto report = [this](std::string_view what, const Status& status) {
    if (!status && status.error().reason != "sealed") log.failure(what, status.error());
  };
  report("usage.flush", flush_usage());
  report("rollout.flush", rotation->flush());
  report("api-key.flush", api_keys->flush());
  if (barrier->sealed()) return;
  if (ticks % 5 == 0) keyring->expire();
  if (ticks % 15 == 0) report("jobs.resume", rotation->resume_jobs());
  if (ticks % 60 == 0) report("access.flush", access->flush_last_used());
  if (ticks % 10 != 0) return;
  audit::Event by;
  by.action = "key.destroy";
  by.actor = "keywright";
  by.method = "internal";
  if (const auto destroyed = keyring->destroy_due(by); !destroyed)
    log.failure("key.destroy", destroyed.error());
  by.action = "secret.destroy";
  if (const auto destroyed = secrets->destroy_due(by); !destroyed)
    log.failure("secret.destroy", destroyed.error());
  if (accesses->size() != anchored) {
    anchored = accesses->size();
    report("audit.anchor", audit::anchor(*changes, *accesses));
    if (const auto signed_note = changes->checkpoint(); !signed_note)
      log.failure("audit.checkpoint", signed_note.error());
  }
}

}  // namespace kw::app
