#include "secrets/generator.h"

#include <cmath>
#include <map>
#include <set>

#include "crypto/key.h"
#include "secrets/house_for_test.h"
#include "secrets/webhook_signature.h"

namespace kw::secrets {
namespace {

std::string one(std::string_view text) {
  const auto made = must(generate(must(parse_generator(text))));
  EXPECT_EQ(made.size(), 1u);
  return shown(made.front().second);
}

TEST(Generator, the_default_is_43_url_safe_characters) {
  const std::string made = one("");
  EXPECT_EQ(made.size(), 43u);
  EXPECT_EQ(
      made.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
      made.npos);
  EXPECT_NE(one(""), made);
}

TEST(Generator, a_webhook_secret_is_one_of_32_bytes) {
  const auto made = must(generate(must(parse_generator("webhook"))));
  EXPECT_TRUE(shown(made.front().second).starts_with("whsec_"));
  EXPECT_EQ(must(webhook_key(made.front().second)).size(), 32u);
}

TEST(Generator, a_password_is_as_its_policy_says) {
  for (int i = 0; i < 200; ++i) {
    const std::string made =
        one("password length=20 alphabet=print classes=lower,upper,digit,symbol");
    EXPECT_EQ(made.size(), 20u);
    EXPECT_NE(made.find_first_of("abcdefghijklmnopqrstuvwxyz"), made.npos);
    EXPECT_NE(made.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), made.npos);
    EXPECT_NE(made.find_first_of("0123456789"), made.npos);
    EXPECT_NE(made.find_first_of("!#%&()*+,-./:;<=>?@[]^_{|}~"), made.npos);
    EXPECT_EQ(made.find_first_of("'\"\\$` \n"), made.npos);
  }
}

TEST(Generator, every_character_is_equally_likely) {
  std::map<char, int> counts;
  constexpr int kDrawn = 256 * 400;
  for (int i = 0; i < 400; ++i)
    for (const char c : one("length=256 alphabet=alnum")) ++counts[c];
  EXPECT_EQ(counts.size(), 62u);
  double chi = 0;
  for (const auto& [c, n] : counts) chi += std::pow(n - kDrawn / 62.0, 2) / (kDrawn / 62.0);
  EXPECT_LT(chi, 130);  // 61 degrees of freedom: above 130 once in a million
}

TEST(Generator, uuid_and_hex_have_their_forms) {
  const std::string uuid = one("uuid");
  ASSERT_EQ(uuid.size(), 36u);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
  EXPECT_EQ(one("hex").size(), 64u);
  EXPECT_EQ(one("hex bytes=16").size(), 32u);
}

TEST(Generator, key_pairs_are_pem_and_belong_together) {
  for (const char* kind : {"ed25519", "p-256", "rsa-3072"}) {
    const Value value = must(generate_value(must(parse_generator(kind)), nullptr));
    const std::string secret = shown(must(value.part("private_key")));
    EXPECT_TRUE(secret.starts_with("-----BEGIN PRIVATE KEY-----\n")) << kind;
    EXPECT_TRUE(secret.ends_with("\n-----END PRIVATE KEY-----\n")) << kind;
    EXPECT_TRUE(shown(must(value.part("public_key"))).starts_with("-----BEGIN PUBLIC KEY-----\n"));
  }
}

TEST(Generator, the_new_value_goes_into_its_field_and_others_stay) {
  const auto put = put_fields({{"username", "app"}, {"password", "old"}});
  const Value after = must(generate_value(must(parse_generator("length=30")), put.value.get()));
  EXPECT_EQ(shown(must(after.part("username"))), "app");
  EXPECT_EQ(must(after.part("password")).size(), 30u);
  const Value token = must(generate_value(must(parse_generator("hex field=token")), nullptr));
  EXPECT_EQ(must(token.part("token")).size(), 64u);
}

TEST(Generator, weak_or_unknown_wishes_are_refused) {
  for (const char* weak : {"length=8", "length=20 alphabet=digits", "length=19 alphabet=hex"})
    EXPECT_EQ(reason_of(parse_generator(weak)), "weak_generator") << weak;
  for (const char* bad :
       {"length=0", "length=257", "length=x", "length=-1", "alphabet=emoji", "classes=odd",
        "alphabet=digits length=99 classes=lower", "uuid length=3", "hex bytes=8", "uuid hex",
        "length=43 uuid", "colour=red", "ed25519 field=a", "field=A-B"})
    EXPECT_EQ(reason_of(parse_generator(bad)), "bad_generator") << bad;
}

}  // namespace
}  // namespace kw::secrets
