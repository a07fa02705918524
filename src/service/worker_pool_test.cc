#include "service/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace kw::service {
namespace {

TEST(WorkerPool, finishes_what_was_queued_before_it_dies) {
  std::atomic<int> done{0};
  {
    WorkerPool pool(3, 1000);
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(pool.post([&] { ++done; }));
  }
  EXPECT_EQ(done, 500);
}

TEST(WorkerPool, refuses_when_its_queue_is_full) {
  std::promise<void> gate;
  std::shared_future<void> open(gate.get_future());
  WorkerPool pool(1, 2);
  std::promise<void> started;
  ASSERT_TRUE(pool.post([&] {
    started.set_value();
    open.wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(pool.post([] {}));
  EXPECT_TRUE(pool.post([] {}));
  EXPECT_EQ(pool.post([] {}).error().reason, "overloaded");
  gate.set_value();
}

}  // namespace
}  // namespace kw::service
