#include "secrets/house_for_test.h"

#include <stdlib.h>

#include <deque>
#include <filesystem>
#include <mutex>

#include "base/reveal.h"
#include "cluster/cluster.h"
#include "crypto/random.h"
#include "rotation/migrations.h"
#include "seal/seal.h"
#include "secrets/schema.h"
#include "store/postgres_fixture.h"

namespace kw::secrets {

namespace {

std::string fresh_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "kw-secrets-XXXXXX").string();
  KW_CHECK(::mkdtemp(name.data()) != nullptr);
  return name;
}

// One server for the program: it takes seconds to start.
std::string postgres_url() {
  static const auto server = must(store::PostgresServer::start());
  return server->fresh_database();
}

Result<std::int64_t> tenant_number(store::Reader&, std::string_view name) {
  if (name == "acme") return std::int64_t{1};
  if (name == "globex") return std::int64_t{2};
  return error(Code::kNotFound, "not_found", "no such tenant");
}

}  // namespace

SecretBytes secret_text(std::string_view text) {
  return SecretBytes::copy_of(as_bytes(text));
}

std::string shown(const SecretBytes& secret) {
  return std::string(as_text(secret.reveal(Reveal{})));
}

Put put_text(std::string_view text) {
  Put put;
  put.value = std::make_shared<const Value>(must(Value::of_bytes(secret_text(text))));
  return put;
}

Put put_fields(std::initializer_list<std::pair<const char*, const char*>> fields) {
  Fields all;
  for (const auto& [name, text] : fields) all.emplace_back(name, secret_text(text));
  Put put;
  put.value = std::make_shared<const Value>(must(Value::of_fields(std::move(all))));
  return put;
}

Put put_template(std::string_view text) {
  Put put;
  put.template_text = text;
  return put;
}

Put put_generated(std::string_view generator) {
  Put put;
  put.generated = std::make_shared<const Fields>(must(generate(must(parse_generator(generator)))));
  put.metadata.generator = std::string(generator);
  return put;
}

TestHouse::TestHouse(Engine engine) : directory_(fresh_directory()) {
  store = must(store::open(engine == Engine::kSqlite ? "sqlite://" + directory_ + "/secrets.db"
                                                     : postgres_url()));
  for (const auto room : {seal::migrations(), audit::migrations(), cluster::migrations(),
                          rotation::migrations(), migrations()})
    must(store->migrate(room));
  barrier = std::make_unique<seal::Barrier>(*store, clock);
  const seal::RootKey root(crypto::random_secret(32));
  must(barrier->install(&root));
  log = std::make_unique<audit::ChangeLog>(*store, clock, "node-1", "test/audit");
  must(store->write([this](store::Tx& tx) -> Status {
    for (const std::int64_t tenant : {0, 1, 2}) KW_OK(barrier->create_kek(tx, tenant));
    return ok();
  }));
  secrets = std::make_unique<Secrets>(Foundations{*store, *barrier, *log, clock, tenant_number},
                                      Secrets::Options{});
  event.action = "secret.test";
  event.actor = "alice";
}

TestHouse::~TestHouse() {
  secrets.reset();
  log.reset();
  barrier.reset();
  store.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

Result<Secret> TestHouse::put(const std::string& path, const Put& wanted,
                              const std::string& tenant) {
  return change(
      [&](Change c) { return secrets->put(c, tenant, *SecretPath::parse(path), wanted); });
}

Secret TestHouse::secret(const std::string& path, const std::string& tenant) {
  return must(secrets->find(tenant, path));
}

std::string TestHouse::read(const std::string& path, const Secrets::Asked& asked) {
  const auto read = secrets->read("acme", path, asked);
  return read ? shown(read->value.sealed_form()) : "<" + read.error().reason + ">";
}

VersionState TestHouse::state(const std::string& path, std::uint32_t version) {
  return secret(path).version(version)->state;
}

void TestHouse::expect_sound() {
  for (const char* tenant : {"acme", "globex"}) {
    Secrets::Filter filter;
    filter.limit = 1000;
    const auto page = secrets->list(tenant, filter);
    ASSERT_TRUE(page) << page.error().message;
    for (const Secret& each : page->secrets)
      for (const Version& version : each.versions)
        if (version.state != VersionState::kDestroyed)
          must(store->read([&](store::Reader& reader) -> Status {
            KW_OK(secrets->open(reader, each, version));
            return ok();
          }));
  }
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

}  // namespace kw::secrets
