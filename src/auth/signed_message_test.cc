#include "auth/signed_message.h"

#include <gtest/gtest.h>

#include "base/reveal.h"
#include "codec/base64.h"
#include "crypto/digest.h"

namespace kw::auth {
namespace {

const WallTime kNow = from_micros(1'674'087'231'000'000);

SecretBytes secret_of(std::string_view base64) {
  auto secret = codec::secret_from_base64(base64);
  return *std::move(secret);
}

std::string signature(const SecretBytes& secret, const std::string& text) {
  return "v1," + codec::base64(crypto::hmac_sha256(secret, as_bytes(text)));
}

class SignedMessages : public testing::Test {
 protected:
  std::string reason(const SignedMessage& message, WallTime now = kNow) {
    const Status checked = check_signed_message(secret_, message, now);
    return checked ? "" : checked.error().reason;
  }
  SecretBytes secret_ = new_message_secret();
  std::string good_ = signature(secret_, "msg_1.1674087231.{}");
};

// @source the example of the Standard Webhooks specification.
TEST(SignedMessage, verifies_the_example_of_the_specification) {
  const SecretBytes secret = secret_of("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  const SignedMessage message{
      "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", R"({"test": 2432232314})"};
  EXPECT_TRUE(check_signed_message(secret, message, from_micros(1'614'265'330'000'000)));
}

TEST_F(SignedMessages, accepts_one_good_signature_among_several) {
  const std::string several = "v2,xxxx v1,AAAA " + good_;
  EXPECT_EQ(reason({"msg_1", "1674087231", several, "{}"}), "");
}

TEST_F(SignedMessages, refuses_another_body_id_time_or_secret) {
  EXPECT_EQ(reason({"msg_1", "1674087231", good_, "{ }"}), "signature_invalid");
  EXPECT_EQ(reason({"msg_2", "1674087231", good_, "{}"}), "signature_invalid");
  EXPECT_EQ(reason({"msg_1", "1674087232", good_, "{}"}), "signature_invalid");
  const std::string foreign = signature(new_message_secret(), "msg_1.1674087231.{}");
  EXPECT_EQ(reason({"msg_1", "1674087231", foreign, "{}"}), "signature_invalid");
}

TEST_F(SignedMessages, refuses_messages_more_than_five_minutes_away) {
  const SignedMessage message{"msg_1", "1674087231", good_, "{}"};
  for (const int seconds : {-300, 0, 300})
    EXPECT_EQ(reason(message, kNow + std::chrono::seconds(seconds)), "") << seconds;
  for (const int seconds : {-301, 301})
    EXPECT_EQ(reason(message, kNow + std::chrono::seconds(seconds)), "signature_invalid");
}

TEST_F(SignedMessages, refuses_what_is_not_in_form) {
  for (const char* id : {"", "a b", "a/b", "\xff"})
    EXPECT_EQ(reason({id, "1674087231", good_, "{}"}), "signature_invalid") << id;
  for (const char* time : {"", "-1", "+1674087231", "1674087231.0", "0x1", "99999999999999999999"})
    EXPECT_EQ(reason({"msg_1", time, good_, "{}"}), "signature_invalid") << time;
  for (const char* signatures : {"", " ", "v1,", "v1", "v1,!!", "v1,AAAA"})
    EXPECT_EQ(reason({"msg_1", "1674087231", signatures, "{}"}), "signature_invalid");
}

TEST(SignedMessage, gives_secrets_their_prefix) {
  const WipedText text = message_secret_text(new_message_secret());
  EXPECT_TRUE(std::string_view(text).starts_with("whsec_"));
  EXPECT_EQ(text.size(), 6u + 44u);
}

}  // namespace
}  // namespace kw::auth
