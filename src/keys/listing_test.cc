#include <set>

#include "keys/house_for_test.h"
#include "keys/listing_cursor.h"

namespace kw::keys {
namespace {

using crypto::Algorithm;

class Listing : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    for (int i = 0; i < 23; ++i) {
      NewKey wanted = wanted_key((i % 2 == 0 ? "even-" : "odd.") + std::to_string(i),
                                 i % 5 == 0 ? Algorithm::kHmacSha256 : Algorithm::kAes256Gcm);
      wanted.owner = i % 3 == 0 ? "team-a" : "team-b";
      wanted.labels = {{"app", "app" + std::to_string(i % 4)}};
      if (i == 7) wanted.classification = Classification::kRestricted;
      must(house_.create(wanted));
      // Two keys share each creation time: the order must still be total.
      if (i % 2 == 1) house_.clock.advance(std::chrono::seconds(1));
    }
    must(house_.create("stranger", Algorithm::kAes256Gcm, "globex"));
  }

  std::vector<std::string> all(Keyring::Filter filter) {
    std::vector<std::string> names;
    do {
      const auto page = must(house_.keyring->list(filter));
      EXPECT_LE(page.keys.size(), static_cast<std::size_t>(filter.limit));
      for (const auto& key : page.keys) names.push_back(key->name);
      filter.after = page.next;
    } while (!filter.after.empty() && names.size() < 1000);
    return names;
  }
  std::size_t count(void (*set)(Keyring::Filter&)) {
    Keyring::Filter filter;
    filter.tenant = "acme";
    filter.limit = 4;
    set(filter);
    const auto names = all(filter);
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
    return names.size();
  }

  TestHouse house_{GetParam()};
};

TEST_P(Listing, pages_through_every_order_without_gap_or_repetition) {
  Keyring::Filter filter;
  filter.tenant = "acme";
  filter.limit = 7;
  for (const std::string order : {"name", "created"}) {
    filter.sort = order;
    auto up = all(filter);
    EXPECT_EQ(up.size(), 23u) << order;
    EXPECT_EQ(std::set<std::string>(up.begin(), up.end()).size(), 23u) << order;
    filter.sort = "-" + order;
    auto down = all(filter);
    EXPECT_EQ(std::vector<std::string>(down.rbegin(), down.rend()), up) << order;
  }
}

TEST_P(Listing, filters_by_each_attribute) {
  EXPECT_EQ(count([](Keyring::Filter& f) { f.owner = "team-a"; }), 8u);
  EXPECT_EQ(count([](Keyring::Filter& f) { f.prefix = "even-"; }), 12u);
  EXPECT_EQ(count([](Keyring::Filter& f) { f.prefix = "even.1"; }), 0u);
  EXPECT_EQ(count([](Keyring::Filter& f) { f.label = "app=app3"; }), 5u);
  EXPECT_EQ(count([](Keyring::Filter& f) { f.label = "app=APP3"; }), 0u);
  EXPECT_EQ(count([](Keyring::Filter& f) { f.purpose = "mac"; }), 5u);
  EXPECT_EQ(count([](Keyring::Filter& f) { f.algorithm = "hmac-sha256"; }), 5u);
  EXPECT_EQ(count([](Keyring::Filter& f) { f.classification = Classification::kRestricted; }), 1u);
  EXPECT_EQ(count([](Keyring::Filter& f) { f.state = "primary"; }), 23u);
  EXPECT_EQ(count([](Keyring::Filter& f) { f.state = "retired"; }), 0u);
  EXPECT_EQ(count([](Keyring::Filter& f) {
              f.owner = "team-a";
              f.prefix = "odd";
            }),
            4u);
}

TEST_P(Listing, finds_a_state_and_an_algorithm_only_together_in_one_version) {
  must(house_.create("mixed", Algorithm::kRsa3072Oaep));
  Keyring::Rotate rotate;
  rotate.algorithm = Algorithm::kAes256Gcm;
  must(house_.rotate("mixed", rotate));
  const auto both = [](const char* state) {
    Keyring::Filter filter;
    filter.tenant = "acme";
    filter.algorithm = "rsa-3072-oaep-sha256";
    filter.state = state;
    return filter;
  };
  EXPECT_EQ(all(both("secondary")), std::vector<std::string>{"mixed"});
  EXPECT_TRUE(all(both("primary")).empty());
}

TEST_P(Listing, shows_all_tenants_only_when_none_is_named) {
  Keyring::Filter filter;
  filter.limit = 10;
  for (const char* order : {"name", "-name", "created", "-created"}) {
    filter.sort = order;
    EXPECT_EQ(all(filter).size(), 24u) << order;
  }
  filter.tenant = "globex";
  EXPECT_EQ(all(filter), std::vector<std::string>{"stranger"});
  EXPECT_EQ(must(house_.keyring->list(filter)).keys[0]->tenant_name, "globex");
  filter.tenant = "nobody";
  EXPECT_EQ(reason_of(house_.keyring->list(filter)), "not_found");
}

TEST_P(Listing, refuses_nonsense) {
  const auto refusal = [&](void (*set)(Keyring::Filter&)) {
    Keyring::Filter filter;
    set(filter);
    return reason_of(house_.keyring->list(filter));
  };
  EXPECT_EQ(refusal([](Keyring::Filter& f) { f.limit = 0; }), "bad_limit");
  EXPECT_EQ(refusal([](Keyring::Filter& f) { f.limit = 1001; }), "bad_limit");
  EXPECT_EQ(refusal([](Keyring::Filter& f) { f.sort = "owner"; }), "bad_sort");
  EXPECT_EQ(refusal([](Keyring::Filter& f) { f.after = "???"; }), "bad_cursor");
  EXPECT_EQ(refusal([](Keyring::Filter& f) { f.label = "novalue"; }), "bad_label");
  EXPECT_EQ(refusal([](Keyring::Filter& f) { f.state = "PRIMARY"; }), "unknown_state");
  EXPECT_EQ(refusal([](Keyring::Filter& f) { f.algorithm = "rot13"; }), "unknown_algorithm");
  EXPECT_EQ(refusal([](Keyring::Filter& f) { f.prefix = "a%"; }), "bad_name");
}

INSTANTIATE_TEST_SUITE_P(On, Listing, testing::Values(Engine::kSqlite, Engine::kPostgres),
                         [](const auto& each) {
                           return each.param == Engine::kSqlite ? "sqlite" : "postgres";
                         });

TEST(ListingCursor, round_trips_in_its_own_order_only) {
  Cursor cursor;
  cursor.sort = Sort::kName;
  cursor.name = "orders";
  const std::string text = cursor_text(cursor);
  EXPECT_EQ(must(parse_cursor(text, Sort::kName)).name, "orders");
  EXPECT_EQ(reason_of(parse_cursor(text, Sort::kCreated)), "bad_cursor");
  EXPECT_EQ(reason_of(parse_cursor(text, Sort::kNameDown)), "bad_cursor");
}

TEST(ListingCursor, refuses_every_damaged_text) {
  Cursor cursor;
  cursor.name = "orders";
  const std::string text = cursor_text(cursor);
  for (std::size_t size = 1; size < text.size(); ++size)
    EXPECT_EQ(reason_of(parse_cursor(text.substr(0, size), Sort::kName)), "bad_cursor") << size;
  EXPECT_EQ(reason_of(parse_cursor(text + "AAAA", Sort::kName)), "bad_cursor");
  EXPECT_EQ(reason_of(parse_cursor(std::string(100'000, 'A'), Sort::kName)), "bad_cursor");
}

}  // namespace
}  // namespace kw::keys
