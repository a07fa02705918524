// A key that is held is read in part, and comes out as if it had been read in full.
#include <array>
#include <cstdlib>
#include <random>

#include "keys/house_for_test.h"
#include "keys/key_change.h"

namespace kw::keys {
namespace {

using enum VersionState;
using crypto::Algorithm;

class HeldVersions : public testing::Test {
 protected:
  void SetUp() override {
    must(house.create("k", Algorithm::kHmacSha256));
    rotate(9);
    held();
  }
  void rotate(int times) {
    for (int i = 0; i < times; ++i) {
      must(change([&](Change by, const Key& key) -> Status {
        KW_OK(house.keyring->rotate(by, key, {}));
        return ok();
      }));
    }
  }
  // Without forgetting, as another node would do it.
  template <typename Work>
  Status change(const Work& work) {
    return house.store->write([&](store::Tx& tx) -> Status {
      KW_TRY(const Key current, house.keyring->load(tx, "acme", "k"));
      return work(Change{tx, house.event}, current);
    });
  }
  Status move(std::uint32_t version, VersionState to) {
    return change([&](Change by, const Key& key) -> Status {
      Keyring::Move wanted;
      wanted.to = to;
      KW_OK(house.keyring->move(by, key, version, wanted));
      return ok();
    });
  }
  std::shared_ptr<const Key> held() { return must(house.keyring->find("acme", "k")); }
  Result<Key> read() {
    std::optional<Key> key;
    KW_OK(house.store->read([&](store::Reader& reader) -> Status {
      KW_TRY(key, house.keyring->load(reader, "acme", "k"));
      return ok();
    }));
    return *std::move(key);
  }
  Key read_in_full() {
    std::optional<Key> key;
    must(house.store->read([&](store::Reader& reader) -> Status {
      KW_TRY(key, rows::find_key({reader, *house.barrier}, held()->id));
      return ok();
    }));
    return *std::move(key);
  }
  void expect_same(const Key& a, const Key& b) {
    EXPECT_EQ(a.epoch, b.epoch);
    EXPECT_EQ(a.primary, b.primary);
    ASSERT_EQ(a.versions.size(), b.versions.size());
    for (std::size_t i = 0; i < a.versions.size(); ++i) {
      const Version &one = a.versions[i], &other = b.versions[i];
      EXPECT_EQ(one.number, other.number);
      EXPECT_EQ(one.epoch, other.epoch) << one.number;
      EXPECT_EQ(one.state, other.state) << one.number;
      EXPECT_EQ(one.cell, other.cell) << one.number;
      EXPECT_EQ(one.demoted_at, other.demoted_at) << one.number;
      EXPECT_EQ(one.reason, other.reason) << one.number;
    }
  }
  TestHouse house;
};

TEST_F(HeldVersions, stay_what_they_are_through_a_rotation) {
  rotate(1);
  expect_same(must(read()), read_in_full());
  EXPECT_EQ(must(read()).primary, 11U);
  EXPECT_EQ(held()->primary, 10U);
}

TEST_F(HeldVersions, are_read_in_full_when_an_old_one_changed) {
  must(move(2, kRetired));
  EXPECT_EQ(must(read()).version(2)->state, kRetired);
  expect_same(must(read()), read_in_full());
}

TEST_F(HeldVersions, do_not_hide_a_new_version_that_was_deleted) {
  rotate(1);
  must(house.tamper("DELETE FROM key_version WHERE number = 11"));
  EXPECT_EQ(reason_of(read()), "row_tampered");
}

// Among those that are read again, and among those that are not.
TEST_F(HeldVersions, do_not_hide_a_stop_that_was_taken_back_behind_our_back) {
  for (const std::string number : {"9", "2"}) {
    must(house.tamper("CREATE TABLE stolen AS SELECT * FROM key_version WHERE number = " + number));
    must(move(static_cast<std::uint32_t>(std::stoi(number)), kSuspended));
    must(house.tamper("CREATE TABLE kept AS SELECT * FROM key_version WHERE number = " + number));
    must(house.tamper("DELETE FROM key_version WHERE number = " + number));
    must(house.tamper("INSERT INTO key_version SELECT * FROM stolen"));
    EXPECT_EQ(reason_of(read()), "row_tampered") << number;
    must(house.tamper("DELETE FROM key_version WHERE number = " + number));
    must(house.tamper("INSERT INTO key_version SELECT * FROM kept"));
    must(house.tamper("DROP TABLE stolen"));
    must(house.tamper("DROP TABLE kept"));
    must(read());
  }
}

// Whatever happens to it, by whomever, and whatever of it was held.
TEST_F(HeldVersions, come_out_as_read_in_full_after_any_changes) {
  const char* given = std::getenv("KW_SEED");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("seed: KW_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  constexpr std::array kStates = {kPrimary,  kSecondary, kRetired, kSuspended,
                                  kArchived, kRevoked,   kActive,  kDestroying};
  for (int turn = 0; turn < 300; ++turn) {
    const auto count = static_cast<std::uint32_t>(read_in_full().versions.size());
    const bool fresh = random() % 8 == 0;
    if (fresh)
      rotate(1);
    else  // refused as often as not
      static_cast<void>(move(static_cast<std::uint32_t>(1 + random() % count),
                             kStates[random() % kStates.size()]));
    expect_same(must(read()), read_in_full());
    if (random() % 4 == 0) house.keyring->refresh(held()->id);
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace kw::keys
