#include <gtest/gtest.h>

#include "auth/access.h"
#include "auth/room_for_tests.h"

namespace kw::auth {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class SecretIdTest : public Room {
 protected:
  void SetUp() override {
    Room::SetUp();
    if (IsSkipped()) return;
    add_principal("app", {{Role::kKeyUser, "acme"}});
    add_principal("other", {{Role::kKeyUser, "acme"}});
  }
  IssuedToken secret_id(seconds life = hours(24), std::string certificate = "") {
    const NewToken wanted{object_name("app"), life, seconds(0), std::move(certificate), true};
    IssuedToken issued;
    EXPECT_EQ(write([&](store::Tx& tx) -> Status {
                KW_TRY(issued, access().issue_token(tx, wanted));
                return ok();
              }),
              "");
    return issued;
  }
  std::string exchange(std::string_view secret, const char* role = "app",
                       std::string_view certificate = "") {
    return write([&](store::Tx& tx) -> Status {
      KW_TRY(last_, access().exchange_secret_id(tx, object_name(role), secret, certificate));
      return ok();
    });
  }
  IssuedToken last_;
};
INSTANTIATE_TEST_SUITE_P(Store, SecretIdTest, testing::Values("sqlite", "postgres"), engine_name);

TEST_P(SecretIdTest, is_exchanged_for_a_token_of_an_hour_again_and_again) {
  const IssuedToken secret = secret_id();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(exchange(secret.text), "");
    EXPECT_EQ(last_.expires_at, clock().wall() + hours(1));
    EXPECT_EQ(authenticate(last_), "");
  }
}

TEST_P(SecretIdTest, is_no_bearer_token_and_a_bearer_token_is_no_secret_id) {
  const IssuedToken secret = secret_id();
  EXPECT_EQ(secret.text.substr(0, 4), "kws_");
  EXPECT_EQ(authenticate(secret), "token_invalid");
  IssuedToken disguised = secret;
  disguised.text.replace(0, 4, "kwt_");
  EXPECT_EQ(authenticate(disguised), "token_invalid");
  EXPECT_EQ(exchange(issue("app").text), "secret_id_invalid");
}

TEST_P(SecretIdTest, every_refusal_is_the_same) {
  const IssuedToken secret = secret_id(minutes(10));
  EXPECT_EQ(exchange(secret.text, "other"), "secret_id_invalid");
  EXPECT_EQ(exchange(secret.text, "nobody"), "secret_id_invalid");
  EXPECT_EQ(exchange("kws_" + std::string(43, 'A')), "secret_id_invalid");
  EXPECT_EQ(exchange(""), "secret_id_invalid");
  EXPECT_EQ(exchange(std::string(1 << 20, 'k')), "secret_id_invalid");
  EXPECT_EQ(exchange(secret.text), "");
  EXPECT_EQ(last_.expires_at, clock().wall() + minutes(10));
  clock().advance(minutes(10));
  EXPECT_EQ(exchange(secret.text), "secret_id_invalid");
  const IssuedToken revoked = secret_id();
  EXPECT_EQ(write([&](store::Tx& tx) { return access().revoke_token(tx, revoked.accessor); }), "");
  EXPECT_EQ(exchange(revoked.text), "secret_id_invalid");
}

TEST_P(SecretIdTest, keeps_its_binding_to_a_certificate) {
  const std::string certificate(64, 'a');
  const IssuedToken secret = secret_id(hours(24), certificate);
  EXPECT_EQ(exchange(secret.text), "secret_id_invalid");
  EXPECT_EQ(exchange(secret.text, "app", certificate), "");
  EXPECT_EQ(authenticate(last_), "certificate_mismatch");
}

}  // namespace
}  // namespace kw::auth
