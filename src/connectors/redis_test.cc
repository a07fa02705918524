// What only Redis has: a server that forgets its users, and servers that do not share them.
#include <gtest/gtest.h>
#include <unistd.h>

#include "connectors/make_connectors.h"
#include "connectors/redis_acl.h"
#include "connectors/server_process_for_tests.h"

namespace kw::connectors {
namespace {

using secrets::Credential;
using secrets::Outcome;

constexpr const char* kServer = "/usr/bin/redis-server";

// Its default user takes every password.
class BareRedis {
 public:
  explicit BareRedis(const std::vector<std::string>& options) : port_(free_port()) {
    std::vector<std::string> words{kServer};
    words.insert(words.end(), options.begin(), options.end());
    for (const std::string& word :
         {std::string("--port"), std::to_string(port_), std::string("--dir"), folder_.path()})
      words.push_back(word);
    process_.start(words, folder_ / "redis.log");
    EXPECT_TRUE(comes_true([&] { return takes_connections(port_); }));
  }
  std::uint16_t port() const { return port_; }
  bool has(std::string_view user) const {
    auto session =
        RedisSession::open({"127.0.0.1", port_, false, ""}, {1, "default", value_for_tests("x")},
                           std::chrono::steady_clock::now() + std::chrono::seconds(10));
    EXPECT_TRUE(session);
    return session && *has_user(**session, user);
  }

 private:
  TestFolder folder_;
  ServerProcess process_;
  std::uint16_t port_;
};

class RedisServers : public testing::Test {
 protected:
  void SetUp() override {
    if (access(kServer, X_OK) != 0) GTEST_SKIP() << "Redis is not installed";
    connectors = make_connectors({});
    connector = secrets::connector_named(connectors, "redis");
    account = {{"name", "app"}, {"rules", "~app:* +@read"}};
    admin = {1, "default", value_for_tests("x")};
    fresh = {1, "app-v1", random_value_for_tests()};
  }
  secrets::Place place() const { return {"acme", "here", system, account, &admin}; }
  static secrets::Context context() {
    return {"run-1", std::chrono::steady_clock::now() + std::chrono::seconds(10), false};
  }

  secrets::Connectors connectors;
  secrets::Connector* connector = nullptr;
  secrets::Settings system, account;
  Credential admin, fresh;
};

TEST_F(RedisServers, one_that_would_forget_its_users_is_refused_before_anything_changes) {
  const BareRedis server({"--save", ""});
  system = {{"host", "127.0.0.1"}, {"port", std::to_string(server.port())}, {"tls", "off"}};
  const secrets::Answer answer = connector->install(context(), place(), fresh, nullptr);
  EXPECT_EQ(answer.outcome, Outcome::kDefiniteFail);
  EXPECT_EQ(answer.reason, "not_persistent");
  EXPECT_FALSE(server.has("app-v1"));
}

TEST_F(RedisServers, a_user_is_made_and_revoked_on_every_node) {
  TestFolder folder;
  folder.write("a.conf", "save \"\"\n");
  folder.write("b.conf", "save \"\"\n");
  const BareRedis a({folder / "a.conf"}), b({folder / "b.conf"});
  system = {{"host", "127.0.0.1"},
            {"port", std::to_string(a.port())},
            {"tls", "off"},
            {"nodes", "127.0.0.1:" + std::to_string(b.port())}};
  ASSERT_EQ(connector->install(context(), place(), fresh, nullptr).reason, "");
  EXPECT_TRUE(a.has("app-v1") && b.has("app-v1"));
  const Credential next{2, "app-v2", random_value_for_tests()};
  ASSERT_EQ(connector->install(context(), place(), next, &fresh).outcome, Outcome::kOk);
  ASSERT_EQ(connector->revoke_old(context(), place(), fresh, next, false).outcome, Outcome::kOk);
  EXPECT_FALSE(a.has("app-v1") || b.has("app-v1"));
  EXPECT_TRUE(a.has("app-v2") && b.has("app-v2"));
}

TEST(RedisRules, say_what_a_user_may_and_nothing_about_logging_in) {
  EXPECT_EQ(*acl_rules("~app:*  +@read (~k +get)"),
            (std::vector<std::string>{"~app:*", "+@read", "(~k +get)"}));
  EXPECT_TRUE(acl_rules("")->empty());
  for (const char* bad : {"on", "off", "nopass", "reset", "resetpass", ">pass", "<pass", "#abc",
                          "!abc", "~* nopass", "clearselectors"})
    EXPECT_FALSE(acl_rules(bad)) << bad;
}

}  // namespace
}  // namespace kw::connectors
