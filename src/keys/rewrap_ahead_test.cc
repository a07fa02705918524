#include "keys/rewrap_ahead.h"

#include "crypto/random.h"
#include "keys/house_for_test.h"

namespace kw::keys {
namespace {

constexpr std::int64_t kCells = 40;
constexpr std::size_t kThreads = 3;

// A tenant with cells under its first KEK, of which the second is primary.
class RewrapAheadOf : public testing::Test {
 protected:
  void SetUp() override {
    tenant = must(house.keyring->tenant("acme")).number;
    first = tenant << 40;
    const SecretBytes secret = crypto::random_secret(32);
    const auto object = crypto::random_id<KeyId>();
    seal::SealContext context;
    context.label = "key-version";
    context.object = object.bytes();
    must(house.store->write([&](store::Tx& tx) -> Status {
      for (std::int64_t i = 0; i < kCells; ++i)
        KW_OK(house.barrier->put(tx, tenant, context, secret));
      KW_TRY(target, house.barrier->create_kek(tx, tenant));
      return house.barrier->promote_kek(tx, tenant, target);
    }));
    house.barrier->refresh_keks(tenant);
  }
  std::vector<seal::KekCipher> ciphers() {
    std::vector<seal::KekCipher> all;
    while (all.size() < kThreads) all.push_back(must(house.barrier->cipher_to(tenant, target)));
    return all;
  }

  TestHouse house;
  std::int64_t tenant = 0, first = 0;
  std::uint32_t target = 0;
};

TEST_F(RewrapAheadOf, a_tenants_cells_hands_out_each_once_in_order_under_the_target) {
  RewrapAhead ahead(*house.store, ciphers(), first, first + kCells);
  std::int64_t id = first;
  while (ahead.fill(7, kThreads), !ahead.done()) {
    Slice slice = ahead.next();
    must(slice.outcome);
    ASSERT_EQ(slice.updates.size(), slice.cells.size());
    for (const store::CellUpdate& update : slice.updates) {
      EXPECT_EQ(update.id, ++id);
      EXPECT_EQ(update.expected_prefix, 1U);
      EXPECT_EQ(must(ByteReader(update.cell).u32()), target);
    }
    EXPECT_EQ(slice.end, id);
    ahead.give_back(std::move(slice));
  }
  EXPECT_EQ(id, first + kCells);
}

TEST_F(RewrapAheadOf, a_changed_cell_names_it_and_goes_on_with_the_next_range) {
  must(
      house.tamper("UPDATE sealed_cell"
                   " SET cell = CAST(substr(cell, 1, 48) || zeroblob(length(cell) - 48) AS BLOB)"
                   " WHERE id = " +
                   std::to_string(first + 5)));
  RewrapAhead ahead(*house.store, ciphers(), first, first + 20);
  ahead.fill(10, kThreads);
  const Slice bad = ahead.next();
  EXPECT_EQ(bad.outcome.error().reason, "unwrap_failed");
  EXPECT_EQ(bad.bad_cell, first + 5);
  must(ahead.next().outcome);
  EXPECT_TRUE(ahead.done());
}

TEST_F(RewrapAheadOf, what_nobody_takes_ends_with_it) {
  RewrapAhead ahead(*house.store, ciphers(), first, first + kCells);
  ahead.fill(5, kThreads);
  EXPECT_FALSE(ahead.done());
}

}  // namespace
}  // namespace kw::keys
