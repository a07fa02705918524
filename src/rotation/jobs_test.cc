#include "rotation/jobs.h"

#include <atomic>

#include "rotation/job_for_tests.h"

namespace kw::rotation {
namespace {

/// Counts to `end`, one per slice; what happens before a slice is the test's choice.
class Counting final : public JobWork {
 public:
  std::atomic<std::int64_t> end{10};
  std::atomic<int> opened{0};
  std::atomic<std::int64_t> fence{0};
  std::function<Status(const Job&)> before;

  std::string_view kind() const override { return "count"; }
  Result<std::unique_ptr<JobSession>> open(const Job&, std::int64_t token) override {
    ++opened;
    fence = token;
    return std::unique_ptr<JobSession>(std::make_unique<Session>(*this));
  }

 private:
  class Session final : public JobSession {
   public:
    explicit Session(Counting& counting) : counting_(counting) {}
    Result<JobSlice> step(const Job& job) override {
      if (counting_.before) KW_OK(counting_.before(job));
      JobSlice slice;
      slice.progress = job.progress;
      slice.progress.phase = "count";
      slice.progress.counts.total = counting_.end;
      slice.progress.cursor = std::to_string(++slice.progress.counts.done);
      slice.finished = slice.progress.counts.done >= counting_.end;
      return slice;
    }

