#include <set>

#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/digest.h"
#include "keys/house_for_test.h"
#include "keys/jwks.h"
#include "keys/kid.h"
#include "keys/message_budget.h"
#include "keys/operations.h"
#include "keys/usage.h"

namespace kw::keys {
namespace {

using crypto::Algorithm;
using enum VersionState;

class PublicKeys : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override { house = std::make_unique<TestHouse>(GetParam()); }
  Key make_token_key(const std::string& name, Algorithm algorithm,
                     const std::string& tenant = "acme") {
    NewKey wanted = wanted_key(name, algorithm);
    wanted.labels = {{"use", "jwt"}};
    return must(house->create(std::move(wanted), tenant));
  }
  std::vector<std::string> names(const std::string& tenant = "acme") {
    std::vector<std::string> all;
    const auto keys = must(house->keyring->token_keys(tenant));
    for (const auto& key : *keys) all.push_back(key->name);
    return all;
  }

  std::unique_ptr<TestHouse> house;
};

INSTANTIATE_TEST_SUITE_P(Engines, PublicKeys, testing::Values(Engine::kSqlite, Engine::kPostgres),
                         [](const auto& each) {
                           return each.param == Engine::kSqlite ? "sqlite" : "postgres";
                         });

TEST_P(PublicKeys, only_keys_with_the_label_are_token_keys_and_a_change_shows_at_once) {
  make_token_key("b", Algorithm::kEcdsaP256);
  make_token_key("a", Algorithm::kHmacSha256);
  must(house->create("releases", Algorithm::kEd25519));
  EXPECT_EQ(names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(names("nowhere").empty());
  Key changed = house->key("b");
  changed.labels.clear();
  must(house->change([&](Change c) { return house->keyring->update(c, changed, changed.epoch); }));
  EXPECT_EQ(names(), (std::vector<std::string>{"a"}));
}

TEST_P(PublicKeys, a_version_is_found_by_its_kid_in_every_state) {
  const Key key = make_token_key("k", Algorithm::kEcdsaP256);
  must(house->rotate("k"));
  const std::string kid = must(house->keyring->kid(key, key.versions[0]));
  EXPECT_EQ(kid.size(), 43u);
  for (const VersionState state : {kRetired, kArchived, kRevoked, kDestroying}) {
    must(house->move("k", 1, state));
    const PublicVersion found = must(house->keyring->public_version("acme", kid));
    EXPECT_EQ(found.key->name, "k");
    EXPECT_EQ(found.key->version(found.number)->state, state);
  }
  EXPECT_EQ(reason_of(house->keyring->public_version("other", kid)), "not_found");
  EXPECT_EQ(reason_of(house->keyring->public_version("acme", kid + "x")), "not_found");
}

TEST_P(PublicKeys, a_public_key_that_is_stopped_anywhere_is_shown_as_stopped) {
  const auto material = must(crypto::generate(Algorithm::kEd25519));
  for (const char* name : {"a", "b"})
    must(house->change([&](Change c) {
      return house->keyring->import(c, "acme", wanted_key(name, Algorithm::kEd25519),
                                    material.secret);
    }));
  const Key key = house->key("a");
  const std::string kid = must(kid_of(key, key.versions[0]));
  must(house->move("b", 1, kRevoked));
  EXPECT_EQ(must(house->keyring->public_version("acme", kid)).key->name, "b");
}

TEST_P(PublicKeys, an_index_that_leads_elsewhere_is_noticed) {
  const Key key = make_token_key("k", Algorithm::kEd25519);
  const std::string kid = must(kid_of(key, key.versions[0]));
  must(house->rotate("k"));
  must(house->tamper("UPDATE key_kid SET version = 3 - version"));
  EXPECT_EQ(reason_of(house->keyring->public_version("acme", kid)), "row_tampered");
}

TEST_P(PublicKeys, kids_differ_between_versions_and_tell_nothing_of_a_secret) {
  std::set<std::string> kids;
  for (const Algorithm algorithm :
       {Algorithm::kEd25519, Algorithm::kEcdsaP521, Algorithm::kHmacSha256}) {
    const std::string name(crypto::info(algorithm).name);
    make_token_key(name, algorithm);
    must(house->rotate(name));
    const Key key = house->key(name);
    for (const Version& version : key.versions)
      kids.insert(must(house->keyring->kid(key, version)));
  }
  EXPECT_EQ(kids.size(), 6u);
  const Key cipher = must(house->create("cipher", Algorithm::kAes256Gcm));
  EXPECT_EQ(must(kid_of(cipher, cipher.versions[0])), "");
  // The same secret in two keys has two kids.
  const auto material = must(crypto::generate(Algorithm::kHmacSha256));
  for (const char* name : {"x", "y"})
    must(house->change([&](Change c) {
      return house->keyring->import(c, "acme", wanted_key(name, Algorithm::kHmacSha256),
                                    material.secret);
    }));
  const Key x = house->key("x"), y = house->key("y");
  EXPECT_NE(must(kid_of(x, x.versions[0])), must(kid_of(y, y.versions[0])));
}

TEST_P(PublicKeys, a_token_verifies_under_the_version_that_its_kid_names) {
  UsageLedger usage{*house->store, house->clock};
  MessageBudget budget{*house->store, MessageBudget::Options{4, 16}};
  Operations uses(*house->keyring, usage, budget, house->clock);
  for (const Algorithm algorithm :
       {Algorithm::kEcdsaP384, Algorithm::kEd25519, Algorithm::kHmacSha512}) {
    const std::string name(crypto::info(algorithm).name);
    make_token_key(name, algorithm);
    must(house->rotate(name));
    const Key key = house->key(name);
    const std::string claims = R"({"exp":1800000060})";
    const auto made = must(uses.sign_token(key, 0, {claims, "JWT", std::chrono::hours(1)}, "app"));
    EXPECT_EQ(made.version, 2u);
    const std::string token(as_text(made.content));
    const std::size_t dot = token.rfind('.');
    const Bytes signature = must(codec::from_base64url(token.substr(dot + 1)));
    const ByteView input = as_bytes(std::string_view(token).substr(0, dot));
    const Bytes header = must(codec::from_base64url(token.substr(0, token.find('.'))));
    const auto parsed = codec::JsonDocument::parse(as_text(header));
    ASSERT_TRUE(parsed);
    const std::uint32_t number = must(uses.version_of_kid(key, *parsed->root().text("kid")));
    EXPECT_EQ(number, 2u);
    const Verified verified = must(
        key.purpose == crypto::Purpose::kMac
            ? uses.verify_mac(key, number, input, signature, "app")
            : uses.verify(key, number,
                          SignatureClaim{input, signature, crypto::SignatureForm::kJose}, "app"));
    EXPECT_EQ(verified.verdict, Verdict::kValid) << name;
    EXPECT_EQ(reason_of(uses.version_of_kid(key, "nobody")), "unknown_kid");
  }
  const Key plain = must(house->create("plain", Algorithm::kEd25519));
  EXPECT_EQ(reason_of(uses.sign_token(plain, 0, {"{}", "JWT", std::chrono::hours(1)}, "app")),
            "no_token_key");
}

}  // namespace
}  // namespace kw::keys
