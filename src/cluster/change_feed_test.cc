#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "cluster/cluster.h"
#include "cluster/store_for_tests.h"

namespace kw::cluster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr seconds kPatience{20};

/// What a feed handed out, with a way to wait for it.
class Heard {
 public:
  void operator()(std::string_view what) {
    std::lock_guard lock(mutex_);
    all_.emplace_back(what);
    more_.notify_all();
  }
  std::vector<std::string> all() {
    std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<std::string> all_;
};

class FeedOn : public OnEachEngine {
 protected:
  std::unique_ptr<ChangeFeed> feed(store::Store& from, Heard& heard,
                                   milliseconds poll = milliseconds(2)) {
    auto made = ChangeFeed::start(
        from, clock_, {poll, seconds(2), [&heard](std::string_view what) { heard(what); }});
    EXPECT_EQ(reason(made), "");
    return made ? *std::move(made) : nullptr;
  }
  void say(std::string_view what) {
    ASSERT_EQ(reason(store().write([&](store::Tx& tx) { return announce(tx, what); })), "");
  }
  // Waits for a condition of another thread, in real time.
  template <typename Condition>
  bool soon(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return condition();
  }
  FakeClock clock_{WallTime(seconds(1'800'000'000))};
};

TEST_P(FeedOn, hands_announcements_out_in_order_to_each_node) {
  say("before");
  Heard first, second;
  const auto one = feed(store(), first);
  const auto two = feed(store(), second);
  std::vector<std::string> said;
  for (int i = 0; i < 50; ++i) {
    said.push_back("key:" + std::to_string(i));
    say(said.back());
  }
  ASSERT_EQ(reason(one->catch_up(kPatience)), "");
  ASSERT_EQ(reason(two->catch_up(kPatience)), "");
  EXPECT_EQ(first.all(), said);
  EXPECT_EQ(second.all(), said);
}

TEST_P(FeedOn, says_nothing_of_a_transaction_that_failed) {
  Heard heard;
  const auto one = feed(store(), heard);
  const Status failed = store().write([](store::Tx& tx) -> Status {
    KW_OK(announce(tx, "never"));
    return error(Code::kAborted, "changed_my_mind", "");
  });
  EXPECT_EQ(reason(failed), "changed_my_mind");
  say("then");
  ASSERT_EQ(reason(one->catch_up(kPatience)), "");
  EXPECT_EQ(heard.all(), std::vector<std::string>{"then"});
}

TEST_P(FeedOn, catches_up_without_waiting_for_the_next_poll) {
  Heard heard;
  const auto slow = feed(store(), heard, milliseconds(1999));
  ASSERT_EQ(reason(slow->catch_up(kPatience)), "");
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 5; ++i) {
    say("x");
    ASSERT_EQ(reason(slow->catch_up(kPatience)), "");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(5 * 1999));
  EXPECT_EQ(heard.all().size(), 5u);
}

TEST_P(FeedOn, fences_the_node_when_the_epoch_cannot_be_read) {
  FlakyStore flaky(store());
  Heard heard;
  const auto one = feed(flaky, heard);
  ASSERT_EQ(reason(one->catch_up(kPatience)), "");
  EXPECT_FALSE(one->fenced());

  flaky.down = true;
  const int failures = flaky.failed_reads;
  ASSERT_TRUE(soon([&] { return flaky.failed_reads > failures + 1; }));
  clock_.advance(milliseconds(2000));
  EXPECT_FALSE(one->fenced());
  clock_.advance(milliseconds(1));
  EXPECT_TRUE(one->fenced());
  EXPECT_EQ(reason(one->catch_up(milliseconds(20))), "feed_late");

  say("missed");
  flaky.down = false;
  ASSERT_EQ(reason(one->catch_up(kPatience)), "");
  EXPECT_FALSE(one->fenced());
  EXPECT_EQ(heard.all(), std::vector<std::string>{"missed"});
}

TEST_P(FeedOn, is_stale_while_an_announcement_is_not_handled) {
  std::mutex gate;
  std::unique_lock closed(gate);
  std::atomic<bool> inside{false};
  auto made =
      ChangeFeed::start(store(), clock_, {milliseconds(2), seconds(2), [&](std::string_view) {
                                            inside = true;
                                            std::lock_guard wait(gate);
                                          }});
  ASSERT_EQ(reason(made), "");
  say("x");
  ASSERT_TRUE(soon([&] { return inside.load(); }));
  clock_.advance(milliseconds(2001));
  EXPECT_TRUE((*made)->fenced());
  closed.unlock();
  ASSERT_EQ(reason((*made)->catch_up(kPatience)), "");
  EXPECT_FALSE((*made)->fenced());
}

TEST_P(FeedOn, counts_its_freshness_from_the_beginning_of_a_poll) {
  const auto slow_change = [&](std::string_view) { clock_.advance(seconds(21)); };
  auto made = ChangeFeed::start(store(), clock_, {seconds(10), seconds(20), slow_change});
  ASSERT_EQ(reason(made), "");
  ASSERT_EQ(reason((*made)->catch_up(kPatience)), "");
  say("x");
  ASSERT_EQ(reason((*made)->catch_up(kPatience)), "");
  EXPECT_TRUE((*made)->fenced());  // what was read is 21 s old
  ASSERT_EQ(reason((*made)->catch_up(kPatience)), "");
  EXPECT_FALSE((*made)->fenced());
}

TEST_P(FeedOn, tells_a_node_that_was_away_too_long_to_drop_everything) {
  FlakyStore flaky(store());
  Heard heard;
  const auto one = feed(flaky, heard);
  ASSERT_EQ(reason(one->catch_up(kPatience)), "");
  flaky.down = true;
  const int failures = flaky.failed_reads;
  ASSERT_TRUE(soon([&] { return flaky.failed_reads > failures + 1; }));
  // As after 20,480 announcements: that one prunes, and the last 10,000 stay.
  ASSERT_EQ(reason(store().write([](store::Tx& tx) -> Status {
              for (const std::int64_t epoch : {1, 10'480, 10'481, 20'479})
                KW_OK(tx.execute("INSERT INTO change (epoch, what) VALUES ($1, 'x')", {epoch}));
              KW_OK(tx.execute("UPDATE change_epoch SET epoch = 20479", {}));
              return announce(tx, "x");
            })),
            "");
  flaky.down = false;
  ASSERT_EQ(reason(one->catch_up(kPatience)), "");
  EXPECT_EQ(heard.all(), std::vector<std::string>{std::string(kEverything)});
  say("next");
  ASSERT_EQ(reason(one->catch_up(kPatience)), "");
  EXPECT_EQ(heard.all().back(), "next");
  ASSERT_EQ(reason(store().read([](store::Reader& reader) -> Status {
              KW_TRY(const auto kept, reader.query("SELECT epoch FROM change ORDER BY epoch", {}));
              EXPECT_EQ(kept.size(), 4u);
              EXPECT_EQ(kept.front().integer(0), 10'481);
              EXPECT_EQ(kept.back().integer(0), 20'481);
              return ok();
            })),
            "");
}

TEST_P(FeedOn, hands_out_more_than_one_page) {
  FlakyStore flaky(store());
  Heard heard;
  const auto one = feed(flaky, heard);
  flaky.down = true;
  const int failures = flaky.failed_reads;
  ASSERT_TRUE(soon([&] { return flaky.failed_reads > failures + 1; }));
  ASSERT_EQ(reason(store().write([](store::Tx& tx) -> Status {
              for (int i = 0; i < 1'001; ++i) KW_OK(announce(tx, std::to_string(i)));
              return ok();
            })),
            "");
  flaky.down = false;
  ASSERT_EQ(reason(one->catch_up(kPatience)), "");
  const auto all = heard.all();
  ASSERT_EQ(all.size(), 1'001u);
  for (int i = 0; i < 1'001; ++i) ASSERT_EQ(all[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST_P(FeedOn, refuses_bad_announcements_and_options) {
  const auto said = [&](std::string_view what) {
    return reason(store().write([&](store::Tx& tx) { return announce(tx, what); }));
  };
  EXPECT_EQ(said(""), "bad_announcement");
  EXPECT_EQ(said(std::string(257, 'x')), "bad_announcement");
  EXPECT_EQ(said(std::string(256, 'x')), "");
  const auto started = [&](milliseconds poll, milliseconds fence) {
    return reason(ChangeFeed::start(store(), clock_, {poll, fence, [](std::string_view) {}}));
  };
  EXPECT_EQ(started(milliseconds(0), seconds(2)), "bad_feed");
  EXPECT_EQ(started(milliseconds(50), milliseconds(50)), "bad_feed");
  EXPECT_EQ(reason(ChangeFeed::start(store(), clock_, {})), "bad_feed");
}

INSTANTIATE_TEST_SUITE_P(ChangeFeed, FeedOn, testing::Values("sqlite", "postgres"), engine_name);

}  // namespace
}  // namespace kw::cluster
