#include "keys/keyring.h"

#include "base/failpoint.h"
#include "crypto/random.h"
#include "keys/house_for_test.h"

namespace kw::keys {
namespace {

using crypto::Algorithm;

TEST(Keyring, makes_version_1_primary_at_creation) {
  TestHouse house;
  NewKey wanted = wanted_key("orders", Algorithm::kAes256Gcm);
  wanted.owner = "team-payments";
  wanted.classification = Classification::kRestricted;
  wanted.regions = {"eu-west", "eu-north"};
  wanted.labels = {{"app", "shop"}, {"tier", "gold"}};
  wanted.lease_grace = std::chrono::seconds(90);
  wanted.exportable = true;
  const Key made = must(house.create(wanted));
  const Key read = house.key("orders");
  EXPECT_EQ(read.id, made.id);
  EXPECT_EQ(read.tenant_name, "acme");
  EXPECT_EQ(read.owner, "team-payments");
  EXPECT_EQ(read.classification, Classification::kRestricted);
  EXPECT_EQ(read.regions, wanted.regions);
  EXPECT_EQ(read.labels, wanted.labels);
  EXPECT_EQ(read.lease_grace, wanted.lease_grace);
  EXPECT_TRUE(read.exportable);
  EXPECT_EQ(read.primary, 1u);
  ASSERT_EQ(read.versions.size(), 1u);
  EXPECT_EQ(read.versions[0].state, VersionState::kPrimary);
  EXPECT_EQ(read.versions[0].origin, "generated");
  EXPECT_EQ(read.versions[0].promoted_at, house.clock.wall());
  EXPECT_EQ(read.etag(), "\"1\"");
  EXPECT_EQ(house.leaves("key-version"), 1);
}

TEST(Keyring, refuses_a_name_that_is_taken_by_a_key_or_an_alias) {
  TestHouse house;
  must(house.create("a", Algorithm::kAes256Gcm));
  must(house.change([&](Change c) {
    return house.keyring->put_alias(c, "acme", *ObjectName::parse("b"), *ObjectName::parse("a"));
  }));
  EXPECT_EQ(reason_of(house.create("a", Algorithm::kAes256Gcm)), "already_exists");
  EXPECT_EQ(reason_of(house.create("b", Algorithm::kAes256Gcm)), "already_exists");
  EXPECT_TRUE(house.create("a", Algorithm::kAes256Gcm, "globex"));
}

TEST(Keyring, refuses_what_cannot_be_a_key) {
  TestHouse house;
  NewKey wanted = wanted_key("k", Algorithm::kAes256Gcm);
  wanted.purpose = crypto::Purpose::kSign;
  EXPECT_EQ(reason_of(house.create(wanted)), "purpose_mismatch");
  wanted = wanted_key("k", Algorithm::kAes256Gcm);
  wanted.owner = std::string("a\0b", 3);
  EXPECT_EQ(reason_of(house.create(wanted)), "bad_owner");
  wanted = wanted_key("k", Algorithm::kAes256Gcm);
  wanted.labels = {{"no spaces", "x"}};
  EXPECT_EQ(reason_of(house.create(wanted)), "bad_label");
  wanted = wanted_key("k", Algorithm::kAes256Gcm);
  wanted.regions = {"EU"};
  EXPECT_EQ(reason_of(house.create(wanted)), "bad_region");
  wanted = wanted_key("k", Algorithm::kAes256Gcm);
  wanted.lease_grace = std::chrono::hours(91 * 24);
  EXPECT_EQ(reason_of(house.create(wanted)), "bad_lease_grace");
  EXPECT_EQ(reason_of(house.create("k", Algorithm::kAes256Gcm, "nobody")), "not_found");
}

TEST(Keyring, rotation_promotes_the_new_version_and_keeps_the_old_one_as_secondary) {
  TestHouse house;
  must(house.create("k", Algorithm::kAes256Gcm));
  house.clock.advance(std::chrono::hours(1));
  EXPECT_EQ(must(house.rotate("k")), 2u);
  const Key key = house.key("k");
  EXPECT_EQ(key.primary, 2u);
  EXPECT_EQ(key.version(1)->state, VersionState::kSecondary);
  EXPECT_EQ(key.version(1)->demoted_at, house.clock.wall());
  EXPECT_EQ(key.version(2)->state, VersionState::kPrimary);
  EXPECT_EQ(house.leaves("key-version"), 3);
  EXPECT_EQ(key.version(3), nullptr);
  EXPECT_EQ(key.version(0), nullptr);
}

TEST(Keyring, rotation_for_a_canary_leaves_the_primary_alone) {
  TestHouse house;
  must(house.create("k", Algorithm::kAes256Gcm));
  Keyring::Rotate canary;
  canary.promote = false;
  EXPECT_EQ(must(house.rotate("k", canary)), 2u);
  EXPECT_EQ(house.key("k").primary, 1u);
  EXPECT_EQ(house.key("k").version(2)->state, VersionState::kActive);
  must(house.move("k", 2, VersionState::kPrimary));
  EXPECT_EQ(house.key("k").primary, 2u);
  EXPECT_EQ(house.key("k").version(1)->state, VersionState::kSecondary);
}

TEST(Keyring, rotation_keeps_every_immutable_attribute) {
  TestHouse house;
  NewKey wanted = wanted_key("k", Algorithm::kRsa3072Oaep);
  wanted.purpose = crypto::Purpose::kWrap;
  wanted.exportable = true;
  const Key before = must(house.create(wanted));
  Keyring::Rotate other;
  other.algorithm = Algorithm::kAes256Gcm;
  must(house.rotate("k", other));
  other.algorithm = Algorithm::kEd25519;
  EXPECT_EQ(reason_of(house.rotate("k", other)), "purpose_mismatch");
  const Key after = house.key("k");
  EXPECT_EQ(after.purpose, before.purpose);
  EXPECT_EQ(after.exportable, before.exportable);
  EXPECT_EQ(after.versions.back().algorithm, Algorithm::kAes256Gcm);
}

TEST(Keyring, rotation_takes_material_that_was_prepared_outside) {
  TestHouse house;
  must(house.create("k", Algorithm::kEd25519));
  Keyring::Rotate options;
  options.prepared = must(Keyring::prepare(Algorithm::kEd25519));
  must(house.rotate("k", options));
  EXPECT_EQ(house.key("k").version(2)->public_key, options.prepared->material.public_key);
  options.prepared = must(Keyring::prepare(Algorithm::kEcdsaP256));
  EXPECT_EQ(reason_of(house.rotate("k", options)), "prepared_mismatch");
}

TEST(Keyring, a_change_of_a_stale_snapshot_is_aborted) {
  TestHouse house;
  const Key stale = must(house.create("k", Algorithm::kAes256Gcm));
  must(house.rotate("k"));
  EXPECT_EQ(reason_of(house.change([&](Change c) { return house.keyring->rotate(c, stale, {}); })),
            "stale_epoch");
  EXPECT_EQ(house.key("k").versions.size(), 2u);
}

TEST(Keyring, rolls_back_to_the_youngest_secondary) {
  TestHouse house;
  must(house.create("k", Algorithm::kAes256Gcm));
  for (int i = 0; i < 2; ++i) {
    house.clock.advance(std::chrono::seconds(1));
    must(house.rotate("k"));
  }
  const Key before = house.key("k");
  must(house.change([&](Change c) { return house.keyring->roll_back(c, before, 0); }));
  EXPECT_EQ(house.key("k").primary, 2u);
  EXPECT_EQ(house.key("k").version(3)->state, VersionState::kSecondary);
  const Key again = house.key("k");
  must(house.change([&](Change c) { return house.keyring->roll_back(c, again, 1); }));
  EXPECT_EQ(house.key("k").primary, 1u);
}

TEST(Keyring, has_nothing_to_roll_back_to_on_a_new_key) {
  TestHouse house;
  const Key key = must(house.create("k", Algorithm::kAes256Gcm));
  EXPECT_EQ(reason_of(house.change([&](Change c) { return house.keyring->roll_back(c, key, 0); })),
            "nothing_to_roll_back_to");
  EXPECT_EQ(reason_of(house.change([&](Change c) { return house.keyring->roll_back(c, key, 9); })),
            "not_found");
}

TEST(Keyring, imports_a_first_version_and_then_pending_ones) {
  TestHouse house;
  const NewKey wanted = wanted_key("k", Algorithm::kAes256Gcm);
  for (int i = 0; i < 2; ++i) {
    const SecretBytes material = crypto::random_secret(32);
    must(
        house.change([&](Change c) { return house.keyring->import(c, "acme", wanted, material); }));
  }
  const Key key = house.key("k");
  EXPECT_EQ(key.primary, 1u);
  EXPECT_EQ(key.version(1)->origin, "imported");
  EXPECT_EQ(key.version(2)->state, VersionState::kPending);
  const SecretBytes zeros(32);
  EXPECT_EQ(reason_of(house.change(
                [&](Change c) { return house.keyring->import(c, "acme", wanted, zeros); })),
            "weak_key");
}

TEST(Keyring, exports_only_what_was_made_exportable) {
  TestHouse house;
  NewKey wanted = wanted_key("open", Algorithm::kAes256Gcm);
  wanted.exportable = true;
  const SecretBytes material = crypto::random_secret(32);
  must(house.change([&](Change c) { return house.keyring->import(c, "acme", wanted, material); }));
  must(house.create("closed", Algorithm::kAes256Gcm));
  const auto export_of = [&](Key key) {
    return house.change([&](Change c) { return house.keyring->exported(c, key, 1); });
  };
  const std::int64_t leaves = house.leaves("key-version");
  EXPECT_TRUE(equal_constant_time(must(export_of(house.key("open"))), material));
  EXPECT_EQ(house.leaves("key-version"), leaves + 1);
  Key lie = house.key("closed");
  lie.exportable = true;
  EXPECT_EQ(reason_of(export_of(lie)), "not_exportable");
  must(house.move("open", 1, VersionState::kRevoked));
  EXPECT_EQ(reason_of(export_of(house.key("open"))), "version_state");
}

TEST(Keyring, update_changes_metadata_and_nothing_else) {
  TestHouse house;
  Key key = must(house.create("k", Algorithm::kAes256Gcm));
  key.owner = "bob";
  key.labels = {{"app", "x"}};
  key.purpose = crypto::Purpose::kSign;
  key.exportable = true;
  key.primary = 0;
  must(house.change([&](Change c) { return house.keyring->update(c, key, key.epoch); }));
  const Key after = house.key("k");
  EXPECT_EQ(after.owner, "bob");
  EXPECT_EQ(after.purpose, crypto::Purpose::kEncrypt);
  EXPECT_FALSE(after.exportable);
  EXPECT_EQ(after.primary, 1u);
  EXPECT_EQ(after.epoch, 2);
  EXPECT_EQ(
      reason_of(house.change([&](Change c) { return house.keyring->update(c, key, key.epoch); })),
      "stale_epoch");
}

TEST(Keyring, aliases_follow_their_key) {
  TestHouse house;
  const Key a = must(house.create("a", Algorithm::kAes256Gcm));
  const Key b = must(house.create("b", Algorithm::kAes256Gcm));
  const auto alias = *ObjectName::parse("now");
  const auto point = [&](const char* to) {
    return house.change([&](Change c) {
      return house.keyring->put_alias(c, "acme", alias, *ObjectName::parse(to));
    });
  };
  must(point("a"));
  EXPECT_EQ(house.key("now").id, a.id);
  must(point("b"));
  EXPECT_EQ(house.key("now").id, b.id);
  EXPECT_EQ(reason_of(point("c")), "not_found");
  ASSERT_EQ(must(house.keyring->aliases("acme")).size(), 1u);
  EXPECT_EQ(must(house.keyring->aliases("acme"))[0].key, "b");
  must(house.change([&](Change c) { return house.keyring->remove_alias(c, "acme", alias); }));
  EXPECT_EQ(reason_of(house.keyring->find("acme", "now")), "not_found");
  EXPECT_EQ(reason_of(house.change(
                [&](Change c) { return house.keyring->remove_alias(c, "acme", alias); })),
            "not_found");
}

TEST(Keyring, foreign_and_missing_keys_look_alike) {
  TestHouse house;
  must(house.create("secret", Algorithm::kAes256Gcm, "acme"));
  const auto foreign = house.keyring->find("globex", "secret");
  const auto missing = house.keyring->find("globex", "nothing");
  const auto nobody = house.keyring->find("nobody", "secret");
  ASSERT_FALSE(foreign || missing || nobody);
  for (const Error& each : {foreign.error(), nobody.error()}) {
    EXPECT_EQ(each.code, missing.error().code);
    EXPECT_EQ(each.reason, missing.error().reason);
    EXPECT_EQ(each.message, missing.error().message);
  }
}

TEST(Keyring, numbers_the_system_tenant_0_and_lists_tenants_by_name) {
  TestHouse house;
  EXPECT_EQ(must(house.keyring->tenant("system")).number, 0);
  EXPECT_EQ(must(house.keyring->tenant("acme")).number, 1);
  const auto first = must(house.keyring->tenants("", 2));
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[1].name, "globex");
  const auto rest = must(house.keyring->tenants("globex", 2));
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].name, "system");
  EXPECT_EQ(reason_of(house.change([&](Change c) {
              return house.keyring->create_tenant(c, *TenantName::parse("acme"));
            })),
            "already_exists");
}

