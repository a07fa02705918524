// Rows that something else than this service changed are refused, whatever was changed.
#include "keys/house_for_test.h"

namespace kw::keys {
namespace {

using crypto::Algorithm;

class Tampering : public testing::Test {
 protected:
  void SetUp() override {
    must(house.create("victim", Algorithm::kAes256Gcm));
    must(house.rotate("victim"));
    must(house.create("other", Algorithm::kAes256Gcm));
    must(house.create("foreign", Algorithm::kAes256Gcm, "globex"));
  }
  std::string reason_after(const std::string& sql, const std::string& name = "victim") {
    must(house.tamper(sql));
    house.keyring->forget_all();
    return reason_of(house.keyring->find("acme", name));
  }
  TestHouse house;
};

TEST_F(Tampering, any_changed_column_is_noticed) {
  for (const std::string change :
       {"key_object SET owner = 'mallory'",
        "key_object SET exportable = 1",
        "key_object SET purpose = 'wrap'",
        "key_object SET purpose = 'nonsense'",
        "key_object SET classification = 0",
        "key_object SET classification = 77",
        "key_object SET regions = '[\"eu\"]'",
        "key_object SET labels = '{\"a\":\"b\"}'",
        "key_object SET labels = 'no json'",
        "key_object SET lease_grace = 7776000",
        "key_object SET created_at = 1",
        "key_object SET primary_version = 1",
        "key_object SET primary_version = -1",
        "key_object SET next_version = 9",
        "key_object SET version_changes = 0",
        "key_object SET epoch = epoch + 1",
        "key_object SET mac = public_key FROM key_version WHERE name = 'victim'",
        "key_version SET state = 'active' WHERE state = 'secondary'",
        "key_version SET state = 'nonsense' WHERE state = 'secondary'",
        "key_version SET state_before = 'active'",
        "key_version SET suspended_from = 'active'",
        "key_version SET cell = cell + 1",
        "key_version SET algorithm = 2",
        "key_version SET algorithm = 9999",
        "key_version SET origin = 'imported'",
        "key_version SET created_at = 5",
        "key_version SET promoted_at = NULL",
        "key_version SET demoted_at = 9000000000000000",
        "key_version SET destroy_after = 1",
        "key_version SET compromised_at = 1",
        "key_version SET reason = 'x'",
        "key_version SET epoch = epoch + 1",
        "key_version SET number = number + 5",
        "tenant SET name = 'acme2' WHERE name = 'acme'",
        "tenant SET created_at = 1",
        "tenant SET epoch = 5"}) {
    TestHouse fresh;
    must(fresh.create("victim", Algorithm::kAes256Gcm));
    must(fresh.rotate("victim"));
    must(fresh.tamper("UPDATE " + change));
    fresh.keyring->forget_all();
    const auto found =
        fresh.keyring->find(change.starts_with("tenant SET name") ? "acme2" : "acme", "victim");
    EXPECT_EQ(reason_of(found), "row_tampered") << change;
  }
}

TEST_F(Tampering, a_deleted_version_is_noticed) {
  EXPECT_EQ(reason_after("DELETE FROM key_version WHERE state = 'secondary'"), "row_tampered");
}

TEST_F(Tampering, a_version_row_of_an_earlier_time_is_noticed) {
  must(house.tamper("CREATE TABLE stolen AS SELECT * FROM key_version"));
  must(house.move("victim", 1, VersionState::kRevoked));
  EXPECT_EQ(house.key("victim").version(1)->state, VersionState::kRevoked);
  must(house.tamper("DELETE FROM key_version"));
  EXPECT_EQ(reason_after("INSERT INTO key_version SELECT * FROM stolen"), "row_tampered");
}

TEST_F(Tampering, a_key_that_was_moved_to_another_tenant_is_noticed) {
  EXPECT_EQ(reason_after("UPDATE key_object SET tenant = 1 WHERE name = 'foreign'", "foreign"),
            "row_tampered");
}

TEST_F(Tampering, a_key_that_took_the_name_of_another_is_noticed) {
  must(house.tamper("DELETE FROM key_object WHERE name = 'victim'"));
  EXPECT_EQ(reason_after("UPDATE key_object SET name = 'victim' WHERE name = 'other'"),
            "row_tampered");
}

TEST_F(Tampering, an_alias_that_was_pointed_elsewhere_is_noticed) {
  must(house.change([&](Change c) {
    return house.keyring->put_alias(c, "acme", *ObjectName::parse("now"),
                                    *ObjectName::parse("victim"));
  }));
  EXPECT_EQ(house.key("now").name, "victim");
  EXPECT_EQ(reason_after("UPDATE key_alias SET key_name = 'other'", "now"), "row_tampered");
  EXPECT_EQ(reason_of(house.keyring->aliases("acme")), "row_tampered");
}

TEST_F(Tampering, sealed_material_opens_only_for_its_own_version) {
  const Key victim = house.key("victim"), other = house.key("other");
  const Key foreign = house.key("foreign", "globex");
  const auto copy = [&](std::int64_t from, std::int64_t to) {
    must(house.tamper("UPDATE sealed_cell SET cell = (SELECT cell FROM sealed_cell WHERE id = " +
                      std::to_string(from) + ") WHERE id = " + std::to_string(to)));
    house.keyring->forget_all();
  };
  const auto material = [&] {
    return reason_of(house.keyring->material(victim, *victim.version(2)));
  };
  EXPECT_EQ(material(), "");
  for (const std::int64_t source :
       {victim.version(1)->cell, other.version(1)->cell, foreign.version(1)->cell}) {
    copy(source, victim.version(2)->cell);
    EXPECT_EQ(material(), "unwrap_failed");
  }
}

TEST_F(Tampering, a_tampered_row_does_not_get_into_a_list_which_names_its_key) {
  Keyring::Filter filter;
  filter.tenant = "acme";
  for (const char* change :
       {"UPDATE key_version SET reason = 'x' WHERE key_id = (SELECT id FROM key_object WHERE name ="
        " 'other')",
        "UPDATE key_object SET owner = 'mallory' WHERE name = 'other'"}) {
    must(house.tamper(change));
    const auto listed = house.keyring->list(filter);
    EXPECT_EQ(reason_of(listed), "row_tampered");
    EXPECT_EQ(listed.error().message, "the rows of key other were changed outside the service");
  }
  filter.prefix = "vic";
  EXPECT_EQ(must(house.keyring->list(filter)).keys.size(), 1u);
}

}  // namespace
}  // namespace kw::keys
