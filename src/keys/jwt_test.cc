#include "keys/jwt.h"

#include <gtest/gtest.h>

#include "codec/base64.h"

namespace kw::keys {
namespace {

using std::chrono::seconds;

const WallTime kNow = from_micros(1'800'000'000'000'000);

std::string checked(std::string_view claims) {
  const Status outcome = check_claims(claims, seconds(3600), kNow);
  return outcome ? std::string() : outcome.error().reason;
}

TEST(Jwt, a_token_ends_within_the_life_that_its_key_stays_published) {
  EXPECT_EQ(checked(R"({"exp":1800000001})"), "");
  EXPECT_EQ(checked(R"({"sub":"a","exp":1800003600})"), "");
  for (const char* claims :
       {R"({"exp":1800003601})", R"({"exp":1800000000})", R"({"exp":1799999999})", R"({})",
        R"({"exp":"1800000001"})", R"({"exp":1800000001.5})", R"({"exp":9223372036854775807})",
        R"({"exp":-9223372036854775808})"})
    EXPECT_EQ(checked(claims), "bad_token_expiry") << claims;
  EXPECT_EQ(checked("[]"), "json_type");
  EXPECT_EQ(checked("{"), "json_syntax");
}

TEST(Jwt, the_header_names_algorithm_version_and_type) {
  const auto input =
      signing_input({crypto::Algorithm::kEcdsaP256, "kid-1", "at+jwt"}, R"({"exp":1})");
  ASSERT_TRUE(input) << input.error().reason;
  const std::size_t dot = input->find('.');
  const auto header = codec::from_base64url(input->substr(0, dot));
  const auto claims = codec::from_base64url(input->substr(dot + 1));
  ASSERT_TRUE(header && claims);
  EXPECT_EQ(as_text(*header), R"({"alg":"ES256","kid":"kid-1","typ":"at+jwt"})");
  EXPECT_EQ(as_text(*claims), R"({"exp":1})");
}

TEST(Jwt, what_jws_does_not_know_signs_no_tokens) {
  EXPECT_EQ(signing_input({crypto::Algorithm::kMlDsa65, "k"}, "{}").error().reason,
            "no_jws_algorithm");
  EXPECT_EQ(check_token_type("a\"b").error().reason, "bad_token_type");
  EXPECT_EQ(check_token_type("").error().reason, "bad_token_type");
  EXPECT_EQ(check_token_type(std::string(65, 'a')).error().reason, "bad_token_type");
  EXPECT_TRUE(check_token_type("at+jwt"));
}

}  // namespace
}  // namespace kw::keys
