#include "crypto/random.h"
#include "keys/house_for_test.h"
#include "keys/material_cache.h"
#include "keys/snapshot_cache.h"

namespace kw::keys {
namespace {

Key key_named(const std::string& name, std::int64_t epoch = 1) {
  Key key;
  key.id = crypto::random_id<KeyId>();
  key.tenant_name = "acme";
  key.name = name;
  key.epoch = epoch;
  return key;
}

std::shared_ptr<const crypto::Key> material() {
  return must(crypto::load(crypto::Algorithm::kAes256Gcm, crypto::random_secret(32)));
}

TEST(SnapshotCache, does_not_keep_what_was_forgotten_while_it_was_read) {
  ForgetClock forgets;
  SnapshotCache cache(1000, forgets);
  const Key key = key_named("k");
  const auto ticket = forgets.ticket();
  forgets.mark(key.id);
  cache.forget(key.id);
  EXPECT_NE(cache.put(ticket, "acme", "k", key), nullptr);
  EXPECT_EQ(cache.find("acme", "k"), nullptr);
  cache.put(forgets.ticket(), "acme", "k", key);
  EXPECT_NE(cache.find("acme", "k"), nullptr);
}

TEST(SnapshotCache, forgets_every_name_of_a_key) {
  ForgetClock forgets;
  SnapshotCache cache(1000, forgets);
  const Key key = key_named("k");
  const auto first = cache.put(forgets.ticket(), "acme", "k", key);
  EXPECT_EQ(cache.put(forgets.ticket(), "acme", "alias", key), first);
  EXPECT_EQ(cache.find("acme", "alias"), first);
  forgets.mark(key.id);
  cache.forget(key.id);
  EXPECT_EQ(cache.find("acme", "k"), nullptr);
  EXPECT_EQ(cache.find("acme", "alias"), nullptr);
}

TEST(SnapshotCache, never_replaces_a_snapshot_by_an_older_one) {
  ForgetClock forgets;
  SnapshotCache cache(1000, forgets);
  Key key = key_named("k", 5);
  cache.put(forgets.ticket(), "acme", "k", key);
  key.epoch = 4;
  EXPECT_EQ(cache.put(forgets.ticket(), "acme", "k", key)->epoch, 5);
  key.epoch = 6;
  EXPECT_EQ(cache.put(forgets.ticket(), "acme", "k", key)->epoch, 6);
}

TEST(SnapshotCache, stays_within_its_bound_and_remains_coherent) {
  ForgetClock forgets;
  SnapshotCache cache(256, forgets);
  std::vector<Key> keys;
  for (int i = 0; i < 4000; ++i) {
    keys.push_back(key_named("key-" + std::to_string(i)));
    cache.put(forgets.ticket(), "acme", keys.back().name, keys.back());
  }
  int kept = 0;
  for (const Key& each : keys) kept += cache.find("acme", each.name) != nullptr ? 1 : 0;
  EXPECT_GT(kept, 128);
  EXPECT_LE(kept, 256);
  for (const Key& each : keys) {
    forgets.mark(each.id);
    cache.forget(each.id);
    EXPECT_EQ(cache.find("acme", each.name), nullptr);
  }
}

TEST(SnapshotCache, keeps_tenants_and_names_apart_and_takes_any_text) {
  ForgetClock forgets;
  SnapshotCache cache(1000, forgets);
  cache.put(forgets.ticket(), "a", "bc", key_named("bc"));
  EXPECT_EQ(cache.find("ab", "c"), nullptr);
  EXPECT_EQ(cache.find("a", std::string(100'000, 'x')), nullptr);
  EXPECT_EQ(cache.find("", ""), nullptr);
}

TEST(MaterialCache, stays_within_its_bound) {
  ForgetClock forgets;
  MaterialCache cache(128, std::chrono::seconds(300), forgets);
  const auto one = material();
  const SteadyTime now{};
  std::vector<KeyId> ids;
  for (int i = 0; i < 2000; ++i) {
    ids.push_back(crypto::random_id<KeyId>());
    cache.put(forgets.ticket(), ids.back(), 1, one, now);
  }
  EXPECT_LE(one.use_count(), 129);
  EXPECT_GE(one.use_count(), 60);
}

TEST(MaterialCache, what_is_used_survives_what_is_not) {
  ForgetClock forgets;
  MaterialCache cache(1, std::chrono::seconds(300), forgets);  // one per shard
  std::array<std::uint8_t, 16> bytes{};
  const KeyId id(bytes);
  const SteadyTime now{};
  cache.put(forgets.ticket(), id, 1, material(), now);
  cache.put(forgets.ticket(), id, 2, material(), now);
  EXPECT_EQ(cache.find(id, 1, now), nullptr);
  EXPECT_NE(cache.find(id, 2, now), nullptr);
}

TEST(MaterialCache, forgets_all_versions_of_a_key_and_of_no_other) {
  ForgetClock forgets;
  MaterialCache cache(1000, std::chrono::seconds(300), forgets);
  const KeyId a = crypto::random_id<KeyId>(), b = crypto::random_id<KeyId>();
  const SteadyTime now{};
  for (std::uint32_t version = 1; version <= 3; ++version) {
    cache.put(forgets.ticket(), a, version, material(), now);
    cache.put(forgets.ticket(), b, version, material(), now);
  }
  const auto ticket = forgets.ticket();
  forgets.mark(a);
  cache.forget(a);
  for (std::uint32_t version = 1; version <= 3; ++version) {
    EXPECT_EQ(cache.find(a, version, now), nullptr);
    EXPECT_NE(cache.find(b, version, now), nullptr);
  }
  cache.put(ticket, a, 1, material(), now);
  EXPECT_EQ(cache.find(a, 1, now), nullptr);
}

TEST(MaterialCache, allows_no_more_than_300_seconds) {
  ForgetClock forgets;
  MaterialCache cache(1000, std::chrono::hours(10), forgets);
  const KeyId id = crypto::random_id<KeyId>();
  const SteadyTime now{};
  cache.put(forgets.ticket(), id, 1, material(), now);
  EXPECT_NE(cache.find(id, 1, now + std::chrono::seconds(299)), nullptr);
  EXPECT_EQ(cache.find(id, 1, now + std::chrono::seconds(300)), nullptr);
}

}  // namespace
}  // namespace kw::keys
