#include "client/channel.h"

#include "client/server_for_tests.h"

namespace kw::client {
namespace {

Request post() {
  Request request;
  request.method = "POST";
  request.path = "/x";
  request.body = "{}";
  return request;
}

TEST(Channel, repeats_what_may_pass_under_the_same_idempotency_key) {
  std::atomic<int> left{2};
  ServerForTests server([&](const auto&) {
    return left-- > 0 ? problem_response(503, "sealed") : json_response(200, "{\"a\":1}");
  });
  const auto channel = Channel::open(server.options()).value();
  ASSERT_TRUE(channel->send(post()));
  const auto seen = server.seen();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].idempotency_key.size(), 32U);
  EXPECT_EQ(seen[0].idempotency_key, seen[2].idempotency_key);
  ASSERT_TRUE(channel->send(post()));
  EXPECT_NE(server.seen().back().idempotency_key, seen[0].idempotency_key);
}

TEST(Channel, does_not_repeat_what_stays) {
  ServerForTests server([](const auto&) { return problem_response(409, "invalid_transition"); });
  const auto channel = Channel::open(server.options()).value();
  EXPECT_EQ(channel->send(post()).error().reason, "invalid_transition");
  EXPECT_EQ(server.seen().size(), 1U);
}

TEST(Channel, gives_up_after_its_attempts) {
  ServerForTests server([](const auto&) { return problem_response(503, "sealed"); });
  const auto channel = Channel::open(server.options()).value();
  EXPECT_EQ(channel->send(post()).error().reason, "sealed");
  EXPECT_EQ(server.seen().size(), 4U);
}

TEST(Channel, a_renewed_token_file_is_read_again) {
  ServerForTests server([](const auto& seen) {
    return seen.token == "Bearer two" ? json_response(200, "{}")
                                      : problem_response(401, "token_expired");
  });
  ChannelOptions options = server.options();
  options.token_file = server.write("token", "one\n");
  const auto channel = Channel::open(options).value();
  EXPECT_EQ(channel->send(post()).error().reason, "token_expired");
  server.write("token", "two\n");
  EXPECT_TRUE(channel->send(post()));
}

TEST(Channel, exchanges_a_role_for_tokens_and_again_when_they_end) {
  std::atomic<int> logins{0};
  ServerForTests server([&](const ServerForTests::Seen& seen) {
    if (seen.path == "/api/v1/auth/exchange") {
      EXPECT_EQ(seen.body, R"({"role_id":"billing","secret_id":"hush"})");
      return json_response(
          200, "{\"token\":\"t" + std::to_string(++logins) + "\",\"expires_in_seconds\":3600}");
    }
    return seen.token == "Bearer t2" ? json_response(200, "{}")
                                     : problem_response(401, "token_revoked");
  });
  ChannelOptions options = server.options();
  options.role_id = "billing";
  options.secret_id_file = server.write("secret-id", "hush\n");
  const auto channel = Channel::open(options).value();
  EXPECT_TRUE(channel->send(post()));
  EXPECT_TRUE(channel->send(post()));
  EXPECT_EQ(logins, 2);
}

TEST(Channel, ends_its_waits_when_it_is_stopped) {
  ServerForTests server([](const auto&) { return problem_response(503, "sealed"); });
  ChannelOptions options = server.options();
  options.first_wait = options.most_wait = std::chrono::hours(1);
  const auto channel = Channel::open(options).value();
  channel->stop();
  EXPECT_EQ(channel->send(post()).error().reason, "stopping");
}

}  // namespace
}  // namespace kw::client
