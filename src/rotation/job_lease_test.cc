#include "rotation/job_lease.h"

#include "rotation/job_for_tests.h"

namespace kw::rotation {
namespace {

using std::chrono::milliseconds;

JobLease::Terms terms(const std::string& holder) {
  return {"job:x", holder, std::chrono::seconds(1)};
}

// Waits up to 10 s.
bool comes(const std::function<bool()>& condition) {
  std::mutex mutex;
  std::condition_variable never;
  for (int i = 0; i < 1000 && !condition(); ++i) {
    std::unique_lock lock(mutex);
    never.wait_for(lock, milliseconds(10));
  }
  return condition();
}

TEST(JobLease, is_one_holders_and_goes_to_the_next_with_a_higher_token) {
  JobHouse house;
  std::int64_t first = 0;
  {
    const auto lease = must(JobLease::take(*house.store, house.clock, terms("a")));
    first = lease->fence();
    EXPECT_EQ(reason(JobLease::take(*house.store, house.clock, terms("b"))), "fenced");
    EXPECT_FALSE(lease->lost());
  }
  EXPECT_GT(must(JobLease::take(*house.store, house.clock, terms("b")))->fence(), first);
}

TEST(JobLease, outlives_its_time_without_anybodys_help) {
  JobHouse house;
  const auto lease = must(JobLease::take(*house.store, house.clock, terms("a")));
  const auto until = std::chrono::steady_clock::now() + milliseconds(2500);
  EXPECT_TRUE(comes([&] { return std::chrono::steady_clock::now() > until; }));
  EXPECT_FALSE(lease->lost());
  EXPECT_EQ(reason(JobLease::take(*house.store, house.clock, terms("b"))), "fenced");
}

TEST(JobLease, knows_when_it_is_lost) {
  JobHouse house;
  const auto lease = must(JobLease::take(*house.store, house.clock, terms("a")));
  // Taken away as if this process had slept too long.
  must(cluster::release(*house.store, "job:x", "a"));
  const auto other = must(JobLease::take(*house.store, house.clock, terms("b")));
  EXPECT_TRUE(comes([&] { return lease->lost(); }));
  EXPECT_FALSE(other->lost());
}

}  // namespace
}  // namespace kw::rotation
