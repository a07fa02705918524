#include "rotation/reencryption.h"

#include <atomic>

#include "rotation/job_for_tests.h"

namespace kw::rotation {
namespace {

class ReencryptionTest : public testing::Test {
 protected:
  static Jobs::Options quick() {
    Jobs::Options options;
    options.save_interval = Millis(0);
    options.retry_first = Millis(1);
    return options;
  }
  void fill(int count) {
    for (int i = 0; i < count; ++i) data.put(name(i), "v1:text" + std::to_string(i));
  }
  static std::string name(int i) {
    std::string digits = std::to_string(i);
    return "r" + std::string(4 - digits.size(), '0') + digits;
  }
  void expect_all_on(std::uint32_t version, int count) {
    const auto rows = data.all();
    ASSERT_EQ(rows.size(), static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
      EXPECT_EQ(rows.at(name(i)), "v" + std::to_string(version) + ":text" + std::to_string(i));
  }
  Job run() {
    const Job job = must(house.start(jobs(), wanted_job()));
    return house.wait_end(jobs(), job.id);
  }
  // Made on first use: a test sets its options before.
  Jobs& jobs() {
    if (!jobs_) {
      work_ = std::make_unique<Reencryption>(*house.store, house.clock, options());
      jobs_ = std::make_unique<Jobs>(house.rooms(), std::vector<JobWork*>{work_.get()},
                                     std::vector<JobSource*>{}, quick());
    }
    return *jobs_;
  }
  Reencryption& work() {
    jobs();
    return *work_;
  }
  Reencryption::Options options() {
    Reencryption::Options made = memory_options(data);
    made.quarantine_max = quarantine_max;
    made.passes_max = passes_max;
    return made;
  }

  JobHouse house;
  MemoryData data;
  std::int64_t quarantine_max = 100;
  int passes_max = 5;

 private:
  std::unique_ptr<Reencryption> work_;
  std::unique_ptr<Jobs> jobs_;
};

TEST_F(ReencryptionTest, every_item_ends_on_the_target_and_the_census_is_recorded) {
  fill(21);
  const Job job = run();
  EXPECT_EQ(job.state, JobState::kDone);
  EXPECT_EQ(job.progress.counts.rewritten, 21);
  EXPECT_EQ(job.progress.counts.total, 21);
  EXPECT_EQ(job.progress.digest.size(), 32U);
  expect_all_on(2, 21);
  const auto references = must(work().references("acme", "orders"));
  ASSERT_EQ(references.size(), 2U);
  EXPECT_EQ(references[0].version, 1U);
  EXPECT_EQ(references[0].items, 0);
  EXPECT_EQ(references[1].items, 21);
  EXPECT_GE(references[0].second_at, references[0].first_at);
  EXPECT_EQ(data.censuses, 3) << "the total, and twice at the end";
}

TEST_F(ReencryptionTest, a_later_count_clears_versions_that_are_not_there_any_more) {
  fill(3);
  ASSERT_EQ(run().state, JobState::kDone);
  NewJob again = wanted_job();
  again.from_version = 0;
  again.target_version = 3;
  const Job job = must(house.start(jobs(), again));
  ASSERT_EQ(house.wait_end(jobs(), job.id).state, JobState::kDone);
  const auto references = must(work().references("acme", "orders"));
  ASSERT_EQ(references.size(), 3U);
  EXPECT_EQ(references[1].version, 2U);
  EXPECT_EQ(references[1].items, 0);
  EXPECT_EQ(references[1].second_at, references[2].second_at);
  EXPECT_EQ(references[2].items, 3);
}

TEST_F(ReencryptionTest, an_empty_place_is_done_at_once) {
  EXPECT_EQ(run().state, JobState::kDone);
}

TEST_F(ReencryptionTest, a_lost_race_is_counted_and_the_item_seen_again) {
  fill(5);
  std::atomic<bool> once{true};
  data.before_replace = [&](MemoryData& rows) {
    if (once.exchange(false)) rows.put(name(1), "v1:newer");
  };
  const Job job = run();
  EXPECT_EQ(job.state, JobState::kDone);
  EXPECT_EQ(job.progress.counts.cas_lost, 1);
  EXPECT_EQ(job.progress.counts.rewritten, 5);
  EXPECT_EQ(job.progress.pass, 2);
  EXPECT_EQ(data.get(name(1)), "v2:newer") << "nobody's update is lost";
}

TEST_F(ReencryptionTest, what_others_hold_is_skipped_and_found_by_the_census) {
  fill(5);
  data.held.insert(name(3));
  data.before_next = [&]() -> Status {
    const std::lock_guard lock(data.mutex);
    if (data.censuses > 2) data.held.clear();
    return ok();
  };
  const Job job = run();
  EXPECT_EQ(job.state, JobState::kDone);
  EXPECT_GE(job.progress.counts.skipped, 1);
  expect_all_on(2, 5);
}

TEST_F(ReencryptionTest, items_that_do_not_open_are_quarantined_with_their_reason) {
  fill(4);
  data.put("a", "no ciphertext");
  data.put("b", "bad1:damaged");
  data.put("c", "v77:unknown");
  const Job job = run();
  EXPECT_EQ(job.state, JobState::kFailed) << "two items are still under other versions";
  EXPECT_EQ(job.problem, "quarantined_left");
  EXPECT_EQ(job.progress.counts.quarantined, 3);
  EXPECT_EQ(job.progress.counts.rewritten, 4);
  const auto list = must(work().quarantine(job.id, "", 10));
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0].reason, "not_ours");
  EXPECT_EQ(list[1].reason, "tag_invalid");
  EXPECT_EQ(list[2].reason, "kid_missing");
  EXPECT_EQ(must(work().quarantine(job.id, "a", 1))[0].item, "b");
  EXPECT_EQ(data.get("b"), "bad1:damaged") << "never dropped, never touched";
}

TEST_F(ReencryptionTest, mended_items_let_a_resumed_job_end_and_their_entries_stay) {
  fill(2);
  data.put("b", "bad1:damaged");
  const Job failed = run();
  ASSERT_EQ(failed.problem, "quarantined_left");
  data.put("b", "v1:mended");
  must(house.resume(jobs(), failed.id));
  const Job job = house.wait(jobs(), failed.id, [](const Job& now) { return finished(now.state); });
  EXPECT_EQ(data.get("b"), "v2:mended");
  EXPECT_LT(must(work().quarantine(job.id, "", 10)).at(0).pass, job.progress.pass);
}

TEST_F(ReencryptionTest, plain_items_do_not_hinder_the_end) {
  fill(3);
  data.put("a", "no ciphertext");
  const Job job = run();
  EXPECT_EQ(job.state, JobState::kDone);
  EXPECT_EQ(job.progress.counts.quarantined, 1);
}

TEST_F(ReencryptionTest, a_place_full_of_foreign_items_fails_the_job) {
  quarantine_max = 4;
  for (int i = 0; i < 20; ++i) data.put(name(i), "plain");
  const Job job = run();
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.problem, "quarantine_full");
}

