#include "keys/kek_rewrap.h"

#include "keys/house_for_test.h"

namespace kw::keys {
namespace {

/// A store that others write to all the time.
class BusyStore final : public store::Store {
 public:
  explicit BusyStore(store::Store& real) : real_(real) {}
  Status write(const Work& work, store::Priority priority) override {
    return real_.write(work, priority);
  }
  void write_async(Work work, std::function<void(Status)> done) override {
    real_.write_async(std::move(work), std::move(done));
  }
  Status read(const std::function<Status(store::Reader&)>& work) override {
    return real_.read(work);
  }
  Status migrate(std::span<const store::Migration> migrations) override {
    return real_.migrate(migrations);
  }
  std::string_view engine() const override { return real_.engine(); }
  store::Foreground foreground() const override {
    store::Foreground others;
    others.p99 = 0.001;
    others.per_second = 700;
    return others;
  }

 private:
  store::Store& real_;
};

TEST(KekRewrap, beside_writes_of_others_begins_with_slices_that_are_worth_a_rest) {
  TestHouse house;
  constexpr int kCells = 40;
  for (int i = 0; i < kCells; ++i)
    must(house.create("key-" + std::to_string(i), crypto::Algorithm::kAes256Gcm));
  const KekRotations::Options options{"node-1", 1, 1000};
  KekRotations rotations(*house.store, *house.barrier, *house.log, house.clock, options);
  const Tenant tenant = must(house.keyring->tenant("acme"));
  const Job job = must(house.change([&](Change by) { return rotations.start(by, tenant); }));

  BusyStore store(*house.store);
  int rests = 0;
  const std::atomic<bool> stopping = false;
  Progress progress;
  must(run_rewrap({store, *house.barrier, *house.log, house.clock, options, stopping,
                   [&rests](std::chrono::microseconds) { ++rests; }},
                  job.id, progress));
  EXPECT_EQ(must(rotations.show(job.id)).state, JobState::kDone);
  EXPECT_EQ(must(rotations.show(job.id)).done, kCells);
  EXPECT_EQ(rests, 0);  // all in one slice
}

}  // namespace
}  // namespace kw::keys
