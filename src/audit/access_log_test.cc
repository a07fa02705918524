#include "audit/access_log.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "audit/leaf.h"
#include "audit/log_for_tests.h"
#include "audit/note.h"
#include "audit/segment.h"
#include "base/failpoint.h"

namespace kw::audit {
namespace {

namespace fs = std::filesystem;

const SystemClock kClock;

std::unique_ptr<AccessLog> open_log(const AccessLog::Options& options) {
  auto opened = AccessLog::open(options, kClock);
  EXPECT_EQ(reason(opened), "");
  return opened ? *std::move(opened) : nullptr;
}
std::shared_ptr<const crypto::SigningKey> signer() {
  return std::make_shared<const crypto::SigningKey>(
      crypto::SigningKey::from_seed(SecretBytes::copy_of(Bytes(32, 5))).value());
}
Event refusal() {
  Event event = event_of(0);
  event.outcome = Outcome::kDenied;
  event.reason = "policy_forbids";
  return event;
}

// Counts outcomes of append and waits for a number of them.
class Outcomes {
 public:
  AccessLog::Durable one() {
    return [this](const Status& status) {
      std::lock_guard lock(mutex_);
      ++(status ? durable_ : refused_);
      changed_.notify_all();
    };
  }
  void wait_for(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return durable_ + refused_ >= count; });
  }
  int durable() const { return durable_; }
  int refused() const { return refused_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int durable_ = 0;
  int refused_ = 0;
};

void append_many(AccessLog& log, int count) {
  Outcomes outcomes;
  for (int i = 0; i < count; ++i) {
    log.append(event_of(i), outcomes.one());
    if (i % 20000 == 19999) outcomes.wait_for(i + 1);
  }
  outcomes.wait_for(count);
  EXPECT_EQ(outcomes.durable(), count);
}

class AccessLogTest : public testing::Test {
 protected:
  std::string in_node(const std::string& name) const {
    return folder_.file("access/node-1/" + name);
  }
  std::string segment() const { return segment_path(folder_.file("access/node-1"), 0); }

