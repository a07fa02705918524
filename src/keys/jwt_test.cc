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

std::string token_of(std::string_view header, std::string_view claims,
                     std::string_view signature = "c2ln") {
  return codec::base64url(as_bytes(header)) + "." + codec::base64url(as_bytes(claims)) + "." +
         std::string(signature);
}
std::string refused(const std::string& token) {
  const auto parsed = parse_token(token);
  return parsed ? std::string() : parsed.error().reason;
}

TEST(Jwt, a_token_from_anywhere_is_taken_apart_and_not_believed) {
  const std::string text =
      token_of(R"({"alg":"none","kid":"k"})", R"({"exp":5,"nbf":-3,"iat":4,"sub":"a"})");
  const auto token = parse_token(text);
  ASSERT_TRUE(token) << token.error().reason;
  EXPECT_EQ(token->algorithm, "none");
  EXPECT_EQ(token->kid, "k");
  EXPECT_EQ(token->claims, R"({"exp":5,"nbf":-3,"iat":4,"sub":"a"})");
  EXPECT_EQ(token->input, text.substr(0, text.rfind('.')));
  EXPECT_EQ(as_text(token->signature), "sig");
  EXPECT_EQ(token->expires, 5);
  EXPECT_EQ(token->not_before, -3);
  EXPECT_EQ(token->issued, 4);
}

TEST(Jwt, what_is_no_token_is_refused_by_name) {
  const char* header = R"({"alg":"ES256","kid":"k"})";
  EXPECT_EQ(refused(token_of(header, "{}")), "");
  EXPECT_EQ(refused(std::string(kTokenBytesMax + 1, '.')), "token_too_large");
  for (const std::string& token :
       {std::string(), std::string("a.b"), std::string("a.b.c.d"), token_of("[]", "{}"),
        token_of(header, "[]"), token_of(header, "{"), token_of(R"({"alg":"ES256"})", "{}"),
        token_of(R"({"kid":"k"})", "{}"), token_of(R"({"alg":1,"kid":"k"})", "{}"),
        token_of(R"({"alg":"ES256","kid":"k","crit":["x"]})", "{}"),
        token_of(R"({"alg":"ES256","kid":"k","kid":"l"})", "{}"),
        token_of(header, R"({"exp":"5"})"), token_of(header, R"({"exp":1.5})"),
        token_of(header, "{}", "c2ln=="), token_of(header, "{}", "c2\nln"),
        " " + token_of(header, "{}")})
    EXPECT_EQ(refused(token), "bad_token") << token;
}

}  // namespace
}  // namespace kw::keys
