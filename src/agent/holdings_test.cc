#include "agent/holdings.h"

#include <gtest/gtest.h>

namespace kw::agent {
namespace {

constexpr std::chrono::seconds kRepeat{300};

client::SecretPointer version(std::uint32_t number) {
  auto value = std::make_shared<client::SecretValue>();
  value->path = "a";
  value->version = number;
  value->state = "primary";
  value->parts.emplace_back("", SecretBytes::copy_of(as_bytes("v")));
  return value;
}

struct Room {
  FakeClock clock{from_micros(1'800'000'000'000'000)};
  Holdings holdings{{"a"}, {}, clock};

  std::string unsaid() const {
    std::string text;
    for (const Saying& each : holdings.unsaid(kRepeat))
      text += std::string(grade_name(each.grade)) + std::to_string(each.version);
    return text;
  }
  void say_all() {
    for (const Saying& each : holdings.unsaid(kRepeat)) holdings.said(each);
  }
  std::uint32_t wanted() const { return holdings.wanted({"a", "", false})->version; }
};

TEST(Holdings, what_all_took_is_in_force_and_said_once_per_lease) {
  Room room;
  EXPECT_TRUE(room.holdings.offer(version(1)));
  EXPECT_FALSE(room.holdings.offer(version(1)));
  EXPECT_EQ(room.holdings.in_force("a"), nullptr);
  EXPECT_EQ(room.unsaid(), "");
  room.holdings.took("a", 1);
  EXPECT_EQ(room.holdings.in_force("a")->version, 1U);
  EXPECT_EQ(room.unsaid(), "loaded1");
  room.say_all();
  EXPECT_EQ(room.unsaid(), "");
  room.holdings.reached("a", 1, Grade::kUsed);
  EXPECT_EQ(room.unsaid(), "used1");
  room.say_all();
  room.clock.advance(kRepeat - std::chrono::seconds(1));
  EXPECT_EQ(room.unsaid(), "");
  room.clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(room.unsaid(), "used1");
}

TEST(Holdings, a_refused_version_is_reported_and_the_old_one_said_again_behind_it) {
  Room room;
  room.holdings.offer(version(1));
  room.holdings.took("a", 1);
  room.holdings.reached("a", 1, Grade::kUsed);
  room.say_all();
  room.holdings.offer(version(2));
  EXPECT_EQ(room.wanted(), 2U);
  room.holdings.reached("a", 2, Grade::kFailed);
  EXPECT_EQ(room.wanted(), 1U);
  EXPECT_EQ(room.holdings.in_force("a")->version, 1U);
  EXPECT_EQ(room.unsaid(), "failed2");
  room.say_all();
  EXPECT_EQ(room.unsaid(), "used1");
  room.say_all();
  EXPECT_EQ(room.unsaid(), "");
  room.holdings.offer(version(2));
  EXPECT_EQ(room.wanted(), 1U) << "it is not tried again while the server offers the same";
  room.holdings.offer(version(3));
  EXPECT_EQ(room.wanted(), 3U);
}

TEST(Holdings, what_the_server_takes_back_is_gone) {
  Room room;
  room.holdings.offer(version(1));
  room.holdings.took("a", 1);
  EXPECT_TRUE(room.holdings.drop("a"));
  EXPECT_FALSE(room.holdings.drop("a"));
  EXPECT_EQ(room.holdings.in_force("a"), nullptr);
  EXPECT_EQ(room.unsaid(), "");
}

TEST(Holdings, what_the_server_does_not_confirm_ends) {
  Room room;
  room.holdings.resume(version(1), std::chrono::minutes(50));
  EXPECT_FALSE(room.holdings.confirmed("a"));
  EXPECT_TRUE(room.holdings.expire(std::chrono::hours(1)).empty());
  room.clock.advance(std::chrono::minutes(10));
  EXPECT_EQ(room.holdings.expire(std::chrono::hours(1)).size(), 1U);
  EXPECT_EQ(room.holdings.in_force("a"), nullptr);
}

TEST(Holdings, waiters_hear_of_each_new_version_once) {
  Room room;
  int heard = 0;
  room.holdings.on_force = [&](const std::string&) { ++heard; };
  room.holdings.offer(version(1));
  room.holdings.took("a", 1);
  room.holdings.took("a", 1);
  EXPECT_EQ(heard, 1);
}

}  // namespace
}  // namespace kw::agent
