// The guards of the state table, beyond which pairs exist.
#include "keys/house_for_test.h"

namespace kw::keys {
namespace {

using crypto::Algorithm;
using enum VersionState;
using std::chrono::hours;

constexpr hours kDay{24};

Keyring::Move to(VersionState state) {
  Keyring::Move move;
  move.to = state;
  move.reason = "test";
  return move;
}

class Moves : public testing::Test {
 protected:
  void SetUp() override { must(house.create("k", Algorithm::kEd25519)); }
  std::string refusal(std::uint32_t version, const Keyring::Move& move) {
    return reason_of(house.move("k", version, move));
  }
  VersionState state(std::uint32_t version) { return house.key("k").version(version)->state; }
  std::int64_t cells() {
    Census counted;
    must(house.store->read([&](store::Reader& reader) -> Status {
      KW_TRY(counted, census(reader));
      return ok();
    }));
    return counted.cells;
  }

  TestHouse house;
};

TEST_F(Moves, a_suspended_primary_is_replaced_at_once_and_returns_as_active) {
  must(house.move("k", 1, to(kSuspended)));
  EXPECT_EQ(house.key("k").primary, 2u);
  EXPECT_EQ(state(1), kSuspended);
  EXPECT_EQ(house.key("k").version(1)->reason, "test");
  must(house.move("k", 1, to(kActive)));
  EXPECT_EQ(state(1), kActive);
  EXPECT_EQ(house.key("k").version(1)->reason, "");
  EXPECT_EQ(house.key("k").primary, 2u);
}

TEST_F(Moves, a_revoked_primary_is_replaced_in_the_same_transaction) {
  Keyring::Move revoke = to(kRevoked);
  revoke.compromised_at = house.clock.wall() - hours(3);
  const Key after = must(house.move("k", 1, revoke));
  EXPECT_EQ(after.primary, 2u);
  EXPECT_EQ(after.version(1)->compromised_at, revoke.compromised_at);
  EXPECT_EQ(after.version(2)->algorithm, Algorithm::kEd25519);
}

TEST_F(Moves, an_accepted_outage_leaves_the_key_without_primary_until_a_rotation) {
  Keyring::Move revoke = to(kRevoked);
  revoke.outage_accepted = true;
  must(house.move("k", 1, revoke));
  EXPECT_EQ(house.key("k").primary, 0u);
  EXPECT_EQ(house.key("k").versions.size(), 1u);
  EXPECT_EQ(must(house.rotate("k")), 2u);
  EXPECT_EQ(house.key("k").primary, 2u);
  EXPECT_EQ(state(1), kRevoked);
}

TEST_F(Moves, the_primary_cannot_be_demoted_alone) {
  EXPECT_EQ(refusal(1, to(kSecondary)), "needs_replacement");
  EXPECT_EQ(refusal(1, to(kRetired)), "invalid_transition");
  EXPECT_EQ(refusal(7, to(kRetired)), "not_found");
}

TEST_F(Moves, a_restore_never_gives_more_than_before) {
  must(house.rotate("k"));
  must(house.move("k", 1, to(kRetired)));
  must(house.move("k", 1, to(kSuspended)));
  EXPECT_EQ(refusal(1, to(kActive)), "above_former_state");
  EXPECT_EQ(refusal(1, to(kSecondary)), "above_former_state");
  // Not by way of a cancelled destruction either.
  must(house.move("k", 1, to(kDestroying)));
  EXPECT_EQ(refusal(1, to(kArchived)), "not_former_state");
  const Key waiting = house.key("k");
  must(house.change([&](Change c) { return house.keyring->cancel_destroy(c, waiting, 1); }));
  EXPECT_EQ(state(1), kSuspended);
  EXPECT_EQ(refusal(1, to(kSecondary)), "above_former_state");
  must(house.move("k", 1, to(kRetired)));
  EXPECT_EQ(state(1), kRetired);
}

TEST_F(Moves, a_version_whose_material_is_broken_is_not_promoted) {
  Keyring::Rotate canary;
  canary.promote = false;
  must(house.rotate("k", canary));
  const std::int64_t cell = house.key("k").version(2)->cell;
  const std::string other = std::to_string(house.key("k").version(1)->cell);
  must(house.tamper("UPDATE sealed_cell SET cell = (SELECT cell FROM sealed_cell WHERE id = " +
                    other + ") WHERE id = " + std::to_string(cell)));
  EXPECT_EQ(refusal(2, to(kPrimary)), "unwrap_failed");
  EXPECT_EQ(house.key("k").primary, 1u);
}

TEST_F(Moves, a_destruction_waits_and_can_be_cancelled) {
  must(house.rotate("k"));
  must(house.move("k", 1, to(kRevoked)));
  must(house.move("k", 1, to(kDestroying)));
  EXPECT_EQ(house.key("k").version(1)->destroy_after, house.clock.wall() + 30 * kDay);
  EXPECT_EQ(refusal(1, to(kDestroyed)), "scheduler_only");
  house.clock.advance(30 * kDay - hours(1));
  EXPECT_EQ(must(house.keyring->destroy_due(house.event)), 0);
  const Key waiting = house.key("k");
  must(house.change([&](Change c) { return house.keyring->cancel_destroy(c, waiting, 1); }));
  EXPECT_EQ(state(1), kRevoked);
  EXPECT_EQ(house.key("k").version(1)->destroy_after, std::nullopt);
  house.clock.advance(60 * kDay);
  EXPECT_EQ(must(house.keyring->destroy_due(house.event)), 0);
  const Key calm = house.key("k");
  EXPECT_EQ(
      reason_of(house.change([&](Change c) { return house.keyring->cancel_destroy(c, calm, 1); })),
      "invalid_transition");
}

TEST_F(Moves, what_is_due_is_shredded_and_its_public_half_stays) {
  must(house.rotate("k"));
  must(house.move("k", 1, to(kRevoked)));
  must(house.move("k", 1, to(kDestroying)));
  const Bytes public_key = house.key("k").version(1)->public_key;
  house.clock.advance(30 * kDay);
  EXPECT_EQ(must(house.keyring->destroy_due(house.event)), 1);
  const Key after = house.key("k");
  EXPECT_EQ(after.version(1)->state, kDestroyed);
  EXPECT_EQ(after.version(1)->cell, 0);
  EXPECT_EQ(after.version(1)->public_key, public_key);
  EXPECT_EQ(after.version(1)->reason, "test");
  EXPECT_EQ(cells(), 1);
  EXPECT_EQ(reason_of(house.keyring->material(after, *after.version(1))), "version_state");
  EXPECT_EQ(must(house.keyring->destroy_due(house.event)), 0);
}

TEST_F(Moves, a_clock_that_jumped_ahead_destroys_nothing) {
  must(house.rotate("k"));
  must(house.move("k", 1, to(kRevoked)));
  must(house.move("k", 1, to(kDestroying)));
  house.clock.jump_wall(40 * kDay);
  EXPECT_EQ(reason_of(house.keyring->destroy_due(house.event)), "clock_jumped");
  EXPECT_EQ(state(1), kDestroying);
}

TEST_F(Moves, one_damaged_key_does_not_keep_the_others_from_destruction) {
  for (const char* name : {"bad", "good"}) {
    must(house.create(name, Algorithm::kAes256Gcm));
    must(house.rotate(name));
    must(house.move(name, 1, to(kRevoked)));
    must(house.move(name, 1, to(kDestroying)));
  }
  must(house.tamper("UPDATE key_object SET owner = 'mallory' WHERE name = 'bad'"));
  house.clock.advance(30 * kDay);
  EXPECT_EQ(reason_of(house.keyring->destroy_due(house.event)), "row_tampered");
  house.keyring->forget_all();
  EXPECT_EQ(house.key("good").version(1)->state, kDestroyed);
}

TEST_F(Moves, the_waiting_period_is_7_to_365_days_unless_the_seal_is_for_development) {
  must(house.rotate("k"));
  must(house.move("k", 1, to(kRevoked)));
  Keyring::Move destroy = to(kDestroying);
  for (const hours wait : {hours(1), 7 * kDay - hours(1), 365 * kDay + hours(1), hours(-1)}) {
    destroy.wait = wait;
    EXPECT_EQ(refusal(1, destroy), "bad_wait") << wait.count();
  }
  destroy.wait = 7 * kDay;
  EXPECT_EQ(refusal(1, destroy), "");

  Keyring::Options development;
  development.destroy_wait = std::chrono::seconds(5);
  TestHouse small(Engine::kSqlite, development);
  must(small.create("k", Algorithm::kAes256Gcm));
  must(small.rotate("k"));
  must(small.move("k", 1, to(kRevoked)));
  must(small.move("k", 1, to(kDestroying)));
  small.clock.advance(std::chrono::seconds(5));
  EXPECT_EQ(must(small.keyring->destroy_due(small.event)), 1);
}

TEST_F(Moves, the_reason_of_a_revocation_outlives_a_destruction) {
  must(house.rotate("k"));
  Keyring::Move revoke = to(kRevoked);
  revoke.reason = "leaked";
  must(house.move("k", 1, revoke));
  must(house.move("k", 1, to(kDestroying)));
  EXPECT_EQ(house.key("k").version(1)->reason, "leaked");
  revoke.reason = "No Spaces";
  EXPECT_EQ(refusal(2, revoke), "bad_reason");
}

}  // namespace
}  // namespace kw::keys
