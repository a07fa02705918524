// The life of tenant KEKs and the re-wrap of cells.
#include <atomic>
#include <random>
#include <thread>

#include "base/failpoint.h"
#include "base/reveal.h"
#include "crypto/random.h"
#include "seal/barrier.h"
#include "seal/store_for_tests.h"

namespace kw::seal {
namespace {

using std::chrono::seconds;
constexpr std::int64_t kTenant = 7;
constexpr std::int64_t kFirst = kTenant << kCellSequenceBits;
constexpr std::int64_t kLast = ((kTenant + 1) << kCellSequenceBits) - 1;

class KekOn : public OnEachEngine {
 protected:
  void SetUp() override {
    OnEachEngine::SetUp();
    if (IsSkipped()) return;
    barrier_ = std::make_unique<Barrier>(store(), clock_);
    ASSERT_EQ(reason(barrier_->install(&root_)), "");
    ASSERT_EQ(create(), "");
  }
  void TearDown() override {
    failpoint::disarm_all();
    OnEachEngine::TearDown();
  }
  std::string create() {
    return write([this](store::Tx& tx) -> Status {
      KW_OK(barrier_->create_kek(tx, kTenant));
      return ok();
    });
  }
  std::string promote(std::uint32_t version) {
    auto done = write([&](store::Tx& tx) { return barrier_->promote_kek(tx, kTenant, version); });
    barrier_->refresh_keks(kTenant);
    return done;
  }
  std::string restore(std::uint32_t version) {
    auto done = write([&](store::Tx& tx) { return barrier_->restore_kek(tx, kTenant, version); });
    barrier_->refresh_keks(kTenant);
    return done;
  }
  std::string retire(std::uint32_t version) {
    return write([&](store::Tx& tx) { return barrier_->retire_kek(tx, kTenant, version); });
  }
  /// "retiring primary pending": the states in order of version.
  std::string states() {
    std::string text;
    EXPECT_EQ(reason(store().read([&](store::Reader& reader) -> Status {
                KW_TRY(const auto keks, barrier_->keks(reader, kTenant));
                constexpr const char* kNames[] = {"primary", "retiring", "retired", "pending"};
                for (const KekVersion& kek : keks)
                  text +=
                      std::string(text.empty() ? "" : " ") + kNames[static_cast<int>(kek.state)];
                return ok();
              })),
              "");
    return text;
  }
  std::int64_t put(std::uint8_t value) {
    std::int64_t id = 0;
    EXPECT_EQ(write([&](store::Tx& tx) -> Status {
                KW_TRY(id, barrier_->put(tx, kTenant, context_of("k"), bytes_of(value)));
                return ok();
              }),
              "");
    return id;
  }
  std::string get(std::int64_t id, std::uint8_t value) {
    return reason(store().read([&](store::Reader& reader) -> Status {
      KW_TRY(const auto secret, barrier_->get(reader, id, context_of("k")));
      EXPECT_TRUE(equal_constant_time(secret, bytes_of(value)));
      return ok();
    }));
  }
  /// Re-wraps all cells in small batches; how many changed.
  int rewrap_all(std::uint32_t target) {
    auto cipher = barrier_->cipher_to(kTenant, target);
    EXPECT_EQ(reason(cipher), "");
    int changed = 0;
    for (std::int64_t after = kFirst; cipher && after < kLast;)
      changed += rewrap_page(*cipher, after);
    return changed;
  }
  int rewrap_page(KekCipher& cipher, std::int64_t& after) {
    std::int64_t written = 0;
    std::int64_t last = kLast;
    EXPECT_EQ(write([&](store::Tx& tx) -> Status {
                KW_TRY(const auto cells, tx.read_cells("sealed_cell", after, kLast, 64));
                last = cells.size() < 64 ? kLast : cells.back().id;
                std::vector<Bytes> fresh;
                std::vector<store::CellUpdate> updates;
                fresh.reserve(cells.size());
                for (const store::Cell& cell : cells) {
                  fresh.emplace_back(cell.bytes.size());
                  KW_TRY(const bool moved, cipher.rewrap(cell.bytes, fresh.back()));
                  KW_TRY(const auto prefix, ByteReader(cell.bytes).u32());
                  if (moved) updates.push_back({cell.id, prefix, fresh.back()});
                }
                KW_TRY(written, tx.write_cells("sealed_cell", updates));
                return ok();
              }),
              "");
    after = last;
    return static_cast<int>(written);
  }
  std::uint32_t prefix_of(std::int64_t id) {
    std::uint32_t prefix = 0;
    EXPECT_EQ(reason(store().read([&](store::Reader& reader) -> Status {
                KW_TRY(const auto row,
                       reader.query_one("SELECT cell FROM sealed_cell WHERE id = $1", {id}));
                KW_TRY(prefix, ByteReader(row->bytes(0)).u32());
                return ok();
              })),
              "");
    return prefix;
  }

