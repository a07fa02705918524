// What connectors to servers share: addresses, names, outcomes, texts of secrets.
#include <gtest/gtest.h>

#include "connectors/credential_text.h"
#include "connectors/outcome.h"
#include "connectors/principal_name.h"
#include "connectors/server_address.h"
#include "connectors/statement_template.h"

namespace kw::connectors {
namespace {

using secrets::Outcome;
using Accepted = secrets::Observed::Accepted;

constexpr secrets::SettingRule kRules[] = {
    kHostRule, {"port", "", false, "5432"}, kTlsRule, kCaFileRule};

TEST(ServerAddress, is_encrypted_unless_it_is_this_machine) {
  const auto local = read_address({{"host", "127.0.0.1"}, {"tls", "off"}}, kRules);
  ASSERT_TRUE(local);
  EXPECT_FALSE(local->tls);
  EXPECT_EQ(local->port, 5432);
  EXPECT_TRUE(read_address({{"host", "db.example"}}, kRules)->tls);
  for (const char* host : {"db.example", "10.0.0.1", "127.example", "localhost.example"})
    EXPECT_FALSE(read_address({{"host", host}, {"tls", "off"}}, kRules)) << host;
  for (const char* port : {"0", "65536", "-1", "5432x", ""})
    EXPECT_FALSE(read_address({{"host", "h"}, {"port", port}}, kRules)) << port;
  EXPECT_FALSE(read_address({{"host", "h"}, {"tls", "maybe"}}, kRules));
}

TEST(ServerAddress, lists_are_hosts_with_ports) {
  const ServerAddress first{"a", 1, true, "ca"};
  const auto two = read_addresses("b:2,[::1]:3", first);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->at(0).host, "b");
  EXPECT_EQ(two->at(1).port, 3);
  EXPECT_EQ(two->at(1).ca_file, "ca");
  EXPECT_TRUE(read_addresses("", first)->empty());
  for (const char* bad : {"b", ":2", "b:", "b:2,,"})
    EXPECT_FALSE(read_addresses(bad, first)) << bad;
}

TEST(PrincipalName, takes_turns_and_never_one_that_is_in_use) {
  const std::string a[] = {"app_a"}, b[] = {"app_b"}, both[] = {"app_a", "app_b"};
  EXPECT_EQ(*alternate_name("app", {1, {}}), "app_a");
  EXPECT_EQ(*alternate_name("app", {2, {}}), "app_b");
  EXPECT_EQ(*alternate_name("app", {1, a}), "app_b");
  EXPECT_EQ(*alternate_name("app", {2, b}), "app_a");
  EXPECT_EQ(alternate_name("app", {3, both}).error().reason, "no_free_slot");
}

TEST(PrincipalName, is_plain) {
  for (const char* good : {"app", "_x", "billing-app.v2", "A1"}) EXPECT_TRUE(check_base_name(good));
  for (const char* bad :
       {"", "1a", "-a", "a b", "a'b", "a\"", "a;b", "a\\", "\xc3\xbc", "a`b", "a%"})
    EXPECT_FALSE(check_base_name(bad)) << bad;
  EXPECT_FALSE(check_base_name(std::string(57, 'a')));
}

TEST(Outcome, silence_is_unknown_and_everything_else_an_answer) {
  EXPECT_EQ(answer_of(unreachable("X")).outcome, Outcome::kUnknown);
  EXPECT_EQ(answer_of(too_slow("X")).outcome, Outcome::kUnknown);
  EXPECT_EQ(answer_of(credential_refused("X", "")).outcome, Outcome::kDefiniteFail);
  EXPECT_EQ(answer_of(rejected_by_policy("X")).reason, "rejected_by_policy");
  EXPECT_EQ(accepted_by(ok()), Accepted::kYes);
  EXPECT_EQ(accepted_by(credential_refused("X", "")), Accepted::kNo);
  EXPECT_EQ(accepted_by(unreachable("X")), Accepted::kUnknown);
  EXPECT_EQ(accepted_by(bad_setting("X")), Accepted::kUnknown);
  EXPECT_EQ(answer_of_negative(ok()).reason, "any_secret_accepted");
  EXPECT_EQ(answer_of_negative(credential_refused("X", "")).outcome, Outcome::kOk);
  EXPECT_EQ(answer_of_negative(too_slow("X")).outcome, Outcome::kUnknown);
}

TEST(CredentialText, carries_what_protocols_can_carry) {
  const auto secret = [](std::string_view text) { return SecretBytes::copy_of(as_bytes(text)); };
  EXPECT_EQ(*credential_text(secret("'\"\\ \t")), "'\"\\ \t");
  for (const std::string_view bad : {std::string_view(""), std::string_view("a\0b", 3),
                                     std::string_view("a\n"), std::string_view("\r")})
    EXPECT_EQ(credential_text(secret(bad)).error().reason, "rejected_by_policy");
  EXPECT_EQ(*credential_text(mutated(secret("xyz"))), "Ayz");
  EXPECT_EQ(*credential_text(mutated(secret("Ayz"))), "Byz");
}

TEST(StatementTemplate, fills_every_hole_once) {
  EXPECT_EQ(fill_statements("a {{name}} b {{name}}", "\"x{{name}}\""),
            "a \"x{{name}}\" b \"x{{name}}\"");
  EXPECT_EQ(fill_statements("none", "x"), "none");
}

}  // namespace
}  // namespace kw::connectors
