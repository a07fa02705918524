#include "keys/house_for_test.h"

#include <stdlib.h>

#include <deque>
#include <filesystem>
#include <mutex>

#include "cluster/cluster.h"
#include "crypto/random.h"
#include "rotation/migrations.h"
#include "seal/seal.h"
#include "store/postgres_fixture.h"

namespace kw::keys {

namespace {

std::string fresh_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "kw-keys-XXXXXX").string();
  KW_CHECK(::mkdtemp(name.data()) != nullptr);
  return name;
}

// One server for the program: it takes seconds to start.
std::string postgres_url() {
  static const auto server = must(store::PostgresServer::start());
  return server->fresh_database();
}

}  // namespace

TestHouse::TestHouse(Engine engine, Keyring::Options options)
    : directory_(fresh_directory()), root_(crypto::random_secret(32)) {
  open(engine == Engine::kSqlite ? "sqlite://" + directory_ + "/keys.db" : postgres_url(), options);
  for (const char* tenant : {"system", "acme", "globex"}) {
    must(change([&](Change c) { return keyring->create_tenant(c, *TenantName::parse(tenant)); }));
  }
}

TestHouse::TestHouse(const TestHouse& first)
    : directory_(fresh_directory()), root_(first.root_.clone()) {
  open(first.url_, {});
}

void TestHouse::open(const std::string& url, Keyring::Options options) {
  url_ = url;
  store = must(store::open(url));
  for (const auto room : {seal::migrations(), audit::migrations(), cluster::migrations(),
                          rotation::migrations(), migrations()}) {
    must(store->migrate(room));
  }
  barrier = std::make_unique<seal::Barrier>(*store, clock);
  const seal::RootKey root(root_.clone());
  must(barrier->install(&root));
  log = std::make_unique<audit::ChangeLog>(*store, clock, "node-1", "test/audit");
  keyring = std::make_unique<Keyring>(*store, *barrier, *log, clock, metrics, options);
  event.action = "key.test";
  event.actor = "alice";
}

TestHouse::~TestHouse() {
  keyring.reset();
  log.reset();
  barrier.reset();
  store.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

NewKey wanted_key(const std::string& name, crypto::Algorithm algorithm) {
  NewKey wanted{*ObjectName::parse(name)};
  wanted.algorithm = algorithm;
  wanted.purpose = crypto::info(algorithm).purposes.front();
  return wanted;
}

Result<Key> TestHouse::create(const std::string& name, crypto::Algorithm algorithm,
                              const std::string& tenant) {
  return create(wanted_key(name, algorithm), tenant);
}

Result<Key> TestHouse::create(NewKey wanted, const std::string& tenant) {
  return change([&](Change c) { return keyring->create(c, tenant, wanted); });
}

Result<std::uint32_t> TestHouse::rotate(const std::string& name, Keyring::Rotate options) {
  const Key before = key(name);
  return change([&](Change c) { return keyring->rotate(c, before, options); });
}

Result<Key> TestHouse::move(const std::string& name, std::uint32_t version, Keyring::Move wanted) {
  const Key before = key(name);
  return change([&](Change c) { return keyring->move(c, before, version, wanted); });
}

Result<Key> TestHouse::move(const std::string& name, std::uint32_t version, VersionState to) {
  Keyring::Move wanted;
  wanted.to = to;
  return move(name, version, wanted);
}

Key TestHouse::key(const std::string& name, const std::string& tenant) {
  return *must(keyring->find(tenant, name));
}

Status TestHouse::tamper(const std::string& sql) {
  // The store keeps prepared statements by their text: it must outlive the store.
  static std::mutex mutex;
  static std::deque<std::string> texts;
  const std::lock_guard lock(mutex);
  const std::string& text = texts.emplace_back(sql);
  return store->write([&](store::Tx& tx) -> Status {
    KW_OK(tx.execute(text, {}));
    return ok();
  });
}

std::int64_t TestHouse::leaves(const std::string& kind) {
  std::int64_t count = 0;
  must(store->read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row,
           reader.query_one("SELECT COUNT(*) FROM audit_leaf WHERE kind = $1", {kind}));
    count = row->integer(0);
    return ok();
  }));
  return count;
}

}  // namespace kw::keys