TEST(Keyring, gives_the_same_snapshot_until_it_is_forgotten) {
  TestHouse house;
  const Key key = must(house.create("k", Algorithm::kAes256Gcm));
  const auto first = must(house.keyring->find("acme", "k"));
  EXPECT_EQ(must(house.keyring->find("acme", "k")), first);
  const auto material = must(house.keyring->material(*first, first->versions[0]));
  EXPECT_EQ(must(house.keyring->material(*first, first->versions[0])), material);
  house.keyring->forget(key.id);
  EXPECT_NE(must(house.keyring->find("acme", "k")), first);
  EXPECT_NE(must(house.keyring->material(*first, first->versions[0])), material);
}

TEST(Keyring, material_lives_no_longer_than_its_time) {
  TestHouse house;
  const Key key = must(house.create("k", Algorithm::kAes256Gcm));
  const auto material = must(house.keyring->material(key, key.versions[0]));
  std::weak_ptr<const crypto::Key> seen = material;
  house.clock.advance(std::chrono::seconds(299));
  EXPECT_EQ(must(house.keyring->material(key, key.versions[0])), material);
  house.clock.advance(std::chrono::seconds(2));
  EXPECT_NE(must(house.keyring->material(key, key.versions[0])), material);
  house.clock.advance(std::chrono::seconds(301));
  house.keyring->expire();
  EXPECT_EQ(seen.use_count(), 1);
}

