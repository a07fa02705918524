#include "seal/store_for_tests.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>

#include "base/reveal.h"
#include "store/postgres_fixture.h"

namespace kw::seal {

namespace {

store::PostgresServer* postgres() {
  static const auto server = store::PostgresServer::start();
  return server ? server->get() : nullptr;
}

}  // namespace

TestFolder::TestFolder() {
  path_ = (std::filesystem::temp_directory_path() / "kw-seal-XXXXXX").string();
  KW_CHECK(mkdtemp(path_.data()) != nullptr);
}

TestFolder::~TestFolder() {
  std::filesystem::remove_all(path_);
}

std::unique_ptr<store::Store> open_store(const std::string& url) {
  auto opened = store::open(url);
  KW_CHECK(opened.has_value());
  KW_CHECK((*opened)->migrate(migrations()).has_value());
  return *std::move(opened);
}

void OnEachEngine::SetUp() {
  if (GetParam() == "postgres") {
    if (postgres() == nullptr) GTEST_SKIP() << "no PostgreSQL on this machine";
    url_ = postgres()->fresh_database();
  } else {
    url_ = folder_.url();
  }
  store_ = open_store(url_);
}

std::int64_t OnEachEngine::number(std::string_view sql) {
  std::int64_t value = -1;
  const Status read = store_->read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row, reader.query_one(sql, {}));
    if (row) value = row->integer(0);
    return ok();
  });
  EXPECT_EQ(reason(read), "");
  return value;
}

SecretBytes bytes_of(std::uint8_t value) {
  SecretBytes bytes(32);
  const auto all = bytes.reveal_mutable(Reveal{});
  std::fill(all.begin(), all.end(), value);
  return bytes;
}

SealContext context_of(std::string_view object) {
  SealContext context;
  context.label = "key-version";
  context.object = as_bytes(object);
  context.version = 3;
  context.purpose = "encrypt";
  context.algorithm = "aes-256-gcm";
  context.origin = "generated";
  return context;
}

}  // namespace kw::seal