   private:
    Counting& counting_;
  };
};

NewJob counting_job() {
  NewJob wanted = wanted_job();
  wanted.kind = "count";
  return wanted;
}

class JobsTest : public testing::Test {
 protected:
  Jobs::Options quick(const std::string& node = "node-1") {
    Jobs::Options options;
    options.node = node;
    options.save_interval = Millis(0);
    options.retry_first = Millis(1);
    options.retry_last = Millis(5);
    return options;
  }
  JobHouse house;
  Counting work;
};

/// Opens when it is told to.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait_for_one() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

TEST_F(JobsTest, a_job_runs_to_its_end_and_says_so_in_the_audit_log) {
  Jobs jobs(house.rooms(), {&work}, {}, quick());
  const Job job = must(house.start(jobs, counting_job()));
  EXPECT_EQ(job.state, JobState::kRunning);
  const Job done = house.wait_end(jobs, job.id);
  EXPECT_EQ(done.state, JobState::kDone);
  EXPECT_EQ(done.progress.counts.done, 10);
  EXPECT_EQ(done.progress.cursor, "10");
  EXPECT_EQ(house.actions(), (std::vector<std::string>{"job.test", "job.finish"}));
  EXPECT_GE(work.fence, 1);
}

TEST_F(JobsTest, the_same_job_is_not_started_twice_and_another_target_is_refused) {
  Gate gate;
  work.before = [&](const Job&) -> Status {
    gate.pass();
    return ok();
  };
  Jobs jobs(house.rooms(), {&work}, {}, quick());
  const Job first = must(house.start(jobs, counting_job()));
  EXPECT_EQ(must(house.start(jobs, counting_job())).id, first.id);
  NewJob other = counting_job();
  other.target_version = 3;
  EXPECT_EQ(reason(house.start(jobs, other)), "job_open");
  gate.open();
  house.wait_end(jobs, first.id);
  EXPECT_NE(must(house.start(jobs, counting_job())).id, first.id);
}

TEST_F(JobsTest, refuses_what_makes_no_sense) {
  Jobs jobs(house.rooms(), {&work}, {}, quick());
  NewJob wanted = counting_job();
  wanted.kind = "dance";
  EXPECT_EQ(reason(house.start(jobs, wanted)), "unknown_job_kind");
  wanted = counting_job();
  wanted.target_version = wanted.from_version;
  EXPECT_EQ(reason(house.start(jobs, wanted)), "bad_job");
  wanted = counting_job();
  wanted.throttle.foreground_percent_max = 99;
  EXPECT_EQ(reason(house.start(jobs, wanted)), "bad_job");
  EXPECT_EQ(reason(house.pause(jobs, JobId())), "not_found");
  EXPECT_EQ(reason(jobs.list("", std::nullopt, 0)), "bad_job");
}

TEST_F(JobsTest, a_paused_job_rests_until_it_is_resumed) {
  work.end = 1'000'000;
  Jobs jobs(house.rooms(), {&work}, {}, quick());
  const Job job = must(house.start(jobs, counting_job()));
  house.wait(jobs, job.id, [](const Job& now) { return now.progress.counts.done > 3; });
  // The worker saves in between: who steers tries again, as for every lost compare-and-swap.
  while (reason(house.pause(jobs, job.id)) == "job_changed") continue;
  jobs.stop_all();
  const Job paused = must(jobs.show(job.id));
  EXPECT_EQ(paused.state, JobState::kPaused);
  work.end = paused.progress.counts.done + 5;
  EXPECT_EQ(must(house.resume(jobs, job.id)).state, JobState::kRunning);
  const Job done = house.wait_end(jobs, job.id);
  EXPECT_EQ(done.state, JobState::kDone);
  EXPECT_EQ(done.progress.counts.done, work.end) << "it went on where it was";
  EXPECT_EQ(reason(house.pause(jobs, job.id)), "job_finished");
}

TEST_F(JobsTest, a_failure_that_may_pass_is_tried_again_in_a_new_session) {
  std::atomic<int> failures{3};
  work.before = [&](const Job& job) -> Status {
    if (job.progress.counts.done == 4 && failures-- > 0)
      return error(Code::kUnavailable, "target_busy", "busy");
    return ok();
  };
  Jobs jobs(house.rooms(), {&work}, {}, quick());
  const Job job = must(house.start(jobs, counting_job()));
  house.wait(jobs, job.id, [](const Job& now) { return now.last_failure == "target_busy"; });
  const Job done = house.wait_end(jobs, job.id);
  EXPECT_EQ(done.state, JobState::kDone);
  EXPECT_EQ(work.opened, 4);
  EXPECT_EQ(done.last_failure, "target_busy") << "it is told after it passed as well";
  EXPECT_TRUE(done.last_failure_at.has_value());
  EXPECT_EQ(done.problem, "");
}

TEST_F(JobsTest, any_other_failure_ends_the_job_by_name_and_resume_mends_it) {
  std::atomic<bool> broken{true};
  work.before = [&](const Job& job) -> Status {
    if (job.progress.counts.done == 4 && broken)
      return error(Code::kFailedPrecondition, "target_refused", "refused");
    return ok();
  };
  Jobs jobs(house.rooms(), {&work}, {}, quick());
  const Job job = must(house.start(jobs, counting_job()));
  const Job failed = house.wait_end(jobs, job.id);
  EXPECT_EQ(failed.state, JobState::kFailed);
  EXPECT_EQ(failed.problem, "target_refused");
  EXPECT_EQ(failed.progress.counts.done, 4);
  EXPECT_EQ(house.actions().back(), "job.fail");
  broken = false;
  must(house.resume(jobs, job.id));
  const Job done = house.wait(jobs, job.id, [](const Job& now) { return finished(now.state); });
  EXPECT_EQ(done.state, JobState::kDone);
  EXPECT_EQ(done.problem, "");
}

TEST_F(JobsTest, another_process_goes_on_where_a_stopped_one_was) {
  work.end = 1'000'000;
  JobId id;
  std::int64_t before = 0, fence = 0;
  {
    Jobs jobs(house.rooms(), {&work}, {}, quick("node-1"));
    id = must(house.start(jobs, counting_job())).id;
    house.wait(jobs, id, [](const Job& now) { return now.progress.counts.done > 3; });
    jobs.stop_all();
    before = must(jobs.show(id)).progress.counts.done;
    fence = work.fence;
  }
  work.end = before + 3;
  Jobs jobs(house.rooms(), {&work}, {}, quick("node-2"));
  must(jobs.resume_all());
  EXPECT_EQ(house.wait_end(jobs, id).progress.counts.done, before + 3);
  EXPECT_GT(work.fence, fence) << "a new life has a higher token";
}

TEST_F(JobsTest, two_nodes_do_not_work_on_one_job_at_once) {
  Gate gate;
  work.before = [&](const Job&) -> Status {
    gate.pass();
    return ok();
  };
  Counting second;
  Jobs jobs(house.rooms(), {&work}, {}, quick("node-1"));
  Jobs others(house.rooms(), {&second}, {}, quick("node-2"));
  const Job job = must(house.start(jobs, counting_job()));
  gate.wait_for_one();
  must(others.resume_all());
  others.stop_all();
  EXPECT_EQ(second.opened, 0);
  gate.open();
  EXPECT_EQ(house.wait_end(jobs, job.id).state, JobState::kDone);
}

TEST_F(JobsTest, a_roll_back_turns_the_versions_around_and_cannot_be_rolled_back) {
  work.end = 1'000'000;
  Jobs jobs(house.rooms(), {&work}, {}, quick());
  const Job job = must(house.start(jobs, counting_job()));
  house.wait(jobs, job.id, [](const Job& now) { return now.progress.counts.done > 3; });
  jobs.stop_all();
  work.end = 5;
  const Job back = must(house.change([&](JobChange c) { return jobs.roll_back(c, job.id); }));
  EXPECT_EQ(back.state, JobState::kRollingBack);
  EXPECT_EQ(back.target_version, 1U);
  EXPECT_EQ(back.progress.counts.done, 0);
  EXPECT_EQ(reason(house.change([&](JobChange c) { return jobs.roll_back(c, job.id); })),
            "job_state");
  jobs.kick(job.id);
  EXPECT_EQ(house.wait_end(jobs, job.id).state, JobState::kRolledBack);
}

TEST_F(JobsTest, a_job_without_an_old_version_has_nothing_to_go_back_to) {
  work.end = 1'000'000;
  NewJob wanted = counting_job();
  wanted.from_version = 0;
  Jobs jobs(house.rooms(), {&work}, {}, quick());
  const Job job = must(house.start(jobs, wanted));
  jobs.stop_all();
  EXPECT_EQ(reason(house.change([&](JobChange c) { return jobs.roll_back(c, job.id); })),
            "not_reversible");
}

TEST_F(JobsTest, a_throttle_can_be_changed_while_the_job_runs) {
  work.end = 1'000'000;
  Jobs jobs(house.rooms(), {&work}, {}, quick());
  const Job job = must(house.start(jobs, counting_job()));
  JobThrottle slow;
  slow.per_second_max = 7;
  const auto set = [&] {
    return house.change([&](JobChange c) { return jobs.set_throttle(c, job.id, slow); });
  };
  while (reason(set()) == "job_changed") continue;
  jobs.kick(job.id);
  house.wait(jobs, job.id, [&](const Job& now) { return now.epoch > job.epoch + 3; });
  EXPECT_EQ(must(jobs.show(job.id)).throttle.per_second_max, 7) << "the worker keeps the order";
}

/// A job that somebody else runs.
class Elsewhere final : public JobSource {
 public:
  explicit Elsewhere(WallTime created) {
    job_.kind = "kek-rewrap";
    job_.id = *JobId::parse("000102030405060708090a0b0c0d0e0f");
    job_.tenant = "acme";
    job_.created_at = created;
  }
  std::string_view kind() const override { return "kek-rewrap"; }
  Result<Job> show(const JobId& id) override {
    if (id == job_.id) return job_;
    return error(Code::kNotFound, "not_found", "no such job");
  }
  Result<std::vector<Job>> list(std::string_view, std::optional<WallTime>, int) override {
    return std::vector<Job>{job_};
  }
  Result<Job> pause(JobChange, const JobId&) override {
    job_.state = JobState::kPaused;
    return job_;
  }
  Result<Job> resume(JobChange, const JobId&) override { return job_; }
  Result<Job> roll_back(JobChange, const JobId&) override { return job_; }
  void kick(const JobId&) override {}

 private:
  Job job_;
};

TEST_F(JobsTest, jobs_of_others_are_listed_and_steered_beside_ours) {
  Elsewhere theirs(house.clock.wall() - std::chrono::hours(1));
  Jobs jobs(house.rooms(), {&work}, {&theirs}, quick());
  const Job ours = must(house.start(jobs, counting_job()));
  house.wait_end(jobs, ours.id);
  const auto both = must(jobs.list("acme", std::nullopt, 10));
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0].id, ours.id) << "newest first";
  EXPECT_EQ(must(jobs.list("acme", std::nullopt, 1)).size(), 1U);
  const JobId id = both[1].id;
  EXPECT_EQ(must(jobs.show(id)).kind, "kek-rewrap");
  EXPECT_EQ(must(house.pause(jobs, id)).state, JobState::kPaused);
  EXPECT_EQ(reason(house.pause(jobs, JobId())), "not_found");
}

}  // namespace
}  // namespace kw::rotation
