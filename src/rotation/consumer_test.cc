#include "rotation/consumer.h"

#include <gtest/gtest.h>

#include "rotation/acknowledgement_gate.h"
#include "rotation/engine_room_for_test.h"

namespace kw::rotation {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const WallTime kNow = from_micros(1'800'000'000'000'000);

class Gate : public testing::Test {
 protected:
  Consumer& consumer(const std::string& name, const std::string& environment, bool canary = false) {
    Consumer one;
    one.name = name;
    one.environment = environment;
    one.canary = canary;
    one.lease = Seconds(900);
    one.seen_at = kNow;
    all.at = kNow;
    all.consumers.push_back(one);
    return all.consumers.back();
  }
  void ack(const std::string& name, const std::string& instance, std::uint32_t version, bool used,
           int ago = 0) {
    Acknowledgement one;
    one.consumer = name;
    one.instance = instance;
    one.version = version;
    one.loaded_at = kNow;
    if (used) one.used_at = kNow;
    one.last_at = one.observed_at = kNow - seconds(ago);
    one.live = ago < 900;
    all.acknowledgements.push_back(one);
  }
  Consumption all;
};

TEST_F(Gate, is_open_without_consumers) {
  all.at = kNow;
  EXPECT_TRUE(loaded_everywhere(all, 2));
  EXPECT_TRUE(used_by_canaries(all, 2));
  EXPECT_TRUE(moved_on(all, 2));
  EXPECT_TRUE(released(all, 2, kNow));
}

TEST_F(Gate, asks_every_live_consumer_and_instance_to_load) {
  consumer("a", "production");
  consumer("b", "production");
  ack("a", "1", 2, false);
  EXPECT_FALSE(loaded_everywhere(all, 2));
  ack("b", "1", 2, false);
  EXPECT_TRUE(loaded_everywhere(all, 2));
  ack("b", "2", 1, true);  // another instance still lives on the old one
  EXPECT_FALSE(loaded_everywhere(all, 2));
  all.acknowledgements.back().live = false;
  EXPECT_TRUE(loaded_everywhere(all, 2));
  all.consumers[0].seen_at = kNow - seconds(901);
  all.acknowledgements.clear();
  ack("b", "1", 2, false);
  EXPECT_TRUE(loaded_everywhere(all, 2));
}

TEST_F(Gate, asks_the_canaries_of_every_environment) {
  consumer("a", "production", true);
  consumer("b", "production");
  consumer("c", "staging");
  ack("b", "1", 2, true);
  ack("c", "1", 2, true);
  EXPECT_FALSE(used_by_canaries(all, 2));
  ack("a", "1", 2, true);
  EXPECT_TRUE(used_by_canaries(all, 2));
  all.acknowledgements.erase(all.acknowledgements.begin() + 1);
  EXPECT_FALSE(used_by_canaries(all, 2));  // nobody in staging has used it
}

TEST_F(Gate, lets_canaries_go_first) {
  consumer("b", "production");
  EXPECT_TRUE(canaries_used(all, 2)) << "there is none";
  consumer("a", "production", true);
  ack("b", "1", 2, true);
  ack("a", "1", 2, false);
  EXPECT_FALSE(canaries_used(all, 2));
  ack("a", "1", 2, true);
  EXPECT_TRUE(canaries_used(all, 2));
  EXPECT_FALSE(canaries_used(all, 3));
  all.consumers[1].seen_at = kNow - seconds(901);
  EXPECT_TRUE(canaries_used(all, 3)) << "a canary that is gone holds nothing up";
}

TEST_F(Gate, takes_a_failure_for_neither_loaded_nor_used) {
  consumer("a", "production");
  ack("a", "1", 2, false);
  EXPECT_FALSE(failed_somewhere(all, 2));
  Acknowledgement& mine = all.acknowledgements.back();
  mine.failed = true;
  mine.loaded_at = std::nullopt;
  EXPECT_TRUE(failed_somewhere(all, 2));
  EXPECT_FALSE(failed_somewhere(all, 1));
  EXPECT_FALSE(loaded_everywhere(all, 2));
  EXPECT_FALSE(used_by_canaries(all, 2));
  EXPECT_FALSE(moved_on(all, 2));
  mine.live = false;
  EXPECT_FALSE(failed_somewhere(all, 2));
}

TEST_F(Gate, drains_when_all_have_used_and_none_went_back) {
  consumer("a", "production");
  ack("a", "1", 2, false);
  EXPECT_FALSE(moved_on(all, 2));
  ack("a", "1", 2, true);
  EXPECT_TRUE(moved_on(all, 2));
  ack("a", "1", 2, true, 100);
  ack("a", "1", 1, true, 50);  // a late word from before does not count
  EXPECT_TRUE(moved_on(all, 2));
  ack("a", "2", 1, true);
  EXPECT_FALSE(moved_on(all, 2));
}

TEST_F(Gate, takes_silence_for_no_release_once_the_version_was_in_use) {
  consumer("a", "production");
  EXPECT_TRUE(released(all, 2, std::nullopt));
  EXPECT_FALSE(released(all, 2, kNow));
  ack("a", "1", 1, true, 60);
  EXPECT_FALSE(released(all, 2, kNow));
  EXPECT_TRUE(released(all, 2, kNow - seconds(60)));
  ack("a", "1", 2, false, 10);
  EXPECT_FALSE(released(all, 2, std::nullopt));
}

class ConsumersRoom : public testing::TestWithParam<std::string> {
 protected:
  Consumer billing() {
    Consumer consumer;
    consumer.tenant = "acme";
    consumer.name = "billing";
    consumer.environment = "production";
    consumer.subjects = {room.subject("orders"), room.subject("users")};
    return consumer;
  }
  std::string enroll(const Consumer& consumer) {
    return room.steer([&](Change c) { return room.consumers->enroll(c, consumer); });
  }
  std::string say(const std::string& name, std::uint32_t version, Grade grade,
                  const std::string& instance = "pod-1") {
    Said said;
    said.subject = room.subject(name);
    said.consumer = "billing";
    said.instance = instance;
    said.version = version;
    said.grade = grade;
    return room.steer([&](Change c) { return room.consumers->acknowledge(c, "acme", said); });
  }
  Board board(const std::string& name, std::uint32_t version) {
    Board found;
    EXPECT_TRUE(room.store->read([&](store::Reader& reader) -> Status {
      KW_TRY(found, room.consumers->acks(reader, room.subject(name), version));
      return ok();
    }));
    return found;
  }
  std::int64_t leaves() { return room.number("SELECT COUNT(*) FROM audit_leaf"); }

  EngineRoom room{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Store, ConsumersRoom, testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return each.param; });

TEST_P(ConsumersRoom, shows_who_spoke_and_who_did_not) {
  ASSERT_EQ(enroll(billing()), "");
  EXPECT_EQ(board("orders", 2).silent.size(), 1U);
  ASSERT_EQ(say("orders", 2, Grade::kLoaded), "");
  const std::int64_t before = leaves();
  ASSERT_EQ(say("orders", 2, Grade::kLoaded), "");  // a repeat leaves no leaf
  EXPECT_EQ(leaves(), before);
  ASSERT_EQ(say("orders", 2, Grade::kUsed), "");
  EXPECT_EQ(leaves(), before + 1);
  const Board found = board("orders", 2);
  ASSERT_EQ(found.acknowledgements.size(), 1U);
  EXPECT_TRUE(found.acknowledgements[0].used_at.has_value());
  EXPECT_TRUE(found.silent.empty());
  EXPECT_EQ(found.live, 1);
  EXPECT_EQ(board("users", 2).silent.size(), 1U);
}

TEST_P(ConsumersRoom, keeps_a_failure_until_a_success) {
  ASSERT_EQ(enroll(billing()), "");
  ASSERT_EQ(say("orders", 2, Grade::kUsed), "");
  const auto failed = [&] { return board("orders", 2).acknowledgements.at(0).failed; };
  EXPECT_FALSE(failed());
  room.clock.advance(seconds(1));
  const std::int64_t before = leaves();
  ASSERT_EQ(say("orders", 2, Grade::kFailed), "");
  EXPECT_EQ(leaves(), before + 1);
  EXPECT_TRUE(failed());
  EXPECT_FALSE(board("orders", 2).acknowledgements.at(0).used_at.has_value());
  room.clock.advance(seconds(1));
  ASSERT_EQ(say("orders", 2, Grade::kLoaded), "");
  EXPECT_TRUE(failed()) << "loading it again proves nothing";
  ASSERT_EQ(say("orders", 2, Grade::kUsed), "");
  EXPECT_FALSE(failed());
}

TEST_P(ConsumersRoom, forgets_who_shows_no_sign_of_life) {
  ASSERT_EQ(enroll(billing()), "");
  room.clock.advance(seconds(901));
  EXPECT_EQ(board("orders", 2).live, 0);
  EXPECT_EQ(
      room.steer([&](Change c) { return room.consumers->heartbeat(c.tx, "acme", "billing"); }), "");
  EXPECT_EQ(board("orders", 2).live, 1);
  EXPECT_EQ(room.steer([&](Change c) { return room.consumers->remove(c, "acme", "billing"); }), "");
  EXPECT_EQ(room.steer([&](Change c) { return room.consumers->remove(c, "acme", "billing"); }),
            "not_found");
  EXPECT_EQ(say("orders", 2, Grade::kLoaded), "not_found");
}

TEST_P(ConsumersRoom, refuses_what_is_malformed_or_foreign) {
  Consumer wrong = billing();
  wrong.environment = "Production";
  EXPECT_EQ(enroll(wrong), "bad_consumer");
  wrong = billing();
  wrong.refresh = Seconds(0);
  EXPECT_EQ(enroll(wrong), "bad_consumer");
  wrong = billing();
  wrong.subjects[0].tenant = "other";
  EXPECT_EQ(enroll(wrong), "bad_consumer");
  ASSERT_EQ(enroll(billing()), "");
  EXPECT_EQ(say("payments", 2, Grade::kLoaded), "not_found");
  EXPECT_EQ(say("orders", 0, Grade::kLoaded), "bad_acknowledgement");
  EXPECT_EQ(say("orders", 2, Grade::kLoaded, "no spaces"), "bad_acknowledgement");
}

TEST_P(ConsumersRoom, refuses_a_refresh_longer_than_the_overlap_of_an_open_run) {
  room.policy.min_overlap = Seconds(600);
  room.policy.approvals = 1;
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  room.start("orders");
  room.settle();
  Consumer slow = billing();
  slow.refresh = Seconds(601);
  EXPECT_EQ(enroll(slow), "overlap_too_short");
  slow.refresh = Seconds(600);
  EXPECT_EQ(enroll(slow), "");
}

}  // namespace
}  // namespace kw::rotation
