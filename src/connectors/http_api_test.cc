// What only the http_api connector can get wrong: lost answers, foreign keys, and where calls go.
#include <gtest/gtest.h>

#include "connectors/http_api_provider_for_tests.h"
#include "connectors/json_pointer.h"

namespace kw::connectors {

std::unique_ptr<secrets::Connector> make_http_api(const ConnectorOptions& options);

namespace {

using secrets::Credential;
using secrets::Outcome;
using secrets::Probe;

class HttpApiTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { provider_ = std::make_unique<HttpApiProvider>(); }
  static void TearDownTestSuite() { provider_.reset(); }
  void SetUp() override {
    static int tests = 0;
    account["name"] = "t" + std::to_string(++tests);
    system = provider_->settings();
    provider_->control(R"({"lose":0,"most":2})");
  }
  secrets::Place place() const { return {"acme", "here", system, account, &admin}; }
  static secrets::Context context(std::string_view run = "run-1") {
    return {run, std::chrono::steady_clock::now() + std::chrono::seconds(20), false};
  }
  Result<Credential> create(std::uint32_t version) {
    return connector->create_pending(context(), place(), {version, {}});
  }
  int keys() {
    int count = 0;
    const auto all = provider_->control();
    for (const auto& [id, key] : all.root().find("keys")->members())
      count += key.text("name")->starts_with(account["name"] + "-") ? 1 : 0;
    return count;
  }

  static inline std::unique_ptr<HttpApiProvider> provider_;
  std::unique_ptr<secrets::Connector> connector = make_http_api(HttpApiProvider::options());
  Credential admin = HttpApiProvider::administrator();
  secrets::Settings system, account;
};

TEST_F(HttpApiTest, a_key_whose_answer_was_lost_is_ended_by_the_repeat) {
  const auto first = create(1);
  ASSERT_TRUE(first) << first.error().message;
  // The list is answered, the answer to create is lost.
  for (const int lost : {1, 2}) {
    provider_->control(R"({"lose":)" + std::to_string(lost) + "}");
    const auto silent = create(2);
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().code, Code::kUnavailable) << silent.error().reason;
    provider_->control(R"({"lose":0})");
  }
  const auto second = create(2);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(keys(), 2);
  EXPECT_EQ(connector->test(context(), place(), *first, Probe::kPositive).outcome, Outcome::kOk);
  EXPECT_EQ(connector->test(context(), place(), *second, Probe::kPositive).outcome, Outcome::kOk);
}

TEST_F(HttpApiTest, the_repeat_replaces_and_other_runs_and_versions_stay) {
  const auto first = create(1);
  const auto second = create(2);
  ASSERT_TRUE(second);
  const auto again = create(2);
  ASSERT_TRUE(again);
  EXPECT_NE(again->principal, second->principal);
  EXPECT_EQ(keys(), 2);
  EXPECT_EQ(connector->test(context(), place(), *first, Probe::kPositive).outcome, Outcome::kOk);
  EXPECT_EQ(create(3).error().reason, "no_free_slot");
}

TEST_F(HttpApiTest, what_the_provider_says_of_a_rule_is_an_answer) {
  provider_->control(R"({"most":0})");
  const auto made = create(1);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().reason, "rejected_by_target");
  EXPECT_NE(made.error().message.find("409"), std::string::npos);
}

TEST_F(HttpApiTest, the_list_is_read_to_its_last_page) {
  const auto first = create(1);
  const auto second = create(2);
  ASSERT_TRUE(second);
  const Credential* const known[] = {&*first, &*second};
  const auto seen = connector->inspect(context(), place(), known);
  ASSERT_TRUE(seen);
  EXPECT_FALSE(seen->free_slot);
  const auto drain = connector->measure_drain(context(), place(), *second);
  ASSERT_TRUE(drain) << drain.error().message;
  EXPECT_TRUE(drain->last_used.has_value());
}

TEST_F(HttpApiTest, calls_go_nowhere_that_the_configuration_does_not_allow) {
  const auto strict = make_http_api({});
  const auto made = strict->create_pending(context(), place(), {1, {}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().reason, "egress_denied");
  for (const char* url :
       {"http://api.example/v1", "https://user:pw@api.example", "ftp://api.example",
        "https://api.example/v1?x=1", "", "unix:///run/keywright.sock"}) {
    system["base_url"] = url;
    EXPECT_FALSE(strict->check(place())) << url;
  }
}

TEST_F(HttpApiTest, ids_are_escaped_in_paths) {
  const Credential hostile{1, "../../control?x=", SecretBytes::copy_of(as_bytes("anything"))};
  // A path of its own that the provider does not know, not one of somebody else.
  EXPECT_EQ(connector->remove_pending(context(), place(), hostile, nullptr).outcome, Outcome::kOk);
}

TEST_F(HttpApiTest, settings_that_cannot_work_are_refused) {
  const auto refused = [&](const char* name, const char* value) {
    secrets::Settings other = system;
    other[name] = value;
    const secrets::Place there{"acme", "here", other, account, &admin};
    return !connector->check(there);
  };
  EXPECT_TRUE(connector->check(place()));
  EXPECT_TRUE(refused("create", "TRACE /keys"));
  EXPECT_TRUE(refused("create", "POST keys"));
  EXPECT_TRUE(refused("create", ""));
  EXPECT_TRUE(refused("list", ""));
  EXPECT_TRUE(refused("delete", "DELETE /keys/{{password}}"));
  EXPECT_TRUE(refused("delete", "DELETE /keys/{{id"));
  EXPECT_TRUE(refused("disable", ""));
  EXPECT_TRUE(refused("id_at", "id"));
  EXPECT_TRUE(refused("auth", "Authorization"));
  EXPECT_TRUE(refused("style", "other"));
  EXPECT_TRUE(refused("slot_names", "a,a"));
  EXPECT_TRUE(refused("slots", "1"));
}

TEST(JsonPointer, finds_what_the_standard_says) {
  const auto json = codec::JsonDocument::parse(
      R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"m~n":8,"deep":[{"x":true}]})");
  const auto text = [&](const char* pointer) { return text_at(json->root(), pointer); };
  EXPECT_EQ(text("/foo/0"), "bar");
  EXPECT_EQ(text("/"), "0");
  EXPECT_EQ(text("/a~1b"), "1");
  EXPECT_EQ(text("/c%d"), "2");
  EXPECT_EQ(text("/m~0n"), "8");
  EXPECT_EQ(text("/foo"), std::nullopt);
  EXPECT_EQ(text("/foo/2"), std::nullopt);
  EXPECT_EQ(text("/foo/00"), std::nullopt);
  EXPECT_EQ(text("/deep/0/x"), std::nullopt);
  EXPECT_TRUE(at_json_pointer(json->root(), "/deep/0/x")->boolean().value());
  for (const char* bad : {"foo", "/~", "/~2", "#/foo"})
    EXPECT_FALSE(check_json_pointer(bad)) << bad;
}

}  // namespace
}  // namespace kw::connectors