TEST(Keyring, keeps_nothing_when_sealed) {
  TestHouse house;
  const Key key = must(house.create("k", Algorithm::kAes256Gcm));
  must(house.keyring->find("acme", "k"));
  must(house.keyring->material(key, key.versions[0]));
  must(house.barrier->install(nullptr));
  house.keyring->forget_all();
  EXPECT_EQ(reason_of(house.keyring->find("acme", "k")), "sealed");
  EXPECT_EQ(reason_of(house.keyring->material(key, key.versions[0])), "sealed");
  EXPECT_EQ(reason_of(house.create("l", Algorithm::kAes256Gcm)), "sealed");
}

TEST(Keyring, counts_what_there_is) {
  TestHouse house;
  must(house.create("k", Algorithm::kAes256Gcm));
  must(house.rotate("k"));
  Census counted;
  must(house.store->read([&](store::Reader& reader) -> Status {
    KW_TRY(counted, census(reader));
    return ok();
  }));
  EXPECT_EQ(counted.tenants, 3);
  EXPECT_EQ(counted.keys, 1);
  EXPECT_EQ(counted.versions, 2);
  EXPECT_EQ(counted.cells, 2);
}

// Whatever fails in the middle of a change: the key is as before, and the change can be repeated.
TEST(Keyring, a_change_that_fails_anywhere_leaves_nothing_behind) {
  TestHouse house;
  must(house.create("k", Algorithm::kAes256Gcm));
  must(house.rotate("k"));
  failpoint::disarm_all();
  must(house.rotate("k"));
  Keyring::Move stop;
  stop.to = VersionState::kRevoked;
  must(house.move("k", house.key("k").primary, stop));
  int tried = 0;
  for (const std::string& point : failpoint::seen()) {
    if (!point.starts_with("keys.") && !point.starts_with("seal.")) continue;
    const Key before = house.key("k");
    const std::int64_t leaves = house.leaves("key-version");
    must(failpoint::arm(point + "=error"));
    const bool rotated = house.rotate("k").has_value();
    const bool stopped = house.move("k", house.key("k").primary, stop).has_value();
    failpoint::disarm_all();
    tried += rotated && stopped ? 0 : 1;
    const Key after = house.key("k");
    const std::size_t made = (rotated ? 1u : 0u) + (stopped ? 1u : 0u);
    EXPECT_EQ(after.versions.size(), before.versions.size() + made) << point;
    EXPECT_EQ(house.leaves("key-version"), leaves + 2 * static_cast<std::int64_t>(made)) << point;
    EXPECT_NE(after.primary, 0u) << point;
    must(house.rotate("k"));
  }
  EXPECT_GE(tried, 6);
}

}  // namespace
}  // namespace kw::keys
