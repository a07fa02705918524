#include "keys/key_rotatable.h"

#include <functional>
#include <set>

#include "base/failpoint.h"
#include "keys/rotation_room_for_test.h"

namespace kw::keys {
namespace {

using crypto::Algorithm;
using crypto::Purpose;
using rotation::OldVersion;
using rotation::RunState;
using rotation::Seconds;
using std::chrono::hours;
using std::chrono::minutes;
using enum VersionState;

const ByteView kMessage = as_bytes("attack at dawn");

class Rotating : public testing::TestWithParam<Engine> {
 protected:
  RotationRoom room{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Store, Rotating, testing::Values(Engine::kSqlite, Engine::kPostgres),
                         [](const auto& each) {
                           return each.param == Engine::kSqlite ? "sqlite" : "postgres";
                         });

TEST_P(Rotating, a_plain_rotation_is_one_transaction) {
  room.policy.old_version = OldVersion::kKeepSecondary;
  room.make("orders");
  const auto run = room.start("orders");
  ASSERT_TRUE(room.engine->tick());
  EXPECT_EQ(room.show(run.id).state, RunState::kDone);
  const Key key = room.key("orders");
  EXPECT_EQ(key.primary, 2U);
  EXPECT_EQ(key.rollout.version, 0U);
  EXPECT_EQ(room.state("orders", 1), kSecondary);
  EXPECT_EQ(key.versions.size(), 2U);
}

bool good(const Result<Verified>& verified) {
  return verified &&
         (verified->verdict == Verdict::kValid || verified->verdict == Verdict::kValidRetired);
}

/// Protects now; the answer checks, later, that it is still good.
std::function<bool()> protect(RotationRoom& room, const std::string& name) {
  const Key key = room.key(name);
  const auto now = [&room, name] { return room.key(name); };
  switch (key.purpose) {
    case Purpose::kSign: {
      const Bytes made = must(room.uses.sign(key, 0, kMessage, "app")).content;
      return [&room, now, made] { return good(room.uses.verify(now(), 0, kMessage, made, "app")); };
    }
    case Purpose::kMac: {
      const Bytes made = must(room.uses.mac(key, 0, kMessage, "app")).content;
      return [&room, now, made] {
        return good(room.uses.verify_mac(now(), 0, kMessage, made, "app"));
      };
    }
    case Purpose::kDerive: {
      const auto made = std::make_shared<SecretBytes>(
          must(room.uses.derive(key, 0, kMessage, 32, "app")).content.clone());
      return [&room, now, made, version = key.primary] {
        const auto again = room.uses.derive(now(), version, kMessage, 32, "app");
        return again && equal_constant_time(again->content, *made);
      };
    }
    default: {
      const Bytes made = room.encrypt(name);
      return [&room, name, made] { return room.opens(name, made).empty(); };
    }
  }
}

TEST_P(Rotating, every_type_of_key_is_handed_over_and_old_data_stays_good) {
  room.policy.rollout_percent = {5, 50, 100};
  room.policy.soak = Seconds(600);
  room.policy.min_overlap = Seconds(3600);
  room.policy.quarantine = Seconds(600);
  const std::pair<Algorithm, std::optional<Purpose>> kinds[] = {
      {Algorithm::kAes256Gcm, {}},  {Algorithm::kAes256Gcm, Purpose::kWrap},
      {Algorithm::kAes256Siv, {}},  {Algorithm::kEd25519, {}},
      {Algorithm::kHmacSha256, {}}, {Algorithm::kHkdfSha256, {}},
      {Algorithm::kEcdsaP256, {}},
  };
  std::vector<std::pair<std::string, RunId>> started;
  std::vector<std::function<bool()>> still_good;
  for (const auto& [algorithm, purpose] : kinds) {
    const std::string name = "key-" + std::to_string(started.size());
    room.make(name, algorithm, purpose);
    still_good.push_back(protect(room, name));
    started.emplace_back(name, room.start(name).id);
  }
  for (const auto& [name, id] : started) {
    SCOPED_TRACE(name);
    const auto done = room.carry_to_end(id);
    EXPECT_EQ(done.state, RunState::kDone) << done.problem;
    EXPECT_EQ(room.key(name).primary, 2U);
    EXPECT_EQ(room.state(name, 1), kRetired);
    still_good.push_back(protect(room, name));
  }
  for (const auto& is_good : still_good) EXPECT_TRUE(is_good());
}

TEST(KeyRotation, gives_the_new_version_to_so_many_callers_and_always_the_same) {
  RotationRoom room;
  room.policy.rollout_percent = {5, 50, 100};
  room.policy.soak = Seconds(600);
  room.make("orders");
  const auto run = room.start("orders");
  room.settle();
  ASSERT_EQ(room.show(run.id).percent, 5);
  std::set<std::string> first, second;
  const auto ask = [&](std::set<std::string>& all) {
    const Key key = room.key("orders");
    for (int i = 0; i < 1000; ++i) {
      const std::string caller = "app-" + std::to_string(i);
      for (int again = 0; again < 2; ++again) {
        const auto used = must(room.uses.encrypt(key, 0, {}, kMessage, caller));
        EXPECT_EQ(again == 1 && all.contains(caller), again == 1 && used.version == 2);
        if (used.version == 2) all.insert(caller);
      }
    }
  };
  ask(first);
  EXPECT_GT(first.size(), 20U);
  EXPECT_LT(first.size(), 90U);
  room.house.clock.advance(minutes(11));
  room.settle();
  ASSERT_EQ(room.show(run.id).percent, 50);
  ask(second);
  EXPECT_GT(second.size(), 400U);
  EXPECT_LT(second.size(), 600U);
  for (const std::string& each : first) EXPECT_TRUE(second.contains(each)) << each;
  const auto health = must(room.keys.health(room.show(run.id)));
  EXPECT_EQ(health.new_operations, static_cast<std::int64_t>(2 * second.size()));
  EXPECT_EQ(health.old_operations + health.new_operations, 2000);
  EXPECT_FALSE(health.integrity_failure);
  EXPECT_EQ(room.carry_to_end(run.id).state, RunState::kDone);
}

TEST(KeyRotation, tries_no_rollout_where_all_callers_need_the_same_answer) {
  RotationRoom room;
  room.policy.rollout_percent = {5, 100};
  room.policy.soak = Seconds(600);
  room.make("index", Algorithm::kAes256Siv);
  const auto run = room.start("index");
  room.settle();
  EXPECT_EQ(room.show(run.id).state, RunState::kDrain);
  EXPECT_EQ(room.key("index").primary, 2U);
}

#ifdef KW_FAILPOINTS

TEST_P(Rotating, a_canary_that_answers_wrongly_rolls_back_and_nobody_notices) {
  room.policy.rollout_percent = {5, 100};
  room.policy.soak = Seconds(600);
  room.make("orders");
  const Bytes before = room.encrypt("orders");
  const auto run = room.start("orders");
  room.settle();
  ASSERT_EQ(room.show(run.id).percent, 5);
  must(failpoint::arm("keys.rollout.answer=error"));
  std::vector<Bytes> made{before};
  for (int i = 0; i < 200; ++i) made.push_back(room.encrypt("orders", "app-" + std::to_string(i)));
  failpoint::disarm_all();
  must(room.meter.flush());
  const auto back = room.carry_to_end(run.id);
  EXPECT_EQ(back.state, RunState::kRolledBack);
  EXPECT_LT(*back.finished_at - run.created_at, minutes(2));
  EXPECT_EQ(room.key("orders").primary, 1U);
  EXPECT_EQ(room.key("orders").rollout.version, 0U);
  EXPECT_EQ(room.state("orders", 2), kRetired);
  made.push_back(room.encrypt("orders"));
  for (const Bytes& each : made) EXPECT_EQ(room.opens("orders", each), "");
}

#endif

TEST_P(Rotating, the_archive_waits_until_nobody_decrypts_any_more) {
  room.policy.old_version = OldVersion::kArchive;
  room.policy.quiet = Seconds(86'400);
  room.make("orders");
  const Bytes old = room.encrypt("orders");
  const auto run = room.start("orders");
  for (int hour = 0; hour < 60; ++hour) {
    EXPECT_EQ(room.opens("orders", old, "billing"), "");
    must(room.usage.flush("node-1", 0));
    room.house.clock.advance(hours(1));
    room.settle();
  }
  EXPECT_EQ(room.show(run.id).state, RunState::kDrain);
  EXPECT_EQ(room.show(run.id).problem, "in_use");
  const auto drain = must(room.keys.measure_drain(room.show(run.id)));
  EXPECT_EQ(drain.quality, rotation::Drain::Quality::kExact);
  EXPECT_EQ(drain.holders, std::vector<std::string>{"billing"});
  EXPECT_FALSE(drain.references_known);
  EXPECT_EQ(room.carry_to_end(run.id, hours(1)).state, RunState::kDone);
  EXPECT_EQ(room.state("orders", 1), kArchived);
}

TEST(KeyRotation, retires_while_old_data_is_still_read) {
  RotationRoom room;
  room.policy.quiet = Seconds(3600);
  room.make("orders");
  const Bytes old = room.encrypt("orders");
  const auto run = room.start("orders");
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(room.opens("orders", old), "");
    room.house.clock.advance(minutes(10));
    room.settle();
  }
  EXPECT_EQ(room.show(run.id).state, RunState::kDone);
  EXPECT_EQ(room.state("orders", 1), kRetired);
  EXPECT_EQ(room.opens("orders", old), "");
}

TEST(KeyRotation, waits_for_the_lease_grace_of_the_old_version) {
  RotationRoom room;
  room.make("orders");
  const auto run = room.start("orders");
  room.settle();
  EXPECT_EQ(room.show(run.id).problem, "in_use");
  EXPECT_EQ(must(room.keys.measure_drain(room.show(run.id))).holders,
            std::vector<std::string>{"lease_grace of orders"});
  EXPECT_EQ(reason_of(room.uses.encrypt(room.key("orders"), 1, {}, kMessage, "app")), "");
  EXPECT_EQ(room.carry_to_end(run.id).state, RunState::kDone);
  EXPECT_EQ(reason_of(room.uses.encrypt(room.key("orders"), 1, {}, kMessage, "app")),
            "version_state");
}

TEST(KeyRotation, destroys_signing_keys_in_time_and_others_only_with_a_proof) {
  for (const bool proved : {false, true}) {
    RotationRoom room;
    room.proved = proved;
    room.policy.old_version = OldVersion::kDestroy;
    room.policy.quiet = Seconds(3600);
    room.policy.quarantine = Seconds(3600);
    room.make("tokens", Algorithm::kEd25519);
    room.make("orders");
    const Bytes signature = must(room.uses.sign(room.key("tokens"), 0, kMessage, "app")).content;
    const auto verifies = [&] {
      return good(room.uses.verify(room.key("tokens"), 0, kMessage, signature, "app"));
    };
    const auto tokens = room.start("tokens");
    const auto orders = room.start("orders");
    EXPECT_EQ(room.carry_to_end(tokens.id, minutes(10)).state, RunState::kDone);
    EXPECT_EQ(room.carry_to_end(orders.id, minutes(10)).state, RunState::kDone);
    EXPECT_EQ(room.state("tokens", 1), kDestroying);
    EXPECT_EQ(room.state("orders", 1), proved ? kDestroying : kArchived);
    EXPECT_TRUE(verifies());
    room.house.clock.advance(hours(31 * 24));
    must(room.house.keyring->destroy_due(room.house.event));
    EXPECT_EQ(room.state("tokens", 1), kDestroyed);
    EXPECT_TRUE(verifies());
  }
}

struct Stop {
  RunState at;
  OldVersion end;
};
class RollingBack : public testing::TestWithParam<Stop> {};
INSTANTIATE_TEST_SUITE_P(From, RollingBack,
                         testing::Values(Stop{RunState::kValidate, OldVersion::kRetire},
                                         Stop{RunState::kRollout, OldVersion::kRetire},
                                         Stop{RunState::kDrain, OldVersion::kRetire},
                                         Stop{RunState::kQuarantine, OldVersion::kRetire},
                                         Stop{RunState::kQuarantine, OldVersion::kArchive}),
                         [](const auto& each) {
                           return std::string(rotation::run_state_name(each.param.at)) +
                                  (each.param.end == OldVersion::kArchive ? "_archive" : "_retire");
                         });

TEST_P(RollingBack, leads_to_the_old_primary_and_everything_opens) {
  RotationRoom room;
  room.policy.old_version = GetParam().end;
  room.policy.publish_wait = Seconds(600);
  room.policy.rollout_percent = {50, 100};
  room.policy.soak = Seconds(600);
  room.policy.min_overlap = Seconds(600);
  room.policy.quiet = Seconds(600);
  room.policy.quarantine = Seconds(86'400);
  room.make("orders");
  std::vector<Bytes> made;
  const auto run = room.start("orders");
  room.settle();
  for (int i = 0; i < 200 && room.show(run.id).state != GetParam().at; ++i) {
    if (room.show(run.id).state < RunState::kDrain)
      made.push_back(room.encrypt("orders", "app-" + std::to_string(i)));
    room.house.clock.advance(minutes(1));
    room.settle();
  }
  ASSERT_EQ(room.show(run.id).state, GetParam().at);
  EXPECT_EQ(room.roll_back(run.id), "");
  EXPECT_EQ(room.carry_to_end(run.id).state, RunState::kRolledBack);
  const Key key = room.key("orders");
  EXPECT_EQ(key.primary, 1U);
  EXPECT_EQ(key.rollout.version, 0U);
  EXPECT_EQ(room.state("orders", 2), GetParam().at == RunState::kValidate ? kDestroying : kRetired);
  made.push_back(room.encrypt("orders"));
  for (const Bytes& each : made) EXPECT_EQ(room.opens("orders", each), "");
}

TEST(KeyRotation, quarantine_stops_what_the_archive_takes_away) {
  RotationRoom room;
  room.policy.old_version = OldVersion::kArchive;
  room.policy.quiet = Seconds(600);
  room.policy.quarantine = Seconds(3600);
  room.make("orders");
  room.make("tokens", Algorithm::kEd25519);
  const Bytes old = room.encrypt("orders");
  const Bytes signature = must(room.uses.sign(room.key("tokens"), 0, kMessage, "app")).content;
  const auto orders = room.start("orders");
  const auto tokens = room.start("tokens");
  for (int i = 0; i < 15; ++i) {
    room.house.clock.advance(minutes(1));
    room.settle();
  }
  EXPECT_EQ(room.show(orders.id).state, RunState::kQuarantine);
  EXPECT_EQ(room.state("orders", 1), kSuspended);
  EXPECT_EQ(room.opens("orders", old), "version_state");
  const auto verifies = [&] {
    return good(room.uses.verify(room.key("tokens"), 0, kMessage, signature, "app"));
  };
  EXPECT_TRUE(verifies());
  EXPECT_EQ(room.carry_to_end(tokens.id).state, RunState::kDone);
  EXPECT_EQ(room.carry_to_end(orders.id).state, RunState::kDone);
  EXPECT_EQ(room.state("orders", 1), kArchived);
  EXPECT_EQ(room.state("tokens", 1), kArchived);
  EXPECT_TRUE(verifies());
}

TEST(KeyRotation, gives_way_to_a_rotation_by_hand) {
  RotationRoom room;
  room.policy.rollout_percent = {50, 100};
  room.policy.soak = Seconds(600);
  room.make("orders");
  const auto run = room.start("orders");
  room.settle();
  must(room.house.rotate("orders"));
  const auto back = room.carry_to_end(run.id);
  EXPECT_EQ(back.state, RunState::kRolledBack);
  EXPECT_EQ(room.key("orders").primary, 3U);
  EXPECT_EQ(room.state("orders", 2), kRetired);
}

TEST(KeyRotation, changes_the_algorithm_and_refuses_one_of_another_purpose) {
  RotationRoom room;
  room.policy.old_version = OldVersion::kKeepSecondary;
  room.make("orders");
  rotation::StartOptions options;
  options.algorithm = "chacha20-poly1305";
  room.start("orders", options);
  room.settle();
  EXPECT_EQ(room.key("orders").version(2)->algorithm, Algorithm::kChaCha20Poly1305);
  options.algorithm = "ed25519";
  const auto refused = room.carry_to_end(room.start("orders", options).id);
  EXPECT_EQ(refused.state, RunState::kRolledBack);
  EXPECT_EQ(room.key("orders").versions.size(), 2U);
}

TEST(KeyRotation, the_inventory_goes_over_all_tenants_page_by_page) {
  RotationRoom room;
  for (int i = 0; i < 5; ++i) {
    must(room.house.create("b-" + std::to_string(i), Algorithm::kAes256Gcm, "globex"));
    room.make("a-" + std::to_string(i), Algorithm::kHmacSha256);
  }
  NewKey tokens = wanted_key("tokens", Algorithm::kEd25519);
  tokens.labels["use"] = "jwt";
  tokens.owner = "login";
  must(room.house.create(tokens));
  std::vector<std::string> names;
  std::optional<rotation::Subject> after;
  for (int page = 0; page < 10; ++page) {
    const auto found = must(room.keys.inventory(after ? &*after : nullptr, 3));
    for (const auto& each : found) names.push_back(each.subject.text() + "=" + each.type);
    if (found.size() < 3) break;
    after = found.back().subject;
  }
  std::vector<std::string> wanted;
  wanted.reserve(11);
  for (int i = 0; i < 5; ++i) wanted.push_back("key:acme/a-" + std::to_string(i) + "=mac");
  wanted.emplace_back("key:acme/tokens=jwt");
  for (int i = 0; i < 5; ++i) wanted.push_back("key:globex/b-" + std::to_string(i) + "=dek");
  EXPECT_EQ(names, wanted);
  EXPECT_EQ(must(room.keys.inventory(nullptr, 1000))[5].owner, "login");
}

TEST(KeyRotation, the_inventory_names_what_was_changed_behind_the_service_and_goes_on) {
  RotationRoom room;
  for (const char* name : {"a", "b", "c", "d"}) room.make(name, Algorithm::kHmacSha256);
  must(room.house.create("e", Algorithm::kAes256Gcm, "globex"));
  must(room.house.create("f", Algorithm::kAes256Gcm, "system"));
  must(room.house.tamper("UPDATE key_object SET owner = 'mallory' WHERE name = 'b'"));
  must(
      room.house.tamper("UPDATE key_version SET reason = 'x' WHERE key_id ="
                        " (SELECT id FROM key_object WHERE name = 'c')"));
  must(room.house.tamper("UPDATE tenant SET epoch = epoch + 1 WHERE name = 'globex'"));
  std::string told;
  for (const auto& each : must(room.keys.inventory(nullptr, 100)))
    told += each.subject.text() + (each.damaged ? " damaged, " : ", ");
  EXPECT_EQ(told,
            "key:acme/a, key:acme/b damaged, key:acme/c damaged, key:acme/d, key:globex/e damaged,"
            " key:system/f, ");
}

TEST(KeyRotation, the_inventory_goes_on_behind_what_is_no_longer_there) {
  RotationRoom room;
  must(room.house.create("b", Algorithm::kAes256Gcm, "globex"));
  for (const char* name : {"a", "c"}) room.make(name, Algorithm::kHmacSha256);
  const auto first_behind = [&](const rotation::Subject& place) {
    return must(room.keys.inventory(&place, 1)).front().subject.text();
  };
  EXPECT_EQ(first_behind({"key", "acme", "b"}), "key:acme/c");
  EXPECT_EQ(first_behind({"key", "acme", "d"}), "key:globex/b");
  EXPECT_EQ(first_behind({"key", "else", "z"}), "key:globex/b");
  const rotation::Subject last{"key", "globex", "b"};
  EXPECT_TRUE(must(room.keys.inventory(&last, 1)).empty());
}

}  // namespace
}  // namespace kw::keys
