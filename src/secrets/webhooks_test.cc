#include "secrets/webhooks.h"

#include "codec/base64.h"
#include "crypto/digest.h"
#include "secrets/house_for_test.h"

namespace kw::secrets {
namespace {

using Kind = WebhookVerdict::Kind;
using std::chrono::seconds;

class Webhooks : public testing::Test {
 protected:
  void SetUp() override { must(house.put("hook", made("webhook"))); }
  static Put made(const char* type) {
    Put wanted = put_generated("webhook");
    wanted.metadata.type = type;
    return wanted;
  }
  void rotate() { must(house.put("hook", put_generated("webhook"))); }
  std::int64_t now() { return to_micros(house.clock.wall()) / 1'000'000; }
  SignedWebhook sign(const std::string& path = "hook") {
    return must(sign_with(*house.secrets, "acme", path, {"msg_1", now(), "{}"}));
  }
  WebhookVerdict verify(const std::string& signature, std::string_view body = "{}",
                        std::int64_t age = 0) {
    const std::string time = std::to_string(now() - age);
    return must(verify_with(*house.secrets, "acme", "hook",
                            {WebhookForm::kStandard, "msg_1", time, signature, body},
                            seconds(300)));
  }
  std::string refusal(const std::string& path) {
    return reason_of(sign_with(*house.secrets, "acme", path, {"msg_1", now(), "{}"}));
  }
  static std::string first(const std::string& signatures) {
    return signatures.substr(0, signatures.find(' '));
  }
  using Versions = std::vector<std::uint32_t>;

  TestHouse house;
};

TEST_F(Webhooks, every_live_version_signs_and_the_primary_is_first) {
  EXPECT_EQ(sign().versions, Versions{1});
  rotate();
  EXPECT_EQ(sign().versions, (Versions{2, 1}));
  rotate();
  EXPECT_EQ(sign().versions, (Versions{3, 2})) << "the one before the last is retired";
  must(
      house.change([&](Change c) { return house.secrets->roll_back(c, house.secret("hook"), 0); }));
  EXPECT_EQ(sign().versions, (Versions{2, 3}));
}

TEST_F(Webhooks, what_a_receiver_may_have_verifies_and_says_which_version_it_was) {
  const std::string old = sign().signature;
  rotate();
  const std::string both = sign().signature;
  EXPECT_EQ(verify(both).version, 2u);
  const WebhookVerdict still = verify(old);
  EXPECT_EQ(still.kind, Kind::kValid);
  EXPECT_EQ(still.version, 1u);
  rotate();
  const WebhookVerdict late = verify(old);
  EXPECT_EQ(late.kind, Kind::kUntrusted);
  EXPECT_EQ(late.version, 1u);
  EXPECT_EQ(late.reason, "retired");
}

TEST_F(Webhooks, what_nobody_signed_or_too_long_ago_is_invalid) {
  const std::string signature = sign().signature;
  const WebhookVerdict other = verify(signature, "{\"amount\":1}");
  EXPECT_EQ(other.kind, Kind::kInvalid);
  EXPECT_EQ(other.version, 0u);
  EXPECT_EQ(other.reason, "webhook_signature");
  EXPECT_EQ(verify("").kind, Kind::kInvalid);
  EXPECT_EQ(verify("v1,AAAA v2,x ,,").kind, Kind::kInvalid);
  house.clock.advance(seconds(301));
  EXPECT_EQ(verify(signature, "{}", 301).reason, "webhook_time");
  EXPECT_EQ(verify(signature, "{}", 301).kind, Kind::kInvalid);
}

TEST_F(Webhooks, only_secrets_of_the_type_sign) {
  must(house.put("plain", put_generated("webhook")));
  EXPECT_EQ(refusal("plain"), "not_a_webhook");
  must(house.put("in", made("webhook-inbound")));
  EXPECT_EQ(refusal("in"), "not_a_webhook");
  EXPECT_EQ(refusal("nothing"), "not_found");
  Put by_hand = put_text("no webhook secret");
  by_hand.metadata.type = "webhook";
  must(house.put("by-hand", by_hand));
  EXPECT_EQ(refusal("by-hand"), "bad_webhook_secret");
  must(house.change([&](Change c) { return house.secrets->remove(c, house.secret("hook")); }));
  EXPECT_EQ(refusal("hook"), "secret_deleted");
}

TEST_F(Webhooks, other_senders_sign_the_body_alone_with_any_text) {
  Put given = put_text("not-base64!");
  given.metadata.type = "webhook-inbound";
  must(house.put("git", given));
  const auto check = [&](std::string_view signature) {
    return must(verify_with(*house.secrets, "acme", "git",
                            {WebhookForm::kHexOfBody, "", "", signature, "body"}, seconds(300)));
  };
  const SecretBytes key = secret_text("not-base64!");
  const std::string right = "sha256=" + codec::hex(crypto::hmac_sha256(key, as_bytes("body")));
  EXPECT_EQ(check(right).kind, Kind::kValid);
  EXPECT_EQ(check("sha256=00").kind, Kind::kInvalid);
}

TEST_F(Webhooks, a_value_that_is_over_signs_nothing) {
  Put brief = made("webhook");
  brief.expires_at = house.clock.wall() + seconds(60);
  must(house.put("brief", brief));
  EXPECT_EQ(sign("brief").versions, Versions{1});
  house.clock.advance(seconds(61));
  EXPECT_EQ(refusal("brief"), "version_expired");
}

}  // namespace
}  // namespace kw::secrets
