#include "store/contract.h"

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <iostream>
#include <mutex>

#include "base/failpoint.h"
#include "store/postgres_fixture.h"

namespace kw::store {

namespace {

// One server for all tests of the process: starting it takes seconds.
const Result<std::unique_ptr<PostgresServer>>& server() {
  static const auto started = PostgresServer::start();
  return started;
}

}  // namespace

void StoreContract::SetUp() {
  if (GetParam() == "sqlite") {
    std::string made = testing::TempDir() + "kwstore.XXXXXX";
    ASSERT_NE(::mkdtemp(made.data()), nullptr);
    folder_ = made;
    url_ = "sqlite://" + folder_ + "/store.db";
  } else {
    if (!server()) GTEST_SKIP() << "PostgreSQL: " << server().error().message;
    url_ = (*server())->fresh_database();
  }
  open_again();
}

void StoreContract::TearDown() {
  failpoint::disarm_all();
  store_.reset();
  if (!folder_.empty()) std::filesystem::remove_all(folder_);
}

void StoreContract::open_again() {
  store_.reset();
  auto opened = open(url_);
  ASSERT_EQ(reason(opened), "");
  store_ = *std::move(opened);
}

void StoreContract::create(std::string_view sql) {
  const Migration migration{"contract", 1, sql};
  const Status migrated = store().migrate({&migration, 1});
  ASSERT_EQ(reason(migrated), "") << migrated.error().message;
}

Status StoreContract::run(std::string_view sql, Params params) {
  return store().write([&](Tx& tx) -> Status {
    KW_OK(tx.execute(sql, params));
    return ok();
  });
}

std::int64_t StoreContract::number(std::string_view sql) {
  std::int64_t answer = -1;
  const Status read = store().read([&](Reader& reader) -> Status {
    KW_TRY(auto row, reader.query_one(sql, {}));
    answer = row ? row->integer(0) : -1;
    return ok();
  });
  EXPECT_EQ(reason(read), "");
  return answer;
}

std::function<void()> StoreContract::hold_writer() {
  auto running = std::make_shared<std::promise<void>>();
  auto release = std::make_shared<std::promise<void>>();
  store().write_async(
      [running, gate = release->get_future().share()](Tx&) {
        running->set_value();
        gate.wait();
        return ok();
      },
      [](const Status&) {});
  running->get_future().wait();
  return [release] { release->set_value(); };
}

struct Outcomes::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t missing = 0;
  std::vector<Status> statuses;
};

Outcomes::Outcomes() : state_(std::make_shared<State>()) {}

std::function<void(Status)> Outcomes::expect() {
  std::lock_guard lock(state_->mutex);
  const std::size_t place = state_->statuses.size();
  state_->statuses.emplace_back();
  ++state_->missing;
  return [state = state_, place](Status status) {
    std::lock_guard inner(state->mutex);
    state->statuses[place] = std::move(status);
    --state->missing;
    state->changed.notify_all();
  };
}

std::vector<Status> Outcomes::wait() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->missing == 0; });
  return state_->statuses;
}

}  // namespace kw::store
