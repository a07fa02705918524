// Many threads, and two nodes, change one key at once: it has exactly one primary at every moment.
#include <atomic>
#include <thread>

#include "keys/house_for_test.h"

namespace kw::keys {
namespace {

constexpr int kThreads = 16;
constexpr int kChangesPerThread = 12;
constexpr int kLostMax = 1'000'000;

/// Reads the key again and again until told to stop. load() itself refuses gaps in the numbers.
class Observer {
 public:
  explicit Observer(TestHouse& house) : thread_([this, &house] { run(house); }) {}
  void stop() {
    stop_ = true;
    thread_.join();
  }
  int looks() const { return looks_; }
  int wrong() const { return wrong_; }

 private:
  void run(TestHouse& house) {
    while (!stop_) {
      const Status read = house.store->read([&](store::Reader& reader) -> Status {
        KW_TRY(const Key key, house.keyring->load(reader, "acme", "hot"));
        int primaries = 0;
        for (const Version& each : key.versions)
          primaries += each.state == VersionState::kPrimary ? 1 : 0;
        if (primaries != 1) ++wrong_;
        return ok();
      });
      if (!read && read.error().reason != "store_unavailable") ++wrong_;
      ++looks_;
    }
  }

  std::atomic<bool> stop_{false};
  std::atomic<int> looks_{0}, wrong_{0};
  std::thread thread_;
};

/// One change of the key as it is now: rotate, promote an old version, or revoke the primary.
std::string change_once(TestHouse& house, int dice) {
  const auto found = house.keyring->find("acme", "hot");
  if (!found) return found.error().reason;
  const Key& key = **found;
  const auto outcome = house.change([&](Change change) -> Status {
    if (dice % 3 == 0) KW_OK(house.keyring->rotate(change, key, {}));
    if (dice % 3 == 1) KW_OK(house.keyring->roll_back(change, key, 0));
    if (dice % 3 == 2) {
      Keyring::Move revoke;
      revoke.to = VersionState::kRevoked;
      KW_OK(house.keyring->move(change, key, key.primary, revoke));
    }
    return ok();
  });
  return reason_of(outcome);
}

struct Tally {
  std::atomic<int> done{0}, lost{0}, grown{0}, strange{0};
};

void work(TestHouse& house, int seed, Tally& tally) {
  for (int i = 0; i < kChangesPerThread;) {
    const int dice = seed + i;
    const std::string reason = change_once(house, dice);
    // Nodes that collide too often in a row are told to come again, as after a lost epoch.
    if (reason == "stale_epoch" || reason == "store_unavailable") {
      ASSERT_LT(++tally.lost, kLostMax);
      continue;
    }
    ++i;
    if (reason.empty()) {
      ++tally.done;
      tally.grown += dice % 3 != 1 ? 1 : 0;
    } else if (reason != "nothing_to_roll_back_to") {
      ++tally.strange;
      ADD_FAILURE() << reason;
    }
  }
}

void check(TestHouse& first, TestHouse& second) {
  must(first.create("hot", crypto::Algorithm::kAes256Gcm));
  Observer observer(first);
  Tally tally;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] { work(i % 2 == 0 ? first : second, i, tally); });
  }
  for (std::thread& each : threads) each.join();
  observer.stop();
  EXPECT_GT(observer.looks(), 0);
  EXPECT_EQ(observer.wrong(), 0);
  EXPECT_GT(tally.done, kThreads);
  first.keyring->forget_all();
  const Key key = first.key("hot");
  EXPECT_EQ(key.versions.size(), 1u + static_cast<std::size_t>(tally.grown));
  EXPECT_NE(key.primary, 0u);
  EXPECT_EQ(key.epoch, 1 + tally.done);
  for (std::size_t i = 0; i < key.versions.size(); ++i) EXPECT_EQ(key.versions[i].number, i + 1);
}

TEST(Contention, sixteen_threads_on_sqlite_see_exactly_one_primary) {
  TestHouse house;
  check(house, house);
}

TEST(Contention, sixteen_threads_on_two_postgres_nodes_see_exactly_one_primary) {
  TestHouse first(Engine::kPostgres);
  TestHouse second(first);
  check(first, second);
}

}  // namespace
}  // namespace kw::keys