TEST_F(ReencryptionTest, hot_items_go_first) {
  fill(9);
  data.hot = {name(4), name(7)};
  const Job job = run();
  EXPECT_EQ(job.state, JobState::kDone);
  ASSERT_EQ(data.order.size(), 9U);
  EXPECT_EQ(data.order[0], name(4));
  EXPECT_EQ(data.order[1], name(7));
}

TEST_F(ReencryptionTest, a_writer_that_never_stops_using_the_old_version_is_named) {
  fill(4);
  passes_max = 3;
  std::atomic<int> writes{0};
  data.before_replace = [&](MemoryData& rows) {
    rows.put(name(2), "v1:again" + std::to_string(++writes));
  };
  const Job job = run();
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.problem, "census_not_zero");
}

TEST_F(ReencryptionTest, the_second_count_waits_for_transactions_of_the_first) {
  fill(3);
  std::atomic<int> asked{0};
  data.settled = [&] {
    // What was under way at the first count comes to light.
    if (++asked == 2) data.put(name(9), "v1:late");
    return asked > 2;
  };
  const Job job = run();
  EXPECT_EQ(job.state, JobState::kDone);
  EXPECT_EQ(data.get(name(9)), "v2:late");
  EXPECT_EQ(job.progress.pass, 2);
}

TEST_F(ReencryptionTest, a_failure_that_may_pass_costs_no_item_twice) {
  fill(40);
  std::atomic<int> batches{0};
  data.before_next = [&]() -> Status {
    if (++batches == 6) return error(Code::kUnavailable, "target_unavailable", "gone");
    return ok();
  };
  const Job job = run();
  EXPECT_EQ(job.state, JobState::kDone);
  EXPECT_EQ(data.order.size(), 40U) << "nothing was done twice";
  EXPECT_EQ(job.progress.counts.rewritten, 40);
}

TEST_F(ReencryptionTest, a_checkpoint_of_a_later_life_fences_this_one_off) {
  fill(4);
  const Job job = must(house.start(jobs(), wanted_job()));
  house.wait_end(jobs(), job.id);
  auto late = open_memory(data);
  Checkpoint old = *data.checkpoint;
  old.fence -= 1;
  EXPECT_EQ(reason(late->commit(old)), "fenced");
}

TEST_F(ReencryptionTest, rolls_back_to_the_old_version) {
  fill(30);
  std::atomic<int> batches{0};
  data.before_next = [&]() -> Status {
    if (++batches == 6) return error(Code::kFailedPrecondition, "target_refused", "stop here");
    return ok();
  };
  const Job failed = run();
  ASSERT_EQ(failed.state, JobState::kFailed);
  EXPECT_EQ(failed.progress.counts.rewritten, 10);
  must(house.roll_back(jobs(), failed.id));
  const Job job = house.wait(jobs(), failed.id, [](const Job& now) { return finished(now.state); });
  EXPECT_EQ(job.state, JobState::kRolledBack);
  expect_all_on(1, 30);
}

TEST_F(ReencryptionTest, a_refusal_of_the_key_stops_the_job_and_drops_nothing) {
  fill(3);
  data.before_next = []() -> Status {
    return error(Code::kFailedPrecondition, "version_state", "the version does not protect");
  };
  const Job job = run();
  EXPECT_EQ(job.problem, "version_state");
  expect_all_on(1, 3);
}

}  // namespace
}  // namespace kw::rotation
