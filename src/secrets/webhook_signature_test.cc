#include "secrets/webhook_signature.h"

#include <gtest/gtest.h>

#include "base/reveal.h"
#include "codec/base64.h"
#include "crypto/digest.h"

namespace kw::secrets {
namespace {

using std::chrono::seconds;

SecretBytes secret(std::string_view text) {
  return SecretBytes::copy_of(as_bytes(text));
}
WallTime at(std::int64_t second) {
  return from_micros(second * 1'000'000);
}

// From the specification of Standard Webhooks.
constexpr std::string_view kKnownSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view kKnownId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::int64_t kKnownTime = 1614265330;
constexpr std::string_view kKnownBody = R"({"test": 2432232314})";
constexpr std::string_view kKnownSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

TEST(WebhookSignature, is_that_of_the_specification) {
  const SecretBytes known = secret(kKnownSecret);
  const SecretBytes* const secrets[] = {&known};
  EXPECT_EQ(sign_webhook(secrets, {kKnownId, kKnownTime, kKnownBody}).value(), kKnownSignature);
  EXPECT_EQ(
      verify_webhook(secrets,
                     {WebhookForm::kStandard, kKnownId, "1614265330", kKnownSignature, kKnownBody},
                     at(kKnownTime + 10), seconds(300))
          .value(),
      0u);
}

TEST(WebhookSignature, holds_one_of_each_live_version_and_tells_which_one_signed) {
  const SecretBytes fresh = new_webhook_secret(), old = new_webhook_secret();
  const SecretBytes* const both[] = {&fresh, &old};
  const SecretBytes* const only_old[] = {&old};
  const std::string overlap = sign_webhook(both, {"m", 1000, "{}"}).value();
  EXPECT_EQ(std::count(overlap.begin(), overlap.end(), ' '), 1);
  const auto verify = [](auto secrets, std::string_view signature) {
    return verify_webhook(secrets, {WebhookForm::kStandard, "m", "1000", signature, "{}"}, at(1000),
                          seconds(300));
  };
  EXPECT_EQ(verify(std::span(both), overlap).value(), 0u);
  EXPECT_EQ(verify(std::span(only_old), overlap).value(), 0u);
  EXPECT_EQ(verify(std::span(both), sign_webhook(only_old, {"m", 1000, "{}"}).value()).value(), 1u);
}

TEST(WebhookSignature, fits_one_message_one_time_and_one_secret) {
  const SecretBytes mine = new_webhook_secret(), other = new_webhook_secret();
  const SecretBytes* const secrets[] = {&mine};
  const SecretBytes* const others[] = {&other};
  const std::string signature = sign_webhook(secrets, {"m", 1000, "{}"}).value();
  const auto reason = [&](auto by, std::string_view id, std::string_view time,
                          std::string_view header, std::string_view body, std::int64_t now) {
    const auto found =
        verify_webhook(by, {WebhookForm::kStandard, id, time, header, body}, at(now), seconds(300));
    return found ? std::string("fits") : found.error().reason;
  };
  const std::span mine_only(secrets);
  EXPECT_EQ(reason(mine_only, "m", "1000", signature, "{}", 1300), "fits");
  EXPECT_EQ(reason(mine_only, "m", "1000", signature, "{}", 700), "fits");
  EXPECT_EQ(reason(mine_only, "m", "1000", signature, "{}", 1301), "webhook_time");
  EXPECT_EQ(reason(mine_only, "m", "1000", signature, "{}", 699), "webhook_time");
  EXPECT_EQ(reason(mine_only, "n", "1000", signature, "{}", 1000), "webhook_signature");
  EXPECT_EQ(reason(mine_only, "m", "1001", signature, "{}", 1000), "webhook_signature");
  EXPECT_EQ(reason(mine_only, "m", "01000", signature, "{}", 1000), "webhook_signature");
  EXPECT_EQ(reason(mine_only, "m", "", signature, "{}", 1000), "webhook_signature");
  EXPECT_EQ(reason(mine_only, "m", "1000", signature, "{} ", 1000), "webhook_signature");
  EXPECT_EQ(reason(mine_only, "m", "1000", "", "{}", 1000), "webhook_signature");
  EXPECT_EQ(reason(mine_only, "m", "1000", signature.substr(3), "{}", 1000), "webhook_signature");
  EXPECT_EQ(reason(std::span(others), "m", "1000", signature, "{}", 1000), "webhook_signature");
}

TEST(WebhookSignature, unknown_kinds_of_signatures_are_passed_over_and_too_many_are_not_tried) {
  const SecretBytes mine = new_webhook_secret();
  const SecretBytes* const secrets[] = {&mine};
  const std::string ours = sign_webhook(secrets, {"m", 1000, "{}"}).value();
  const auto fits = [&](const std::string& header) {
    return verify_webhook(secrets, {WebhookForm::kStandard, "m", "1000", header, "{}"}, at(1000),
                          seconds(300))
        .has_value();
  };
  EXPECT_TRUE(fits("v1a,abcd v2,xyz " + ours));
  EXPECT_TRUE(fits("v1,AAAA v1,!!!! " + ours + " "));
  std::string flood;
  for (int i = 0; i < 16; ++i) flood += "v1," + codec::base64(crypto::sha256(as_bytes("x"))) + " ";
  EXPECT_FALSE(fits(flood + ours));
}

TEST(WebhookSignature, other_senders_forms_are_read_as_well) {
  const SecretBytes mine = secret("It's a Secret to Everybody");
  const SecretBytes* const secrets[] = {&mine};
  // Published example of a sender of this form.
  EXPECT_TRUE(verify_webhook(
      secrets,
      {WebhookForm::kHexOfBody, "", "",
       "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", "Hello, World!"},
      at(0), seconds(0)));
  const std::string tag = codec::hex(crypto::hmac_sha256(mine, as_bytes("1000.{}")));
  const auto timed = [&](const std::string& header, std::int64_t now) {
    const auto found = verify_webhook(secrets, {WebhookForm::kTimedHex, "", "", header, "{}"},
                                      at(now), seconds(300));
    return found ? std::string("fits") : found.error().reason;
  };
  EXPECT_EQ(timed("t=1000,v1=" + tag, 1000), "fits");
  EXPECT_EQ(timed("t=1000,v1=00,v0=ff,v1=" + tag, 1000), "fits");
  EXPECT_EQ(timed("t=1000,v1=" + tag, 2000), "webhook_time");
  EXPECT_EQ(timed("t=1000,t=1001,v1=" + tag, 1000), "fits");
  EXPECT_EQ(timed("v1=" + tag, 1000), "webhook_signature");
}

TEST(WebhookSignature, a_secret_is_whsec_and_24_to_64_bytes) {
  for (const char* text :
       {"", "whsec_", "whsec_AAAA", "plain text", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZ"})
    EXPECT_FALSE(webhook_key(secret(text))) << text;
  EXPECT_EQ(webhook_key(new_webhook_secret()).value().size(), 32u);
  const SecretBytes mine = new_webhook_secret();
  const SecretBytes* const secrets[] = {&mine};
  for (const char* id : {"", "a b", "a.b", "a\nb"})
    EXPECT_EQ(sign_webhook(secrets, {id, 1000, ""}).error().reason, "bad_webhook_id");
  EXPECT_EQ(sign_webhook(secrets, {"m", -1, ""}).error().reason, "bad_webhook_timestamp");
  EXPECT_EQ(sign_webhook({}, {"m", 1, ""}).error().reason, "bad_webhook_secret");
}

}  // namespace
}  // namespace kw::secrets