  FakeClock clock_{WallTime(seconds(1'800'000'000))};
  RootKey root_{bytes_of(1)};
  std::unique_ptr<Barrier> barrier_;
};

TEST_P(KekOn, lives_from_pending_to_retired) {
  EXPECT_EQ(states(), "primary");
  EXPECT_EQ(create(), "");
  EXPECT_EQ(states(), "primary pending");
  EXPECT_EQ(*barrier_->primary_kek(kTenant), 1u);
  EXPECT_EQ(promote(2), "");
  EXPECT_EQ(states(), "retiring primary");
  EXPECT_EQ(*barrier_->primary_kek(kTenant), 2u);
  EXPECT_EQ(retire(1), "");
  EXPECT_EQ(states(), "retired primary");
  EXPECT_EQ(create(), "");
  EXPECT_EQ(states(), "retired primary pending");
  EXPECT_EQ(number("SELECT count(DISTINCT wrapped) FROM kek"), 3);
}

TEST_P(KekOn, refuses_every_other_step) {
  EXPECT_EQ(create(), "");
  EXPECT_EQ(create(), "");
  EXPECT_EQ(promote(2), "");
  EXPECT_EQ(promote(3), "");
  EXPECT_EQ(retire(1), "");
  EXPECT_EQ(create(), "");
  ASSERT_EQ(states(), "retired retiring primary pending");
  EXPECT_EQ(promote(1), "kek_state");
  EXPECT_EQ(promote(2), "kek_state");
  EXPECT_EQ(promote(3), "kek_state");
  EXPECT_EQ(promote(5), "no_kek");
  EXPECT_EQ(restore(1), "kek_state");
  EXPECT_EQ(restore(3), "kek_state");
  EXPECT_EQ(restore(4), "kek_state");
  EXPECT_EQ(retire(1), "kek_state");
  EXPECT_EQ(retire(3), "kek_state");
  EXPECT_EQ(retire(4), "kek_state");
  EXPECT_EQ(retire(5), "no_kek");
  EXPECT_EQ(states(), "retired retiring primary pending");
}

TEST_P(KekOn, goes_back_to_the_version_before) {
  EXPECT_EQ(create(), "");
  EXPECT_EQ(promote(2), "");
  const std::int64_t id = put(5);
  EXPECT_EQ(prefix_of(id), 2u);
  EXPECT_EQ(restore(1), "");
  EXPECT_EQ(states(), "primary retiring");
  EXPECT_EQ(rewrap_all(1), 1);
  EXPECT_EQ(prefix_of(id), 1u);
  EXPECT_EQ(get(id, 5), "");
  EXPECT_EQ(prefix_of(put(6)), 1u);
}

TEST_P(KekOn, allows_one_primary_whatever_is_written) {
  EXPECT_EQ(create(), "");
  EXPECT_EQ(write([](store::Tx& tx) -> Status {
              KW_OK(tx.execute("UPDATE kek SET state = 'primary' WHERE version = 2", {}));
              return ok();
            }),
            "unique_violation");
}

TEST_P(KekOn, promotes_wholly_or_not_at_all) {
#ifndef KW_FAILPOINTS
  GTEST_SKIP() << "built without failpoints";
#endif
  EXPECT_EQ(create(), "");
  for (const char* point : {"kek.promote", "kek.promote.between"}) {
    ASSERT_TRUE(failpoint::arm(std::string(point) + "=error"));
    EXPECT_EQ(promote(2), "failpoint");
    failpoint::disarm_all();
    EXPECT_EQ(states(), "primary pending");
    EXPECT_EQ(prefix_of(put(1)), 1u);
  }
  EXPECT_EQ(promote(2), "");
}

TEST_P(KekOn, puts_new_cells_under_the_primary_without_being_told) {
  Barrier other(store(), clock_);
  ASSERT_EQ(reason(other.install(&root_)), "");
  EXPECT_EQ(prefix_of(put(1)), 1u);
  ASSERT_EQ(*barrier_->primary_kek(kTenant), 1u);
  EXPECT_EQ(create(), "");
  // Another node promotes, and this one was not told to refresh.
  EXPECT_EQ(write([&](store::Tx& tx) { return other.promote_kek(tx, kTenant, 2); }), "");
  EXPECT_EQ(*barrier_->primary_kek(kTenant), 1u);
  EXPECT_EQ(prefix_of(put(2)), 2u);
  barrier_->refresh_keks(kTenant);
  EXPECT_EQ(*barrier_->primary_kek(kTenant), 2u);
}

TEST_P(KekOn, rewraps_every_cell_and_each_one_once) {
  std::vector<std::int64_t> ids;
  for (std::uint8_t i = 0; i < 100; ++i) ids.push_back(put(i));
  EXPECT_EQ(create(), "");
  EXPECT_EQ(promote(2), "");
  ids.push_back(put(100));
  EXPECT_EQ(rewrap_all(2), 100);
  EXPECT_EQ(rewrap_all(2), 0);
  EXPECT_EQ(retire(1), "");
  for (std::uint8_t i = 0; i <= 100; ++i) {
    EXPECT_EQ(prefix_of(ids[i]), 2u);
    EXPECT_EQ(get(ids[i], i), "");
  }
  EXPECT_EQ(create(), "");
  EXPECT_EQ(promote(3), "");
  EXPECT_EQ(rewrap_all(3), 101);
  EXPECT_EQ(get(ids[50], 50), "");
}

TEST_P(KekOn, loses_no_cell_that_is_written_beside_a_rotation) {
  std::atomic<bool> stop{false};
  std::vector<std::int64_t> ids;
  std::thread writer([&] {
    while (!stop) {
      std::int64_t id = 0;
      const Status done = store().write([&](store::Tx& tx) -> Status {
        KW_TRY(id, barrier_->put(tx, kTenant, context_of("k"), bytes_of(3)));
        return ok();
      });
      EXPECT_EQ(reason(done), "");
      ids.push_back(id);
    }
  });
  for (std::uint32_t version = 2; version <= 4; ++version) {
    EXPECT_EQ(create(), "");
    EXPECT_EQ(promote(version), "");
    while (rewrap_all(version) != 0) {
    }
    EXPECT_EQ(retire(version - 1), "");
  }
  stop = true;
  writer.join();
  rewrap_all(4);
  ASSERT_FALSE(ids.empty());
  for (const std::int64_t id : ids) {
    ASSERT_EQ(prefix_of(id), 4u);
    ASSERT_EQ(get(id, 3), "");
  }
}

TEST_P(KekOn, rewraps_to_the_primary_only) {
  EXPECT_EQ(create(), "");
  const auto pending = barrier_->cipher_to(kTenant, 2);
  EXPECT_EQ(reason(pending), "kek_state");
  EXPECT_EQ(promote(2), "");
  EXPECT_EQ(reason(barrier_->cipher_to(kTenant, 1)), "kek_state");
  EXPECT_EQ(reason(barrier_->cipher_to(kTenant, 9)), "kek_state");
  EXPECT_EQ(reason(barrier_->cipher_to(kTenant, 2)), "");
}

TEST_P(KekOn, names_a_cell_that_does_not_open_when_rewrapping) {
  const auto sealed = barrier_->seal(kTenant, context_of("k"), bytes_of(5));
  EXPECT_EQ(create(), "");
  EXPECT_EQ(promote(2), "");
  auto cipher = barrier_->cipher_to(kTenant, 2);
  ASSERT_TRUE(sealed && cipher);
  const Bytes good = to_bytes(sealed->bytes());
  Bytes out(good.size());
  for (std::size_t i = 4; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= 0x80;
    EXPECT_EQ(reason(cipher->rewrap(bad, out)), "unwrap_failed") << i;
  }
  Bytes unknown = good;
  unknown[3] = 99;
  EXPECT_EQ(reason(cipher->rewrap(unknown, out)), "unwrap_failed");
  for (std::size_t size = 0; size <= kCellOverheadBytes; ++size) {
    const Bytes shorter(size, 0);
    Bytes room(size);
    EXPECT_EQ(reason(cipher->rewrap(shorter, room)), "unwrap_failed");
  }
  const auto moved = cipher->rewrap(good, out);
  ASSERT_EQ(reason(moved), "");
  EXPECT_TRUE(*moved);
  const auto opened = barrier_->open(kTenant, context_of("k"), store::Sealed::from_store(out));
  ASSERT_EQ(reason(opened), "");
  EXPECT_TRUE(equal_constant_time(*opened, bytes_of(5)));
  Bytes untouched(out.size(), 1);
  const auto again = cipher->rewrap(out, untouched);
  ASSERT_EQ(reason(again), "");
  EXPECT_FALSE(*again);
  EXPECT_EQ(untouched, Bytes(out.size(), 1));
}

TEST_P(KekOn, rewraps_cells_of_any_size) {
  std::vector<Bytes> cells;
  for (const std::size_t size : {1, 5000, 32, 16, 100'000}) {
    const auto sealed = barrier_->seal(kTenant, context_of("k"),
                                       crypto::random_secret(static_cast<std::size_t>(size)));
    ASSERT_TRUE(sealed);
    cells.push_back(to_bytes(sealed->bytes()));
  }
  EXPECT_EQ(create(), "");
  EXPECT_EQ(promote(2), "");
  auto cipher = barrier_->cipher_to(kTenant, 2);
  ASSERT_TRUE(cipher);
  for (const Bytes& cell : cells) {
    Bytes out(cell.size());
    ASSERT_EQ(reason(cipher->rewrap(cell, out)), "");
    const auto before = barrier_->open(kTenant, context_of("k"), store::Sealed::from_store(cell));
    const auto after = barrier_->open(kTenant, context_of("k"), store::Sealed::from_store(out));
    ASSERT_TRUE(before && after);
    EXPECT_TRUE(equal_constant_time(*before, *after));
  }
}

INSTANTIATE_TEST_SUITE_P(Kek, KekOn, testing::Values("sqlite", "postgres"), engine_name);

}  // namespace
}  // namespace kw::seal
