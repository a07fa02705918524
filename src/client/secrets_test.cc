#include "client/secrets.h"

#include <thread>

#include "client/server_for_tests.h"

namespace kw::client {
namespace {

std::string text_of(const SecretPointer& value, std::string_view name) {
  return std::string(as_text(value->part(name)->reveal(Reveal{})));
}

struct Room {
  explicit Room(ServerForTests::Responder responder) : server(std::move(responder)) {
    ChannelOptions options = server.options();
    options.attempts = 1;
    channel = Channel::open(options).value();
    SecretsOptions wanted;
    wanted.tenant = "acme";
    secrets = std::make_unique<Secrets>(channel, wanted, clock);
  }
  FakeClock clock{from_micros(1'800'000'000'000'000)};
  ServerForTests server;
  std::shared_ptr<Channel> channel;
  std::unique_ptr<Secrets> secrets;
};

TEST(Secrets, are_read_by_path_and_kept_for_a_while) {
  Room room([](const auto&) { return secret_response(3); });
  const SecretPointer value = room.secrets->get("db/orders").value();
  EXPECT_EQ(value->version, 3U);
  EXPECT_EQ(text_of(value, "password"), "p3");
  EXPECT_EQ(value->copy("x").error().reason, "no_such_field");
  EXPECT_EQ(room.server.seen().at(0).path, "/api/v1/tenants/acme/secrets/db/orders");
  ASSERT_TRUE(room.secrets->get("db/orders"));
  EXPECT_EQ(room.server.seen().size(), 1U);
  room.clock.advance(std::chrono::seconds(30));
  ASSERT_TRUE(room.secrets->get("db/orders"));
  EXPECT_EQ(room.server.seen().size(), 2U);
}

TEST(Secrets, survive_an_outage_as_long_as_the_bound_says) {
  Room room([](const auto&) { return secret_response(1); });
  ASSERT_TRUE(room.secrets->get("a"));
  room.server.stop();
  room.clock.advance(std::chrono::seconds(299));
  EXPECT_EQ(room.secrets->get("a").value()->version, 1U);
  room.clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(room.secrets->get("a").error().code, Code::kUnavailable);
}

TEST(Secrets, that_the_server_refuses_are_forgotten_at_once) {
  std::atomic<bool> gone{false};
  Room room(
      [&](const auto&) { return gone ? problem_response(404, "not_found") : secret_response(1); });
  ASSERT_TRUE(room.secrets->get("a"));
  gone = true;
  EXPECT_EQ(room.secrets->refresh("a").error().reason, "not_found");
  room.server.stop();
  EXPECT_FALSE(room.secrets->get("a"));
}

TEST(Secrets, that_expire_are_not_handed_out_of_the_cache) {
  Room room([](const auto&) {
    return json_response(
        200,
        R"({"version":1,"state":"primary","value":"aGk=","expires_at":"2027-01-15T08:00:10Z"})");
  });
  room.clock.jump_wall(parse_rfc3339("2027-01-15T08:00:00Z").value() - room.clock.wall());
  EXPECT_EQ(text_of(room.secrets->get("a").value(), ""), "hi");
  room.server.stop();
  room.clock.advance(std::chrono::seconds(9));
  EXPECT_TRUE(room.secrets->get("a"));
  room.clock.advance(std::chrono::seconds(1));
  EXPECT_FALSE(room.secrets->get("a"));
}

TEST(Secrets, the_version_before_is_asked_for_each_time) {
  Room room([](const auto& seen) {
    EXPECT_EQ(seen.path, "/api/v1/tenants/acme/secrets/a?version=previous");
    return secret_response(1);
  });
  ASSERT_TRUE(room.secrets->previous("a"));
  ASSERT_TRUE(room.secrets->previous("a"));
  EXPECT_EQ(room.server.seen().size(), 2U);
}

TEST(Secrets, many_who_refresh_at_once_send_one_request) {
  std::mutex gate;
  gate.lock();
  Room room([&](const auto&) {
    std::lock_guard wait(gate);
    return secret_response(1);
  });
  std::vector<std::thread> threads;
  threads.reserve(16);
  std::atomic<int> good{0};
  for (int i = 0; i < 16; ++i)
    threads.emplace_back([&] { good += room.secrets->refresh("a").has_value() ? 1 : 0; });
  while (room.server.seen().empty()) std::this_thread::yield();
  gate.unlock();
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(good, 16);
  // Those who came after the first answer ask again; all others share it.
  EXPECT_LE(room.server.seen().size(), 16U);
  EXPECT_GE(room.server.seen().size(), 1U);
}

}  // namespace
}  // namespace kw::client
