#include "auth/room_for_tests.h"

#include <stdlib.h>

#include <filesystem>

#include "base/failpoint.h"
#include "crypto/random.h"
#include "seal/seal.h"
#include "store/postgres_fixture.h"

namespace kw::auth {
namespace {

store::PostgresServer* postgres() {
  static const auto server = store::PostgresServer::start();
  return server ? server->get() : nullptr;
}

constexpr std::string_view kActions[] = {"key:encrypt", "key:decrypt", "key:rotate", "key:list",
                                         "access-policy:write"};
constexpr std::string_view kKinds[] = {"key", "secret", "access-policy"};
constexpr std::string_view kFacts[] = {"classification", "owner"};

}  // namespace

ObjectName object_name(std::string_view text) {
  return *ObjectName::parse(text);
}

Vocabulary test_vocabulary() {
  return {kActions, kKinds, kFacts};
}

void Room::SetUp() {
  std::string url;
  if (GetParam() == "postgres") {
    if (postgres() == nullptr) GTEST_SKIP() << "no PostgreSQL on this machine";
    url = postgres()->fresh_database();
  } else {
    folder_ = (std::filesystem::temp_directory_path() / "kw-auth-XXXXXX").string();
    KW_CHECK(mkdtemp(folder_.data()) != nullptr);
    url = "sqlite://" + folder_ + "/store.db";
  }
  auto opened = store::open(url);
  KW_CHECK(opened.has_value());
  store_ = *std::move(opened);
  KW_CHECK(store_->migrate(seal::migrations()).has_value());
  KW_CHECK(store_->migrate(migrations()).has_value());
  barrier_ = std::make_unique<seal::Barrier>(*store_, clock_);
  const seal::RootKey root(crypto::random_secret(32));
  KW_CHECK(barrier_->install(&root).has_value());
  access_ = another_node();
}

void Room::TearDown() {
  access_.reset();
  barrier_.reset();
  store_.reset();
  if (!folder_.empty()) std::filesystem::remove_all(folder_);
}

std::unique_ptr<Access> Room::another_node(Duties duties) {
  auto node = std::make_unique<Access>(*store_, *barrier_, clock_,
                                       Access::Options{duties, test_vocabulary()});
  EXPECT_EQ(reason(node->reload()), "");
  return node;
}

std::string Room::write(const store::Store::Work& work) {
  return reason(store_->write(work));
}

std::string Room::change(const store::Store::Work& work) {
  const std::string written = write(work);
  const std::string reloaded = reason(access_->reload());
  return written.empty() ? reloaded : written;
}

std::string Room::run(std::string_view sql) {
  return write([&](store::Tx& tx) -> Status {
    KW_OK(tx.execute(sql, {}));
    return ok();
  });
}

std::int64_t Room::number(std::string_view sql) {
  std::int64_t value = -1;
  const Status read = store_->read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row, reader.query_one(sql, {}));
    if (row) value = row->integer(0);
    return ok();
  });
  EXPECT_EQ(reason(read), "");
  return value;
}

void Room::seal_up() {
  KW_CHECK(barrier_->install(nullptr).has_value());
}

void Room::add_principal(std::string_view name, std::vector<Grant> grants,
                         std::string certificate_name) {
  const NewPrincipal wanted{object_name(name), std::move(grants), std::move(certificate_name)};
  ASSERT_EQ(change([&](store::Tx& tx) { return access_->create_principal(tx, wanted); }), "");
}

PrincipalRecord Room::principal(std::string_view name) {
  std::vector<PrincipalRecord> records;
  const Status read = store_->read([&](store::Reader& reader) -> Status {
    KW_TRY(records, access_->principals(reader, "", 1000));
    return ok();
  });
  EXPECT_EQ(reason(read), "");
  for (PrincipalRecord& record : records) {
    if (record.name == name) return std::move(record);
  }
  ADD_FAILURE() << "no principal " << name;
  return {};
}

std::string Room::disable(std::string_view name) {
  PrincipalRecord record = principal(name);
  record.disabled = true;
  return change([&](store::Tx& tx) { return access_->update_principal(tx, record); });
}

IssuedToken Room::issue(std::string_view name, std::chrono::seconds time_to_live,
                        std::chrono::seconds idle_max, std::string certificate) {
  IssuedToken issued;
  const NewToken wanted{object_name(name), time_to_live, idle_max, std::move(certificate)};
  EXPECT_EQ(write([&](store::Tx& tx) -> Status {
              KW_TRY(issued, access_->issue_token(tx, wanted));
              return ok();
            }),
            "");
  return issued;
}

std::string Room::authenticate(const IssuedToken& token, Access* node,
                               std::string_view certificate) {
  Access& where = node != nullptr ? *node : *access_;
  return reason(where.authenticate_token(token.text, certificate));
}

}  // namespace kw::auth
