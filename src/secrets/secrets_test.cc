#include "secrets/secrets.h"

#include "rotation/rollout.h"
#include "secrets/house_for_test.h"
#include "secrets/usage.h"

namespace kw::secrets {
namespace {

using enum VersionState;

class Keeping : public testing::TestWithParam<Engine> {
 protected:
  TestHouse house{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Store, Keeping, testing::Values(Engine::kSqlite, Engine::kPostgres),
                         engine_name);

TEST_P(Keeping, a_put_is_read_and_the_value_before_stays_readable_once) {
  must(house.put("app/db", put_text("first")));
  EXPECT_EQ(house.read("app/db"), "first");
  EXPECT_EQ(house.read("app/db", {.previous = true}), "<no_previous>");
  must(house.put("app/db", put_text("second")));
  EXPECT_EQ(house.read("app/db"), "second");
  EXPECT_EQ(house.read("app/db", {.previous = true}), "first");
  EXPECT_EQ(house.read("app/db", {.version = 1}), "first");
  must(house.put("app/db", put_text("third")));
  EXPECT_EQ(house.read("app/db", {.previous = true}), "second");
  EXPECT_EQ(house.read("app/db", {.version = 1}), "<version_state>");
  EXPECT_EQ(house.state("app/db", 1), kRetired);
  EXPECT_EQ(house.read("app/db", {.version = 9}), "<not_found>");
  house.expect_sound();
}

TEST_P(Keeping, paths_and_tenants_are_apart) {
  must(house.put("db", put_text("acme's")));
  must(house.put("db", put_text("globex's"), "globex"));
  EXPECT_EQ(house.read("db"), "acme's");
  EXPECT_EQ(reason_of(house.secrets->find("acme", "DB")), "not_found");
  EXPECT_EQ(reason_of(house.secrets->find("nowhere", "db")), "not_found");
}

TEST_P(Keeping, compare_and_set_lets_one_of_two_writers_win) {
  Put first = put_text("a");
  first.if_version = 0;
  must(house.put("db", first));
  EXPECT_EQ(reason_of(house.put("db", first)), "version_moved");
  Put second = put_text("b");
  second.if_version = 1;
  must(house.put("db", second));
  EXPECT_EQ(reason_of(house.put("db", second)), "version_moved");
  EXPECT_EQ(house.read("db"), "b");
  second.if_version = 1;
  EXPECT_EQ(reason_of(house.put("other", second)), "version_moved");
}

TEST_P(Keeping, a_secret_stays_what_it_began_as) {
  must(house.put("db", put_fields({{"username", "app"}, {"password", "one"}})));
  EXPECT_EQ(reason_of(house.put("db", put_text("plain"))), "shape_mismatch");
  EXPECT_EQ(reason_of(house.put("db", put_template("{{db}}"))), "shape_mismatch");
  EXPECT_EQ(reason_of(house.put("new", Put())), "no_value");
}

TEST_P(Keeping, a_generated_field_replaces_only_itself) {
  must(house.put("db", put_fields({{"username", "app"}, {"password", "one"}})));
  must(house.put("db", put_generated("length=40")));
  const auto read = must(house.secrets->read("acme", "db", {}));
  EXPECT_EQ(read.version, 2u);
  EXPECT_EQ(shown(must(read.value.part("username"))), "app");
  EXPECT_EQ(must(read.value.part("password")).size(), 40u);
  EXPECT_EQ(read.secret.generator, "length=40");
}

TEST_P(Keeping, rolling_back_moves_the_pointer_and_no_number) {
  must(house.put("db", put_text("one")));
  must(house.put("db", put_text("two")));
  must(house.change([&](Change c) { return house.secrets->roll_back(c, house.secret("db"), 0); }));
  EXPECT_EQ(house.read("db"), "one");
  EXPECT_EQ(house.secret("db").primary, 1u);
  EXPECT_EQ(house.secret("db").versions.size(), 2u);
  EXPECT_EQ(reason_of(house.change(
                [&](Change c) { return house.secrets->roll_back(c, house.secret("db"), 1); })),
            "nothing_to_roll_back_to");
}

TEST_P(Keeping, deleting_is_soft_and_destroying_waits) {
  must(house.put("db", put_text("one-long-enough")));
  must(house.put("db", put_text("two-long-enough")));
  must(house.change([&](Change c) { return house.secrets->remove(c, house.secret("db")); }));
  EXPECT_EQ(house.read("db"), "<secret_deleted>");
  EXPECT_EQ(reason_of(house.put("db", put_text("three"))), "secret_deleted");
  must(house.change([&](Change c) { return house.secrets->undelete(c, house.secret("db")); }));
  EXPECT_EQ(house.read("db"), "two-long-enough");
  EXPECT_EQ(reason_of(house.change(
                [&](Change c) { return house.secrets->destroy(c, house.secret("db"), 2); })),
            "version_is_primary");
  must(house.change([&](Change c) { return house.secrets->destroy(c, house.secret("db"), 1); }));
  EXPECT_EQ(house.state("db", 1), kDestroying);
  EXPECT_EQ(must(house.secrets->destroy_due(house.event)), 0);
  must(house.change(
      [&](Change c) { return house.secrets->cancel_destroy(c, house.secret("db"), 1); }));
  must(house.change([&](Change c) { return house.secrets->destroy(c, house.secret("db"), 1); }));
  house.clock.advance(std::chrono::hours(31 * 24));
  EXPECT_EQ(must(house.secrets->destroy_due(house.event)), 1);
  EXPECT_EQ(house.state("db", 1), kDestroyed);
  EXPECT_TRUE(must(house.secrets->places(secret_text("one-long-enough"))).empty());
  EXPECT_EQ(house.read("db"), "two-long-enough");
}

TEST_P(Keeping, all_of_a_deleted_secret_can_be_destroyed) {
  must(house.put("db", put_text("one")));
  must(house.put("db", put_text("two")));
  EXPECT_EQ(reason_of(house.change(
                [&](Change c) { return house.secrets->destroy(c, house.secret("db"), 0); })),
            "not_deleted");
  must(house.change([&](Change c) { return house.secrets->remove(c, house.secret("db")); }));
  must(house.change([&](Change c) { return house.secrets->destroy(c, house.secret("db"), 0); }));
  house.clock.advance(std::chrono::hours(31 * 24));
  EXPECT_EQ(must(house.secrets->destroy_due(house.event)), 2);
  EXPECT_EQ(house.state("db", 2), kDestroyed);
}

TEST_P(Keeping, an_expired_value_is_not_handed_out) {
  Put put = put_text("short-lived");
  put.expires_at = house.clock.wall() + std::chrono::hours(1);
  must(house.put("db", put));
  EXPECT_EQ(house.read("db"), "short-lived");
  house.clock.advance(std::chrono::hours(1));
  EXPECT_EQ(house.read("db"), "<version_expired>");
}

TEST_P(Keeping, the_same_material_is_found_in_every_tenant_and_field) {
  must(house.put("a", put_text("correct horse battery")));
  must(house.put("b", put_fields({{"username", "u"}, {"password", "correct horse battery"}}),
                 "globex"));
  must(house.put("c", put_text("something else here")));
  const auto found = must(house.secrets->places(secret_text("correct horse battery")));
  ASSERT_EQ(found.size(), 2u);
  std::set<std::string> where;
  for (const auto& each : found) where.insert(each.tenant + ":" + each.path + "#" + each.field);
  EXPECT_EQ(where, (std::set<std::string>{"acme:a#", "globex:b#password"}));
  EXPECT_TRUE(must(house.secrets->places(secret_text("correct horse batterx"))).empty());
  EXPECT_EQ(reason_of(house.secrets->places(secret_text("short"))), "bad_value");
}

TEST_P(Keeping, a_row_that_somebody_edited_is_not_believed) {
  must(house.put("db", put_text("one")));
  must(house.put("db", put_text("two")));
  must(house.put("other", put_text("three")));
  must(house.tamper("UPDATE secret_object SET owner = 'mallory' WHERE path = 'db'"));
  EXPECT_EQ(house.read("db"), "<row_tampered>");
  EXPECT_EQ(house.read("other"), "three");
  EXPECT_EQ(house.secrets->list("acme", {}).error().message,
            "the rows of secret db were changed outside the service");
  must(house.tamper("UPDATE secret_object SET owner = '' WHERE path = 'db'"));
  EXPECT_EQ(house.read("db"), "two");
  must(house.tamper("UPDATE secret_version SET cell = cell + 1 WHERE number = 2"));
  EXPECT_EQ(house.read("db"), "<row_tampered>");
}

TEST_P(Keeping, a_list_has_pages_and_prefixes) {
  for (const char* path : {"app/a", "app/b", "app/c", "apple", "web/a"})
    must(house.put(path, put_text("value")));
  Secrets::Filter filter;
  filter.prefix = "app/";
  filter.limit = 2;
  const auto first = must(house.secrets->list("acme", filter));
  ASSERT_EQ(first.secrets.size(), 2u);
  filter.after = first.next;
  const auto second = must(house.secrets->list("acme", filter));
  ASSERT_EQ(second.secrets.size(), 1u);
  EXPECT_EQ(second.secrets.front().path, "app/c");
  EXPECT_EQ(second.next, "");
  filter.prefix = "a%";
  EXPECT_EQ(reason_of(house.secrets->list("acme", filter)), "bad_name");
}

TEST_P(Keeping, metadata_is_checked_and_compared) {
  must(house.put("db", put_text("one")));
  const auto update = [&](const MetadataPatch& patch, std::optional<std::int64_t> epoch = {}) {
    return reason_of(house.change(
        [&](Change c) { return house.secrets->update(c, house.secret("db"), patch, epoch); }));
  };
  EXPECT_EQ(update({.owner = "team", .classification = "restricted"}), "");
  EXPECT_EQ(house.secret("db").metadata.classification, "restricted");
  EXPECT_EQ(update({.classification = "top"}), "unknown_classification");
  EXPECT_EQ(update({.owner = std::string("a\nb")}), "bad_owner");
  EXPECT_EQ(update({.generator = "length=4"}), "weak_generator");
  EXPECT_EQ(update({.owner = "x"}, 1), "stale_epoch");
}

TEST_P(Keeping, a_bound_secret_is_not_put_deleted_or_rolled_back_by_accident) {
  must(house.put("db", put_fields({{"username", "app"}, {"password", "one"}})));
  must(house.change([&](Change c) {
    return house.secrets->bind(c, house.secret("db"), "pg", {{"a", "b"}}, "postgresql");
  }));
  EXPECT_EQ(reason_of(house.put("db", put_generated(""))), "bound_secret");
  EXPECT_EQ(reason_of(house.change(
                [&](Change c) { return house.secrets->remove(c, house.secret("db")); })),
            "secret_bound");
  Put adopted = put_fields({{"username", "app"}, {"password", "two"}});
  adopted.adopt = true;
  must(house.put("db", adopted));
  EXPECT_EQ(reason_of(house.change(
                [&](Change c) { return house.secrets->roll_back(c, house.secret("db"), 0); })),
            "bound_secret");
}

TEST_P(Keeping, reads_are_counted_by_version_and_caller) {
  ReadLedger ledger(*house.store, house.clock);
  const Secret secret = must(house.put("db", put_text("one")));
  for (int i = 0; i < 3; ++i) ledger.count(secret.id, 1, "web");
  ledger.count(secret.id, 1, "batch");
  const auto rows = must(ledger.usage(secret.id, house.clock.wall() - std::chrono::hours(2)));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].caller, "batch");
  EXPECT_EQ(rows[1].uses, 3);
  ledger.count(secret.id, 1, "web");
  EXPECT_EQ(must(ledger.usage(secret.id, house.clock.wall()))[1].uses, 4);
}

TEST_P(Keeping, no_value_reaches_a_leaf) {
  must(house.put("db", put_text("canary-7f3a9b")));
  must(house.put("db", put_text("canary-7f3a9b-2")));
  must(house.store->read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto rows, reader.query("SELECT leaf FROM audit_leaf", {}));
    EXPECT_GE(rows.size(), 3u);
    for (const auto& row : rows) EXPECT_EQ(row.text(0).find("canary"), std::string::npos);
    return ok();
  }));
}

}  // namespace
}  // namespace kw::secrets