  TestFolder folder_;
  AccessLog::Options options_ = access_options(folder_);
};

TEST_F(AccessLogTest, answers_when_the_record_is_on_disk) {
  auto log = open_log(options_);
  ASSERT_EQ(reason(log->append_and_wait(event_of(1))), "");
  EXPECT_EQ(log->size(), 1u);
  const Bytes file = read_bytes(segment());
  EXPECT_EQ(as_text(ByteView(file).subspan(2)), log->read(0, 1).value().at(0));
  struct stat info {};
  ASSERT_EQ(stat(segment().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(stat(folder_.file("access/node-1").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(AccessLogTest, continues_where_it_ended) {
  for (int round = 0; round < 3; ++round) {
    auto log = open_log(options_);
    EXPECT_EQ(log->size(), static_cast<std::uint64_t>(round) * 10);
    append_many(*log, 10);
  }
  auto log = open_log(options_);
  const auto leaves = log->read(0, 100).value();
  ASSERT_EQ(leaves.size(), 30u);
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(parse_leaf(leaves[static_cast<std::size_t>(i)]).value().version, 1 + (i % 10) % 7);
}

TEST_F(AccessLogTest, keeps_every_record_of_eight_threads) {
  auto log = open_log(options_);
  constexpr int kThreads = 8, kEach = 500;
  Outcomes outcomes;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        Event event = event_of(i);
        event.count = t * kEach + i + 1;
        if (i % 50 == 0)
          EXPECT_EQ(reason(log->append_and_wait(event)), "");
        else
          log->append(event, outcomes.one());
      }
    });
  for (auto& thread : threads) thread.join();
  outcomes.wait_for(kThreads * (kEach - kEach / 50));
  EXPECT_EQ(log->size(), kThreads * kEach);
  std::vector<int> seen(kThreads * kEach + 1);
  std::vector<std::int64_t> last(kThreads);
  const auto leaves = log->read(0, 10000).value();
  for (const std::string& leaf : leaves) {
    const std::int64_t number = parse_leaf(leaf).value().count;
    ++seen.at(static_cast<std::size_t>(number));
    std::int64_t& previous = last.at(static_cast<std::size_t>((number - 1) / kEach));
    EXPECT_LT(previous, number) << "a thread's records keep their order";
    previous = number;
  }
  for (std::size_t i = 1; i < seen.size(); ++i) EXPECT_EQ(seen[i], 1) << i;
}

TEST_F(AccessLogTest, begins_a_new_segment_after_65536_records) {
  {
    auto log = open_log(options_);
    append_many(*log, 65530);
    append_many(*log, 20);
    const auto leaves = log->read(65530, 20).value();
    ASSERT_EQ(leaves.size(), 20u);
    for (std::size_t i = 0; i < 20; ++i)
      EXPECT_EQ(parse_leaf(leaves[i]).value().version, static_cast<std::int64_t>(1 + i % 7));
    EXPECT_EQ(log->read(65540, 5).value(),
              std::vector<std::string>(leaves.begin() + 10, leaves.begin() + 15));
  }
  EXPECT_EQ(fs::file_size(hashes_path(folder_.file("access/node-1"), 0)), 65536u * 32);
  EXPECT_TRUE(fs::exists(in_node("segment-000000065536.log")));
  auto log = open_log(options_);
  EXPECT_EQ(log->size(), 65550u);
  log.reset();
  // Without its hint the log is read from the beginning, with the same end.
  fs::remove(in_node("head"));
  log = open_log(options_);
  EXPECT_EQ(log->size(), 65550u);
  ASSERT_EQ(reason(log->append_and_wait(event_of(1))), "");
  log.reset();
  fs::remove(segment());
  EXPECT_EQ(reason(AccessLog::open(options_, kClock)), "audit_truncated");
}

TEST_F(AccessLogTest, signs_what_is_durable) {
  auto log = open_log(options_);
  EXPECT_EQ(reason(log->checkpoint()), "sealed");
  log->unlock(signer());
  append_many(*log, 7);
  const std::string first = log->checkpoint().value();
  EXPECT_EQ(log->checkpoint().value(), first);
  append_many(*log, 3);
  const std::string second = log->checkpoint().value();
  EXPECT_EQ(as_text(read_bytes(in_node("checkpoints"))), first + "\n" + second + "\n");
  const Note note = parse_note(second).value();
  const Checkpoint checkpoint = parse_checkpoint(note.text).value();
  EXPECT_EQ(checkpoint.origin, "test/access/node-1");
  EXPECT_EQ(checkpoint.size, 10u);
  Frontier frontier;
  const auto leaves = log->read(0, 10).value();
  for (const std::string& leaf : leaves) frontier.add(leaf_hash(as_bytes(leaf)));
  EXPECT_EQ(checkpoint.root, frontier.root());
  EXPECT_TRUE(is_signed_by(note, parse_vkey(as_text(read_bytes(in_node("vkey")))).value()));
  log->unlock(nullptr);
  EXPECT_EQ(reason(log->checkpoint()), "sealed");
}

TEST_F(AccessLogTest, moves_a_torn_tail_aside_and_says_so) {
  Bytes whole;
  {
    auto log = open_log(options_);
    append_many(*log, 5);
    whole = read_bytes(segment());
  }
  for (const std::size_t kept : {std::size_t{1}, std::size_t{2}, std::size_t{100}}) {
    Bytes torn = read_bytes(segment());
    const std::size_t good = torn.size();
    torn.insert(torn.end(), whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(kept));
    write_bytes(segment(), torn);
    auto log = open_log(options_);
    const auto leaves = log->read(0, 100).value();
    const Leaf last = parse_leaf(leaves.back()).value();
    EXPECT_EQ(last.action, "audit.tail_cut");
    EXPECT_EQ(last.count, static_cast<std::int64_t>(kept));
    EXPECT_EQ(as_text(read_bytes(in_node("cut-" + std::to_string(leaves.size() - 1)))),
              as_text(ByteView(whole).first(kept)));
    EXPECT_GT(read_bytes(segment()).size(), good);
  }
}

TEST_F(AccessLogTest, takes_zeros_behind_the_records_for_a_torn_tail) {
  open_log(options_)->append_and_wait(event_of(1)).has_value();
  Bytes torn = read_bytes(segment());
  torn.resize(torn.size() + 4096);
  write_bytes(segment(), torn);
  EXPECT_EQ(open_log(options_)->size(), 2u);
}

TEST_F(AccessLogTest, refuses_to_open_when_acknowledged_records_are_gone_or_changed) {
  {
    auto log = open_log(options_);
    append_many(*log, 50);
  }
  const Bytes whole = read_bytes(segment());
  for (std::size_t size = 0; size < whole.size(); size += 397) {
    write_bytes(segment(), ByteView(whole).first(size));
    EXPECT_EQ(reason(AccessLog::open(options_, kClock)), "audit_truncated") << size;
    Bytes changed = whole;
    changed[size] ^= 1;
    write_bytes(segment(), changed);
    const std::string refused = reason(AccessLog::open(options_, kClock));
    EXPECT_TRUE(refused == "audit_tampered" || refused == "audit_truncated") << size << refused;
  }
  fs::remove(segment());
  EXPECT_EQ(reason(AccessLog::open(options_, kClock)), "audit_truncated");
  write_bytes(segment(), whole);
  EXPECT_EQ(open_log(options_)->size(), 50u);
}

TEST_F(AccessLogTest, refuses_to_open_below_its_newest_checkpoint) {
  {
    auto log = open_log(options_);
    log->unlock(signer());
    append_many(*log, 50);
    ASSERT_EQ(reason(log->checkpoint()), "");
  }
  const Bytes whole = read_bytes(segment());
  write_bytes(segment(), ByteView(whole).first(whole.size() / 2));
  fs::remove(in_node("head"));
  EXPECT_EQ(reason(AccessLog::open(options_, kClock)), "audit_truncated");
}

TEST_F(AccessLogTest, belongs_to_one_process_at_a_time) {
  auto log = open_log(options_);
  EXPECT_EQ(reason(AccessLog::open(options_, kClock)), "audit_in_use");
  log.reset();
  EXPECT_NE(open_log(options_), nullptr);
}

TEST_F(AccessLogTest, refuses_bad_options) {
  auto bad = options_;
  bad.node = "../elsewhere";
  EXPECT_EQ(reason(AccessLog::open(bad, kClock)), "bad_access_log");
  bad = options_;
  bad.origin = "has space";
  EXPECT_EQ(reason(AccessLog::open(bad, kClock)), "bad_access_log");
  bad = options_;
  bad.linger = std::chrono::milliseconds(3);
  EXPECT_EQ(reason(AccessLog::open(bad, kClock)), "bad_access_log");
  bad = options_;
  bad.group_max = 0;
  EXPECT_EQ(reason(AccessLog::open(bad, kClock)), "bad_access_log");
}

TEST_F(AccessLogTest, never_follows_a_link_in_its_folder) {
  ASSERT_TRUE(fs::create_directories(folder_.file("access/node-1")));
  write_bytes(folder_.file("victim"), {});
  fs::create_symlink(folder_.file("victim"), segment());
  EXPECT_NE(reason(AccessLog::open(options_, kClock)), "");
  fs::remove(segment());
  fs::remove(in_node("head"));
  fs::create_symlink(folder_.file("victim"), in_node("head"));
  EXPECT_NE(reason(AccessLog::open(options_, kClock)), "");
  EXPECT_EQ(fs::file_size(folder_.file("victim")), 0u);
}

TEST_F(AccessLogTest, fails_closed_when_its_segment_is_taken_away) {
  const auto attack = [&](const std::function<void()>& act) {
    fs::remove_all(folder_.file("access"));
    auto log = open_log(options_);
    ASSERT_EQ(reason(log->append_and_wait(event_of(1))), "");
    act();
    EXPECT_EQ(reason(log->append_and_wait(event_of(2))), "audit_unavailable");
    EXPECT_EQ(reason(log->append_and_wait(refusal())), "audit_unavailable");
    EXPECT_FALSE(log->healthy());
    EXPECT_EQ(reason(log->health()), "audit_unavailable");
    EXPECT_EQ(log->size(), 1u);
  };
  attack([&] { fs::remove(segment()); });
  attack([&] { fs::rename(segment(), in_node("moved")); });
  attack([&] {
    const Bytes copy = read_bytes(segment());
    fs::remove(segment());
    write_bytes(segment(), copy);
  });
  attack([&] { fs::resize_file(segment(), 10); });
  attack([&] { fs::create_hard_link(segment(), in_node("second-name")); });
  attack([&] { fs::rename(folder_.file("access/node-1"), folder_.file("access/node-2")); });
}

TEST_F(AccessLogTest, notices_within_seconds_without_any_record) {
  auto log = open_log(options_);
  ASSERT_EQ(reason(log->append_and_wait(event_of(1))), "");
  fs::remove(segment());
  const SteadyTime start = kClock.steady();
  while (log->healthy() && kClock.steady() - start < std::chrono::seconds(10))
    std::this_thread::yield();
  EXPECT_FALSE(log->healthy());
}

// Ignores SIGXFSZ and limits file sizes while it lives: the kernel then answers EFBIG, as a full
// disk answers ENOSPC.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::size_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(AccessLogTest, refuses_records_on_a_full_disk_and_recovers_without_restart) {
  auto log = open_log(options_);
  append_many(*log, 10);
  const std::uintmax_t before = fs::file_size(segment());
  {
    const FileSizeLimit full(before + 100);
    EXPECT_EQ(reason(log->append_and_wait(event_of(1))), "audit_unavailable");
    EXPECT_FALSE(log->healthy());
    EXPECT_EQ(fs::file_size(in_node("reserve")), 0u);
    EXPECT_EQ(log->size(), 10u);
    EXPECT_EQ(fs::file_size(segment()), before) << "no part of a refused record stays";
  }
  // There is space again, but what was allowed is refused until the reserve is back; a refusal is
  // recorded at once.
  EXPECT_EQ(reason(log->append_and_wait(refusal())), "");
  const SteadyTime start = kClock.steady();
  while (!log->healthy() && kClock.steady() - start < std::chrono::seconds(10))
    std::this_thread::yield();
  EXPECT_TRUE(log->healthy());
  EXPECT_EQ(reason(log->append_and_wait(event_of(2))), "");
  EXPECT_EQ(log->size(), 12u);
  log.reset();
  EXPECT_EQ(open_log(options_)->size(), 12u);
}

TEST_F(AccessLogTest, records_refusals_in_the_space_of_its_reserve) {
  options_.reserve_bytes = 1 << 16;
  auto log = open_log(options_);
  ASSERT_EQ(reason(log->append_and_wait(event_of(1))), "");
  EXPECT_EQ(fs::file_size(in_node("reserve")), 1u << 16);
}

TEST_F(AccessLogTest, refuses_more_than_65536_waiting_records_at_once) {
  auto log = open_log(options_);
  std::mutex gate;
  Outcomes outcomes;
  std::unique_lock closed(gate);
  log->append(event_of(0), [&](const Status&) { std::lock_guard wait(gate); });
  for (int i = 0; i < 70000; ++i) log->append(event_of(i), outcomes.one());
  EXPECT_GT(outcomes.refused(), 2000);
  EXPECT_EQ(reason(log->append_and_wait(event_of(1))), "audit_backlog");
  closed.unlock();
  outcomes.wait_for(70000);
  EXPECT_EQ(log->size(), 1u + static_cast<std::uint64_t>(outcomes.durable()));
}

TEST_F(AccessLogTest, writes_what_it_accepted_before_it_closes) {
  Outcomes outcomes;
  {
    auto log = open_log(options_);
    for (int i = 0; i < 3000; ++i) log->append(event_of(i), outcomes.one());
  }
  EXPECT_EQ(outcomes.durable(), 3000);
  EXPECT_EQ(open_log(options_)->size(), 3000u);
}

// The child acknowledges through the pipe; the parent kills it at some moment and counts.
TEST_F(AccessLogTest, loses_no_acknowledged_record_when_it_is_killed) {
  std::uint64_t acknowledged = 0;
  for (int round = 0; round < 8; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      auto log = AccessLog::open(options_, kClock);
      if (!log) _exit(3);
      for (int i = 0;; ++i)
        (*log)->append(event_of(i), [&](const Status& status) {
          const char one = 'x';
          if (status && write(pipe_ends[1], &one, 1) != 1) _exit(4);
        });
    }
    close(pipe_ends[1]);
    char buffer[4096];
    std::uint64_t got = 0;
    while (got < 500 + 700u * static_cast<unsigned>(round)) {
      const ssize_t count = read(pipe_ends[0], buffer, sizeof buffer);
      ASSERT_GT(count, 0);
      got += static_cast<std::uint64_t>(count);
    }
    kill(child, SIGKILL);
    for (ssize_t count = 1; count > 0;
         got += static_cast<std::uint64_t>(std::max<ssize_t>(count, 0)))
      count = read(pipe_ends[0], buffer, sizeof buffer);
    waitpid(child, nullptr, 0);
    close(pipe_ends[0]);
    acknowledged += got;
    auto log = open_log(options_);
    ASSERT_NE(log, nullptr);
    ASSERT_GE(log->size(), acknowledged) << "round " << round;
    acknowledged = log->size();
    log->unlock(signer());
    ASSERT_EQ(reason(log->checkpoint()), "");
  }
}

#ifdef KW_FAILPOINTS
TEST_F(AccessLogTest, never_acknowledges_after_a_failed_sync) {
  for (const std::string point : {"audit.append", "audit.fdatasync", "audit.segment.rotate"}) {
    fs::remove_all(folder_.file("access"));
    auto log = open_log(options_);
    if (point != "audit.segment.rotate") {
      ASSERT_EQ(reason(log->append_and_wait(event_of(1))), "");
    }
    const std::uint64_t before = log->size();
    ASSERT_TRUE(failpoint::arm(point + "=error@1").has_value());
    EXPECT_EQ(reason(log->append_and_wait(event_of(2))), "audit_unavailable") << point;
    EXPECT_EQ(reason(log->append_and_wait(event_of(3))), "audit_unavailable") << point;
    failpoint::disarm_all();
    EXPECT_EQ(log->size(), before);
    EXPECT_FALSE(log->healthy());
    log.reset();
    // Whether the unacknowledged record is there or not, the log opens and goes on.
    log = open_log(options_);
    ASSERT_NE(log, nullptr);
    EXPECT_LE(log->size(), before + 1);
    EXPECT_EQ(reason(log->append_and_wait(event_of(4))), "");
  }
}

TEST_F(AccessLogTest, survives_death_at_every_step) {
  std::uint64_t size = 0;
  for (const std::string point :
       {"audit.append", "audit.fdatasync", "audit.segment.rotate", "audit.checkpoint"}) {
    const pid_t child = fork();
    if (child == 0) {
      auto log = AccessLog::open(options_, kClock);
      if (!log || !failpoint::arm(point + "=abort@1")) _exit(3);
      (*log)->unlock(signer());
      for (int i = 0; i < 70000; ++i) {
        (*log)->append(event_of(i), [](const Status&) {});
        if (i % 10000 == 0) (void)(*log)->append_and_wait(event_of(1));
      }
      (void)(*log)->append_and_wait(event_of(1));
      (void)(*log)->checkpoint();
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << point << " exit " << WEXITSTATUS(status);
    auto log = open_log(options_);
    ASSERT_NE(log, nullptr) << point;
    EXPECT_GE(log->size(), size);
    ASSERT_EQ(reason(log->append_and_wait(event_of(1))), "");
    size = log->size();
  }
}
#endif

}  // namespace
}  // namespace kw::audit
