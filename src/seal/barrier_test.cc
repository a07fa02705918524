#include "seal/barrier.h"

#include <set>

#include "base/reveal.h"
#include "seal/root_keys.h"
#include "seal/store_for_tests.h"

namespace kw::seal {
namespace {

using std::chrono::seconds;

std::string hex(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

class BarrierOn : public OnEachEngine {
 protected:
  void SetUp() override {
    OnEachEngine::SetUp();
    if (IsSkipped()) return;
    barrier_ = std::make_unique<Barrier>(store(), clock_);
    ASSERT_EQ(reason(barrier_->install(&root_)), "");
    ASSERT_EQ(write([this](store::Tx& tx) -> Status {
                KW_OK(barrier_->create_kek(tx, 7));
                KW_OK(barrier_->create_kek(tx, 8));
                return ok();
              }),
              "");
  }
  Result<std::int64_t> put(std::int64_t tenant, std::string_view object,
                           const SecretBytes& secret) {
    std::int64_t id = 0;
    const Status done = store().write([&](store::Tx& tx) -> Status {
      KW_TRY(id, barrier_->put(tx, tenant, context_of(object), secret));
      return ok();
    });
    if (!done) return done.error();
    return id;
  }
  Result<SecretBytes> get(std::int64_t cell, const SealContext& context) {
    Result<SecretBytes> got = SecretBytes();
    const Status done = store().read([&](store::Reader& reader) -> Status {
      got = barrier_->get(reader, cell, context);
      return ok();
    });
    EXPECT_EQ(reason(done), "");
    return got;
  }
  Result<SecretBytes> get(std::int64_t cell, std::string_view object) {
    return get(cell, context_of(object));
  }

  FakeClock clock_{WallTime(seconds(1'800'000'000))};
  RootKey root_{bytes_of(1)};
  std::unique_ptr<Barrier> barrier_;
};

TEST_P(BarrierOn, opens_what_it_sealed) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{32}, std::size_t{5000}}) {
    SecretBytes secret(size);
    secret.reveal_mutable(Reveal{})[size - 1] = 9;
    const auto sealed = barrier_->seal(7, context_of("k"), secret);
    ASSERT_EQ(reason(sealed), "");
    EXPECT_EQ(sealed->bytes().size(), size + kCellOverheadBytes);
    const auto back = barrier_->open(7, context_of("k"), *sealed);
    ASSERT_EQ(reason(back), "");
    EXPECT_TRUE(equal_constant_time(*back, secret));
  }
}

TEST_P(BarrierOn, refuses_another_context_in_every_field) {
  const auto sealed = barrier_->seal(7, context_of("k"), bytes_of(5));
  ASSERT_TRUE(sealed);
  std::vector<SealContext> others(7, context_of("k"));
  others[0].label = "audit-signer";
  others[1].object = as_bytes("l");
  others[2].version = 4;
  others[3].purpose = "wrap";
  others[4].algorithm = "aes-256-siv";
  others[5].exportable = true;
  others[6].origin = "imported";
  for (const SealContext& other : others) {
    const auto opened = barrier_->open(7, other, *sealed);
    EXPECT_EQ(reason(opened), "unwrap_failed");
    EXPECT_EQ(opened.error().code, Code::kDataLoss);
  }
  EXPECT_EQ(reason(barrier_->open(8, context_of("k"), *sealed)), "unwrap_failed");
  // Length prefixes keep neighbouring fields apart.
  SealContext one = context_of("ab");
  one.label = "x";
  SealContext two = context_of("b");
  two.label = "xa";
  EXPECT_NE(one.binding(), two.binding());
}

TEST_P(BarrierOn, refuses_every_changed_byte_and_every_shorter_cell) {
  const auto sealed = barrier_->seal(7, context_of("k"), bytes_of(5));
  ASSERT_TRUE(sealed);
  const Bytes good = to_bytes(sealed->bytes());
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= 1;
    const auto opened = barrier_->open(7, context_of("k"), store::Sealed::from_store(bad));
    ASSERT_EQ(reason(opened), "unwrap_failed") << i;
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    const Bytes shorter(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    const auto opened = barrier_->open(7, context_of("k"), store::Sealed::from_store(shorter));
    ASSERT_EQ(reason(opened), "unwrap_failed") << size;
  }
}

TEST_P(BarrierOn, seals_the_same_secret_differently_each_time) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto sealed = barrier_->seal(7, context_of("k"), bytes_of(5));
    ASSERT_TRUE(sealed);
    EXPECT_TRUE(seen.insert(hex(sealed->bytes())).second);
    EXPECT_EQ(hex(sealed->bytes().subspan(16, 32)), hex(context_of("k").binding()));
  }
}

TEST_P(BarrierOn, numbers_the_cells_of_each_tenant_densely) {
  constexpr std::int64_t kTenant = std::int64_t{1} << 40;
  EXPECT_EQ(*put(7, "a", bytes_of(1)), 7 * kTenant + 1);
  EXPECT_EQ(*put(7, "b", bytes_of(2)), 7 * kTenant + 2);
  EXPECT_EQ(*put(8, "c", bytes_of(3)), 8 * kTenant + 1);
  EXPECT_EQ(write([this](store::Tx& tx) -> Status {
              KW_OK(barrier_->put(tx, 7, context_of("x"), bytes_of(9)));
              return error(Code::kAborted, "changed_my_mind", "");
            }),
            "changed_my_mind");
  EXPECT_EQ(*put(7, "d", bytes_of(4)), 7 * kTenant + 3);
  EXPECT_TRUE(equal_constant_time(*get(7 * kTenant + 2, "b"), bytes_of(2)));
  EXPECT_TRUE(equal_constant_time(*get(7 * kTenant + 3, "d"), bytes_of(4)));
  EXPECT_EQ(reason(get(7 * kTenant + 2, "a")), "unwrap_failed");
  EXPECT_EQ(reason(get(7 * kTenant + 4, "a")), "cell_missing");
}

TEST_P(BarrierOn, does_not_open_a_cell_that_was_moved) {
  const auto from = put(7, "a", bytes_of(1));
  const auto to = put(8, "a", bytes_of(2));
  ASSERT_TRUE(from && to);
  EXPECT_EQ(write([&](store::Tx& tx) -> Status {
              KW_OK(tx.execute("DELETE FROM sealed_cell WHERE id = $1", {*to}));
              KW_OK(tx.execute("UPDATE sealed_cell SET id = $1 WHERE id = $2", {*to, *from}));
              return ok();
            }),
            "");
  EXPECT_EQ(reason(get(*to, "a")), "unwrap_failed");
}

TEST_P(BarrierOn, erases_a_cell_for_good) {
  const auto id = put(7, "a", bytes_of(1));
  ASSERT_TRUE(id);
  const auto erase = [&] { return write([&](store::Tx& tx) { return barrier_->erase(tx, *id); }); };
  EXPECT_EQ(erase(), "");
  EXPECT_EQ(reason(get(*id, "a")), "cell_missing");
  EXPECT_EQ(erase(), "cell_missing");
  EXPECT_NE(*put(7, "b", bytes_of(1)), *id);
}

TEST_P(BarrierOn, refuses_empty_and_huge_secrets_and_foreign_tenants) {
  EXPECT_EQ(reason(barrier_->seal(7, context_of("k"), SecretBytes())), "bad_secret");
  EXPECT_EQ(reason(put(7, "k", SecretBytes(kSecretBytesMax + 1))), "bad_secret");
  EXPECT_EQ(reason(put(-1, "k", bytes_of(1))), "bad_tenant");
  EXPECT_EQ(reason(barrier_->seal(kTenantsMax, context_of("k"), bytes_of(1))), "bad_tenant");
  EXPECT_EQ(reason(put(9, "k", bytes_of(1))), "no_primary_kek");
  EXPECT_EQ(reason(barrier_->seal(9, context_of("k"), bytes_of(1))), "no_primary_kek");
  const RootKey short_key{SecretBytes(31)};
  EXPECT_EQ(reason(barrier_->install(&short_key)), "bad_root_key");
}

TEST_P(BarrierOn, answers_nothing_while_sealed) {
  const auto sealed = barrier_->seal(7, context_of("k"), bytes_of(5));
  const auto cell = put(7, "k", bytes_of(5));
  auto cipher = barrier_->cipher_to(7, 1);
  ASSERT_TRUE(sealed && cell && cipher);
  EXPECT_FALSE(barrier_->sealed());
  ASSERT_EQ(reason(barrier_->install(nullptr)), "");
  EXPECT_TRUE(barrier_->sealed());

  const Bytes row{1};
  EXPECT_EQ(reason(barrier_->seal(7, context_of("k"), bytes_of(5))), "sealed");
  EXPECT_EQ(reason(barrier_->open(7, context_of("k"), *sealed)), "sealed");
  EXPECT_EQ(reason(put(7, "k", bytes_of(5))), "sealed");
  EXPECT_EQ(reason(get(*cell, "k")), "sealed");
  EXPECT_EQ(write([&](store::Tx& tx) { return barrier_->erase(tx, *cell); }), "sealed");
  EXPECT_EQ(reason(barrier_->row_mac("t", row)), "sealed");
  EXPECT_EQ(reason(barrier_->check_row("t", row, row)), "sealed");
  EXPECT_EQ(reason(barrier_->token_hmac(row)), "sealed");
  EXPECT_EQ(reason(barrier_->audit_hmac(7, row)), "sealed");
  EXPECT_EQ(reason(barrier_->derive("x")), "sealed");
  EXPECT_EQ(reason(barrier_->primary_kek(7)), "sealed");
  EXPECT_EQ(reason(barrier_->cipher_to(7, 1)), "sealed");
  EXPECT_EQ(write([&](store::Tx& tx) -> Status {
              EXPECT_EQ(reason(barrier_->create_kek(tx, 9)), "sealed");
              EXPECT_EQ(reason(barrier_->promote_kek(tx, 7, 1)), "sealed");
              EXPECT_EQ(reason(barrier_->restore_kek(tx, 7, 1)), "sealed");
              EXPECT_EQ(reason(barrier_->retire_kek(tx, 7, 1)), "sealed");
              EXPECT_EQ(reason(barrier_->keks(tx, 7)), "sealed");
              return ok();
            }),
            "");
  Bytes out(sealed->bytes().size());
  EXPECT_EQ(reason(cipher->rewrap(sealed->bytes(), out)), "sealed");

  ASSERT_EQ(reason(barrier_->install(&root_)), "");
  EXPECT_EQ(reason(get(*cell, "k")), "");
  EXPECT_EQ(reason(cipher->rewrap(sealed->bytes(), out)), "sealed");
}

TEST_P(BarrierOn, opens_nothing_under_another_root_key) {
  const auto sealed = barrier_->seal(7, context_of("k"), bytes_of(5));
  ASSERT_TRUE(sealed);
  const RootKey other{bytes_of(2)};
  ASSERT_EQ(reason(barrier_->install(&other)), "");
  EXPECT_EQ(reason(barrier_->open(7, context_of("k"), *sealed)), "row_tampered");
}

TEST_P(BarrierOn, notices_an_edited_kek_row) {
  ASSERT_TRUE(put(7, "k", bytes_of(5)));
  EXPECT_EQ(write([](store::Tx& tx) -> Status {
              KW_OK(tx.execute("UPDATE kek SET created_at = created_at + 1 WHERE tenant = 7", {}));
              return ok();
            }),
            "");
  EXPECT_EQ(reason(put(7, "k", bytes_of(5))), "row_tampered");
  barrier_->refresh_keks(7);
  EXPECT_EQ(reason(barrier_->seal(7, context_of("k"), bytes_of(5))), "row_tampered");
  EXPECT_EQ(reason(put(8, "k", bytes_of(5))), "");
  // A KEK row of another tenant does not pass as one of this.
  EXPECT_EQ(write([](store::Tx& tx) -> Status {
              KW_OK(tx.execute("DELETE FROM kek WHERE tenant = 7", {}));
              KW_OK(tx.execute("UPDATE kek SET tenant = 7 WHERE tenant = 8", {}));
              return ok();
            }),
            "");
  EXPECT_EQ(reason(put(7, "k", bytes_of(5))), "row_tampered");
}

TEST_P(BarrierOn, keeps_no_kek_of_a_transaction_that_was_undone) {
  const SealContext context = context_of("k");
  EXPECT_EQ(write([&](store::Tx& tx) -> Status {
              KW_OK(barrier_->create_kek(tx, 9));
              KW_TRY(const auto id, barrier_->put(tx, 9, context, bytes_of(5)));
              KW_OK(barrier_->get(tx, id, context));
              return error(Code::kAborted, "changed_my_mind", "");
            }),
            "changed_my_mind");
  EXPECT_EQ(reason(barrier_->primary_kek(9)), "no_primary_kek");
  // The next version 1 is another key; what is sealed under it must open on a fresh node.
  EXPECT_EQ(write([&](store::Tx& tx) -> Status {
              KW_OK(barrier_->create_kek(tx, 9));
              return ok();
            }),
            "");
  const auto id = put(9, "k", bytes_of(6));
  ASSERT_TRUE(id);
  Barrier fresh(store(), clock_);
  ASSERT_EQ(reason(fresh.install(&root_)), "");
  EXPECT_EQ(reason(store().read([&](store::Reader& reader) -> Status {
              KW_TRY(const auto secret, fresh.get(reader, *id, context));
              EXPECT_TRUE(equal_constant_time(secret, bytes_of(6)));
              return ok();
            })),
            "");
}

TEST_P(BarrierOn, authenticates_rows_by_table_and_content) {
  const Bytes row{1, 2, 3};
  const Bytes other{1, 2, 4};
  const auto mac = barrier_->row_mac("token", row);
  ASSERT_TRUE(mac);
  EXPECT_EQ(reason(barrier_->check_row("token", row, *mac)), "");
  const Status changed = barrier_->check_row("token", other, *mac);
  EXPECT_EQ(reason(changed), "row_tampered");
  EXPECT_EQ(changed.error().code, Code::kDataLoss);
  EXPECT_EQ(reason(barrier_->check_row("key", row, *mac)), "row_tampered");
  EXPECT_EQ(reason(barrier_->check_row("token", row, ByteView(*mac).first(31))), "row_tampered");
  EXPECT_EQ(reason(barrier_->check_row("token", row, {})), "row_tampered");
}

TEST_P(BarrierOn, separates_what_it_derives) {
  const Bytes value{1, 2, 3};
  std::set<std::string> seen;
  seen.insert(hex(*barrier_->token_hmac(value)));
  seen.insert(hex(*barrier_->audit_hmac(7, value)));
  seen.insert(hex(*barrier_->audit_hmac(8, value)));
  seen.insert(hex(*barrier_->row_mac("t", value)));
  seen.insert(hex(barrier_->derive("backup")->reveal(Reveal{})));
  seen.insert(hex(barrier_->derive("idempotency")->reveal(Reveal{})));
  seen.insert(hex(barrier_->derive("")->reveal(Reveal{})));
  seen.insert(hex(barrier_->derive("keywright/root/row-mac/v1")->reveal(Reveal{})));
  EXPECT_EQ(seen.size(), 8u);
  EXPECT_EQ(hex(*barrier_->audit_hmac(7, value)), hex(*barrier_->audit_hmac(7, value)));
}

// Golden values: a change of a label or an encoding would make every store unreadable.
TEST_P(BarrierOn, derives_the_same_for_ever) {
  const Bytes value{1, 2, 3};
  EXPECT_EQ(hex(*barrier_->token_hmac(value)),
            "90355db651026afb8264734e2d6ba734cb49af0e0d02716173da702ad926128b");
  EXPECT_EQ(hex(*barrier_->audit_hmac(7, value)),
            "ae82c48bdcb634b289f0194998f433ead84c2954fcc07355349805cd5d4754e9");
  EXPECT_EQ(hex(*barrier_->row_mac("t", value)),
            "ae1658a85b7d0ccb07a7f8aa8989772e75f1bd15fe60ff74395b6de85055fb52");
  EXPECT_EQ(hex(barrier_->derive("backup")->reveal(Reveal{})),
            "49ca775f009f02bba6e900a98e122a1c7e102a7650ddbbdab6110b45d63148ef");
  EXPECT_EQ(hex(context_of("k").binding()),
            "23ea8028e915c90695a9f148a7fdf9779ed57528f86ade940cfcf64034bb1ef0");
}

INSTANTIATE_TEST_SUITE_P(Barrier, BarrierOn, testing::Values("sqlite", "postgres"), engine_name);

}  // namespace
}  // namespace kw::seal
