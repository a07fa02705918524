#include "cluster/store_for_tests.h"

#include <stdlib.h>

#include <filesystem>

#include "cluster/cluster.h"
#include "store/postgres_fixture.h"

namespace kw::cluster {

namespace {

store::PostgresServer* postgres() {
  static const auto server = store::PostgresServer::start();
  return server ? server->get() : nullptr;
}

}  // namespace

void OnEachEngine::SetUp() {
  std::string url;
  if (GetParam() == "sqlite") {
    std::string pattern = (std::filesystem::temp_directory_path() / "kw-cluster-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    url = "sqlite://" + folder_ + "/store.db";
  } else {
    if (postgres() == nullptr) GTEST_SKIP() << "no PostgreSQL on this machine";
    url = postgres()->fresh_database();
  }
  auto opened = store::open(url);
  ASSERT_TRUE(opened.has_value()) << reason(opened);
  store_ = *std::move(opened);
  ASSERT_EQ(reason(store_->migrate(migrations())), "");
}

void OnEachEngine::TearDown() {
  store_.reset();
  if (!folder_.empty()) std::filesystem::remove_all(folder_);
}

Status FlakyStore::read(const std::function<Status(store::Reader&)>& work) {
  if (!down) return real_.read(work);
  ++failed_reads;
  return error(Code::kUnavailable, "store_unavailable", "a test took the store away");
}

}  // namespace kw::cluster
