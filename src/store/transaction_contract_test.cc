#include <future>
#include <string>
#include <thread>

#include "base/failpoint.h"
#include "store/contract.h"

namespace kw::store {
namespace {

constexpr std::string_view kTable =
    "CREATE TABLE item (id BIGINT PRIMARY KEY, name TEXT UNIQUE, body BYTEA, count BIGINT)";
constexpr std::string_view kInsert = "INSERT INTO item (id, name, count) VALUES ($1, $2, $3)";

class Transactions : public StoreContract {
 protected:
  void SetUp() override {
    StoreContract::SetUp();
    if (!IsSkipped()) create(kTable);
  }
};

Status insert(Tx& tx, int id, std::string_view name) {
  KW_OK(tx.execute(kInsert, {id, name, 0}));
  return ok();
}

TEST_P(Transactions, keep_what_was_written_through_a_reopen) {
  ASSERT_EQ(reason(run(kInsert, {1, "a", 5})), "");
  open_again();
  EXPECT_EQ(number("SELECT count FROM item WHERE id = 1"), 5);
  EXPECT_EQ(store().engine(), GetParam());
}

TEST_P(Transactions, undo_everything_that_a_failed_work_did) {
  const Status failed = store().write([](Tx& tx) -> Status {
    KW_OK(insert(tx, 1, "a"));
    KW_OK(insert(tx, 2, "b"));
    return error(Code::kFailedPrecondition, "changed_my_mind", "");
  });
  EXPECT_EQ(reason(failed), "changed_my_mind");
  EXPECT_EQ(number("SELECT count(*) FROM item"), 0);
}

TEST_P(Transactions, undo_only_the_failing_work_of_a_group) {
  Outcomes outcomes;
  const auto release = hold_writer();
  for (int i = 0; i < 5; ++i) {
    const auto work = [i](Tx& tx) -> Status {
      KW_OK(insert(tx, i, "name" + std::to_string(i)));
      if (i == 1) return error(Code::kAborted, "own_error", "");
      if (i == 3) KW_OK(insert(tx, 100, "name2"));  // taken by work 2 of the same group
      return ok();
    };
    store().write_async(work, outcomes.expect());
  }
  release();
  const auto all = outcomes.wait();
  EXPECT_EQ(reason(all[0]), "");
  EXPECT_EQ(reason(all[1]), "own_error");
  EXPECT_EQ(reason(all[2]), "");
  EXPECT_EQ(reason(all[3]), "unique_violation");
  EXPECT_EQ(reason(all[4]), "");
  EXPECT_EQ(number("SELECT sum(id) FROM item"), 0 + 2 + 4);
}

TEST_P(Transactions, let_a_work_see_what_earlier_works_of_its_group_did) {
  Outcomes outcomes;
  const auto release = hold_writer();
  for (int i = 0; i < 10; ++i) {
    const auto work = [i](Tx& tx) -> Status {
      KW_TRY(auto row, tx.query_one("SELECT count(*) FROM item", {}));
      return insert(tx, static_cast<int>(row->integer(0)), std::to_string(i));
    };
    store().write_async(work, outcomes.expect());
  }
  release();
  for (const Status& outcome : outcomes.wait()) EXPECT_EQ(reason(outcome), "");
  EXPECT_EQ(number("SELECT max(id) FROM item"), 9);
}

TEST_P(Transactions, name_a_unique_violation) {
  ASSERT_EQ(reason(run(kInsert, {1, "a", 0})), "");
  const Status second = run(kInsert, {1, "b", 0});
  ASSERT_EQ(reason(second), "unique_violation");
  EXPECT_EQ(second.error().code, Code::kAlreadyExists);
  EXPECT_EQ(reason(run(kInsert, {2, "a", 0})), "unique_violation");
}

TEST_P(Transactions, report_the_failure_of_a_posted_statement) {
  ASSERT_EQ(reason(run(kInsert, {1, "a", 0})), "");
  const Status posted = store().write([](Tx& tx) -> Status {
    KW_OK(tx.post(kInsert, {2, "b", 0}));
    KW_OK(tx.post(kInsert, {1, "c", 0}));
    return tx.post(kInsert, {3, "d", 0});
  });
  EXPECT_EQ(reason(posted), "unique_violation");
  EXPECT_EQ(number("SELECT count(*) FROM item"), 1);
}

TEST_P(Transactions, report_the_failure_of_a_posted_statement_in_a_group) {
  Outcomes outcomes;
  const auto release = hold_writer();
  for (int i = 0; i < 6; ++i) {
    const auto work = [i](Tx& tx) -> Status {
      KW_OK(tx.post(kInsert, {i, std::to_string(i), 0}));
      if (i == 2) KW_OK(tx.post(kInsert, {1, "taken", 0}));
      if (i == 4) return error(Code::kAborted, "own_error", "");
      return ok();
    };
    store().write_async(work, outcomes.expect());
  }
  release();
  const auto all = outcomes.wait();
  for (const int i : {0, 1, 3, 5}) EXPECT_EQ(reason(all[static_cast<std::size_t>(i)]), "");
  EXPECT_EQ(reason(all[2]), "unique_violation");
  EXPECT_EQ(reason(all[4]), "own_error");
  EXPECT_EQ(number("SELECT sum(id) FROM item"), 0 + 1 + 3 + 5);
}

TEST_P(Transactions, undo_a_work_that_ignores_a_failed_statement) {
  ASSERT_EQ(reason(run(kInsert, {1, "a", 0})), "");
  const Status careless = store().write([](Tx& tx) -> Status {
    KW_OK(insert(tx, 2, "b"));
    static_cast<void>(insert(tx, 1, "again"));
    EXPECT_EQ(reason(tx.query("SELECT 1", {})), "unique_violation");
    return ok();
  });
  EXPECT_EQ(reason(careless), "unique_violation");
  EXPECT_EQ(number("SELECT count(*) FROM item"), 1);
}

TEST_P(Transactions, catch_what_a_work_throws) {
  const Status thrown = store().write([](Tx& tx) -> Status {
    KW_OK(insert(tx, 1, "a"));
    throw std::runtime_error("a value");
  });
  EXPECT_EQ(reason(thrown), "store_work_threw");
  EXPECT_EQ(thrown.error().code, Code::kInternal);
  EXPECT_EQ(thrown.error().message.find("a value"), std::string::npos);
  EXPECT_EQ(reason(store().read([](Reader&) -> Status { throw 1; })), "store_work_threw");
  EXPECT_EQ(number("SELECT count(*) FROM item"), 0);
}

TEST_P(Transactions, count_exactly_under_sixteen_threads) {
  ASSERT_EQ(reason(run(kInsert, {1, "a", 0})), "");
  const auto hundred = [this] {
    for (int i = 0; i < 100; ++i) {
      const Status added = store().write([](Tx& tx) -> Status {
        KW_TRY(auto row, tx.query_one("SELECT count FROM item WHERE id = 1", {}));
        const std::int64_t next = row->integer(0) + 1;
        KW_OK(tx.execute("UPDATE item SET count = $1 WHERE id = 1", {next}));
        return ok();
      });
      ASSERT_EQ(reason(added), "");
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(16);
  for (int i = 0; i < 16; ++i) threads.emplace_back(hundred);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(number("SELECT count FROM item WHERE id = 1"), 1600);
  EXPECT_GT(store().foreground().p99, 0);
}

TEST_P(Transactions, let_background_works_wait_for_the_foreground) {
  std::vector<std::string> order;  // touched by the writer thread only
  const auto note = [&order](const std::string& what) {
    return [&order, what](Tx&) {
      order.push_back(what);
      return ok();
    };
  };
  Outcomes outcomes;
  const auto release = hold_writer();
  auto background = std::async(
      std::launch::async, [&] { return store().write(note("background"), Priority::kBackground); });
  for (int i = 0; i < 300; ++i) store().write_async(note("foreground"), outcomes.expect());
  release();
  outcomes.wait();
  EXPECT_EQ(reason(background.get()), "");
  // The background work may have come to the queue first or last; it never runs between.
  ASSERT_EQ(order.size(), 301U);
  EXPECT_TRUE(order.back() == "background");
}

TEST_P(Transactions, refuse_a_write_from_inside_a_work) {
  Status inner;
  const Status outer = store().write([&](Tx&) {
    inner = store().write([](Tx&) { return ok(); });
    return ok();
  });
  EXPECT_EQ(reason(outer), "");
  EXPECT_EQ(reason(inner), "store_reentrant");
}

TEST_P(Transactions, are_refused_at_once_when_too_many_wait) {
  Outcomes outcomes;
  const auto release = hold_writer();
  const auto nothing = [](Tx&) { return ok(); };
  for (int i = 0; i < 65'536; ++i) store().write_async(nothing, outcomes.expect());
  std::string refused;
  store().write_async(nothing, [&](const Status& status) { refused = reason(status); });
  EXPECT_EQ(refused, "store_unavailable");
  release();
  for (const Status& outcome : outcomes.wait()) ASSERT_EQ(reason(outcome), "");
  EXPECT_EQ(reason(run(kInsert, {1, "a", 0})), "");
}

TEST_P(Transactions, survive_a_callback_that_throws) {
  std::promise<void> called;
  store().write_async([](Tx& tx) { return insert(tx, 1, "a"); },
                      [&](const Status&) {
                        called.set_value();
                        throw std::runtime_error("callback");
                      });
  called.get_future().wait();
  EXPECT_EQ(reason(run(kInsert, {2, "b", 0})), "");
}

TEST_P(Transactions, run_accepted_writes_before_the_store_closes) {
  Outcomes outcomes;
  const auto release = hold_writer();
  for (int i = 0; i < 400; ++i)
    store().write_async([i](Tx& tx) { return insert(tx, i, std::to_string(i)); },
                        outcomes.expect());
  std::thread closing([this] { close(); });
  release();
  closing.join();
  for (const Status& outcome : outcomes.wait()) EXPECT_EQ(reason(outcome), "");
  open_again();
  EXPECT_EQ(number("SELECT count(*) FROM item"), 400);
}

#ifdef KW_FAILPOINTS
TEST_P(Transactions, write_nothing_when_a_step_before_the_commit_fails) {
  for (const char* point :
       {"store.begin=error", "store.work.done=error", "store.commit.before=error"}) {
    ASSERT_EQ(reason(failpoint::arm(point)), "");
    EXPECT_EQ(reason(run(kInsert, {1, "a", 0})), "failpoint") << point;
    failpoint::disarm_all();
    EXPECT_EQ(number("SELECT count(*) FROM item"), 0) << point;
  }
  EXPECT_EQ(reason(run(kInsert, {1, "a", 0})), "");
}

TEST_P(Transactions, keep_the_write_when_only_the_answer_is_lost) {
  ASSERT_EQ(reason(failpoint::arm("store.commit.after=error")), "");
  EXPECT_EQ(reason(run(kInsert, {1, "a", 0})), "failpoint");
  failpoint::disarm_all();
  EXPECT_EQ(number("SELECT count(*) FROM item"), 1);
}
#endif

INSTANTIATE_TEST_SUITE_P(Engines, Transactions, testing::Values("sqlite", "postgres"), engine_name);

}  // namespace
}  // namespace kw::store
