#include "audit/change_log.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "audit/leaf.h"
#include "audit/log_for_tests.h"
#include "audit/note.h"
#include "audit/tile.h"
#include "base/failpoint.h"
#include "store/postgres_fixture.h"

namespace kw::audit {
namespace {

store::PostgresServer* postgres() {
  static const auto server = store::PostgresServer::start();
  return server ? server->get() : nullptr;
}

class ChangeLogOn : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "postgres") {
      if (postgres() == nullptr) GTEST_SKIP() << "no PostgreSQL on this machine";
      url_ = postgres()->fresh_database();
    }
    test_ = std::make_unique<TestLog>(folder_, url_);
  }
  ChangeLog& log() { return test_->log(); }
  std::vector<Hash> leaf_hashes() {
    std::vector<Hash> hashes;
    for (std::int64_t i = 0; i < log().size().value(); ++i)
      hashes.push_back(leaf_hash(as_bytes(log().record(i).value()->leaf)));
    return hashes;
  }

  TestFolder folder_;
  std::string url_;
  std::unique_ptr<TestLog> test_;
};
INSTANTIATE_TEST_SUITE_P(Engines, ChangeLogOn, testing::Values("sqlite", "postgres"),
                         [](const auto& engine) { return engine.param; });

Checkpoint read(const std::string& note) {
  return parse_checkpoint(parse_note(note).value().text).value();
}

TEST_P(ChangeLogOn, numbers_leaves_densely_and_keeps_them) {
  EXPECT_EQ(log().size().value(), 0);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(reason(log().append(event_of(i))), "");
  EXPECT_EQ(log().size().value(), 3);
  const auto second = log().record(1).value();
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->seq, 1);
  EXPECT_EQ(parse_leaf(second->leaf).value().object, "invoices");
  EXPECT_FALSE(log().record(3).value().has_value());
}

TEST_P(ChangeLogOn, forgets_the_leaf_of_a_change_that_fails) {
  test_->fill(5);
  const Status failed = test_->store().write([&](store::Tx& tx) -> Status {
    KW_OK(log().append(tx, event_of(5)));
    return error(Code::kAborted, "changed_its_mind", "");
  });
  EXPECT_EQ(reason(failed), "changed_its_mind");
  EXPECT_EQ(log().size().value(), 5);
  ASSERT_EQ(reason(log().append(event_of(6))), "");
  EXPECT_EQ(log().record(5).value()->seq, 5);
  EXPECT_EQ(reason(log().checkpoint()), "");
}

TEST_P(ChangeLogOn, proves_inclusion_and_consistency_as_the_definition_does) {
  test_->fill(700);
  const auto leaves = leaf_hashes();
  const auto root_at = [&](std::int64_t size) {
    Frontier frontier;
    for (const Hash& leaf : std::span(leaves).first(static_cast<std::size_t>(size)))
      frontier.add(leaf);
    return frontier.root();
  };
  for (const std::int64_t size : {1, 2, 255, 256, 257, 511, 512, 513, 700}) {
    for (const std::int64_t index : {0, 1, 100, 255, 256, 300, 511, 699}) {
      if (index >= size) continue;
      const auto proof = log().inclusion(index, size);
      ASSERT_EQ(reason(proof), "");
      EXPECT_TRUE(verify_inclusion(leaves[static_cast<std::size_t>(index)],
                                   static_cast<std::uint64_t>(index),
                                   static_cast<std::uint64_t>(size), *proof, root_at(size)));
    }
    for (const std::int64_t newer : {256, 512, 600, 700}) {
      if (newer < size) continue;
      const auto proof = log().consistency(size, newer);
      ASSERT_EQ(reason(proof), "");
      EXPECT_TRUE(verify_consistency(static_cast<std::uint64_t>(size), root_at(size),
                                     static_cast<std::uint64_t>(newer), root_at(newer), *proof));
    }
  }
  EXPECT_EQ(reason(log().inclusion(0, 701)), "bad_tree_size");
  EXPECT_EQ(reason(log().inclusion(700, 700)), "bad_tree_size");
  EXPECT_EQ(reason(log().inclusion(-1, 700)), "bad_tree_size");
  EXPECT_EQ(reason(log().consistency(0, 700)), "bad_tree_size");
  EXPECT_EQ(reason(log().consistency(-1, 700)), "bad_tree_size");
  EXPECT_EQ(reason(log().consistency(5, -1)), "bad_tree_size");
}

TEST_P(ChangeLogOn, serves_bundles_and_tiles_as_far_as_it_has_grown) {
  test_->fill(300);
  const auto leaves = leaf_hashes();
  const Bytes bundle = log().tile("tile/entries/001.p/44").value();
  EntryReader reader(bundle);
  for (int i = 256; i < 300; ++i) EXPECT_EQ(reader.next().value(), log().record(i).value()->leaf);
  EXPECT_TRUE(reader.done());
  const Bytes tile = log().tile("tile/0/000").value();
  ASSERT_EQ(tile.size(), 256u * 32);
  EXPECT_TRUE(same_bytes(ByteView(tile).subspan(7 * 32, 32), leaves[7]));
  Frontier first;
  for (const Hash& leaf : std::span(leaves).first(256)) first.add(leaf);
  EXPECT_TRUE(same_bytes(log().tile("tile/1/000.p/1").value(), first.root()));
  EXPECT_EQ(log().tile("tile/0/001.p/3").value().size(), 96u);
  for (const std::string_view beyond :
       {"tile/0/001", "tile/0/001.p/45", "tile/entries/002.p/1", "tile/1/000", "tile/1/000.p/2",
        "tile/2/000.p/1", "tile/0/x999/x999/x999/x999/x999/999"})
    EXPECT_EQ(reason(log().tile(beyond)), "tile_not_found") << beyond;
  EXPECT_EQ(reason(log().tile("tile/0/../x")), "bad_tile_path");
}

TEST_P(ChangeLogOn, signs_its_head_under_one_key_for_life) {
  test_->fill(10);
  const std::string vkey = log().verifier_key().value();
  const std::string first = log().checkpoint().value();
  EXPECT_EQ(log().checkpoint().value(), first);
  test_->fill(10);
  const std::string second = log().checkpoint().value();
  EXPECT_EQ(log().latest_checkpoint().value(), second);
  EXPECT_EQ(read(first).size, 10u);
  EXPECT_EQ(read(second).size, 20u);
  const VerifierKey key = parse_vkey(vkey).value();
  EXPECT_EQ(key.name, "test/audit/1");
  EXPECT_TRUE(is_signed_by(parse_note(second).value(), key));

  ASSERT_EQ(reason(log().unlock(nullptr)), "");
  EXPECT_EQ(reason(log().checkpoint()), "sealed");
  EXPECT_EQ(log().signer(), nullptr);
  EXPECT_EQ(log().verifier_key().value(), vkey);
  ASSERT_EQ(reason(log().unlock(&test_->barrier())), "");
  EXPECT_EQ(log().verifier_key().value(), vkey);
  EXPECT_EQ(log().checkpoint().value(), second);
}

TEST_P(ChangeLogOn, signs_an_empty_tree_too) {
  const Checkpoint empty = read(log().checkpoint().value());
  EXPECT_EQ(empty.size, 0u);
  EXPECT_EQ(empty.root, empty_root());
  test_->fill(1);
  EXPECT_EQ(read(log().checkpoint().value()).size, 1u);
}

TEST_P(ChangeLogOn, never_signs_a_history_that_was_edited) {
  test_->fill(300);
  ASSERT_EQ(reason(log().checkpoint()), "");
  test_->fill(300);
  ASSERT_EQ(test_->tamper("UPDATE audit_leaf SET leaf = '{\"a\":1}' WHERE seq = 599"), 1);
  EXPECT_EQ(reason(log().checkpoint()), "audit_tampered");
}

TEST_P(ChangeLogOn, never_signs_over_a_head_or_note_that_was_put_back) {
  test_->fill(20);
  ASSERT_EQ(reason(log().checkpoint()), "");
  ASSERT_EQ(test_->tamper("UPDATE audit_head SET size = 19"), 1);
  EXPECT_EQ(reason(log().checkpoint()), "audit_tampered");
  EXPECT_EQ(reason(log().append(event_of(1))), "audit_tampered");
  ASSERT_EQ(test_->tamper("UPDATE audit_head SET size = 0, frontier = NULL"), 1);
  ASSERT_EQ(test_->tamper("DELETE FROM audit_leaf"), 20);
  EXPECT_EQ(reason(log().checkpoint()), "audit_tampered");
}

TEST_P(ChangeLogOn, refuses_a_signer_that_is_not_the_sealed_one) {
  ASSERT_EQ(
      test_->tamper("UPDATE audit_signer SET public_key = cell_of_nobody.key FROM"
                    " (SELECT hash AS key FROM audit_hash UNION SELECT frontier FROM audit_head"
                    "  UNION SELECT cell FROM sealed_cell) AS cell_of_nobody"
                    " WHERE cell_of_nobody.key IS NOT NULL"),
      1);
  EXPECT_EQ(reason(log().unlock(&test_->barrier())), "signer_mismatch");
}

TEST_P(ChangeLogOn, finds_records_by_every_filter_newest_first) {
  test_->fill(60);
  const auto find = [&](const Query& query) {
    std::vector<std::int64_t> found;
    const auto records = log().query(query).value();
    found.reserve(records.size());
    for (const Record& record : records) found.push_back(record.seq);
    return found;
  };
  const auto expected = [&](auto matches) {
    std::vector<std::int64_t> numbers;
    for (std::int64_t i = 59; i >= 0; --i)
      if (matches(i)) numbers.push_back(i);
    return numbers;
  };
  EXPECT_EQ(find({}), expected([](auto) { return true; }));
  Query query;
  query.tenant = "acme";
  EXPECT_EQ(find(query), expected([](auto i) { return i % 5 == 0; }));
  query.actor = "alice";
  EXPECT_EQ(find(query), expected([](auto i) { return i % 15 == 0; }));
  query = {};
  query.kind = "key";
  query.object = "mail";
  EXPECT_EQ(find(query), expected([](auto i) { return i % 3 == 2; }));
  query.action = "key.encrypt";
  EXPECT_EQ(find(query), expected([](auto i) { return i % 6 == 2; }));
  query = {};
  query.action = "key.enc";
  EXPECT_EQ(find(query), expected([](auto) { return false; }));
  query.action = "key.*";
  query.limit = 7;
  query.before = 30;
  EXPECT_EQ(find(query), (std::vector<std::int64_t>{29, 28, 27, 26, 25, 24, 23}));
  query.action = "ke.*";
  EXPECT_EQ(find(query), (std::vector<std::int64_t>{}));
}

TEST_P(ChangeLogOn, finds_records_by_time_from_inclusive_to_exclusive) {
  const WallTime start = test_->clock().wall();
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(reason(log().append(event_of(i))), "");
    test_->clock().advance(std::chrono::seconds(1));
  }
  Query query;
  query.from = start + std::chrono::seconds(3);
  query.to = start + std::chrono::seconds(5);
  const auto found = log().query(query).value();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].seq, 4);
  EXPECT_EQ(found[1].seq, 3);
  query.limit = 0;
  EXPECT_EQ(reason(log().query(query)), "bad_limit");
  query.limit = 1001;
  EXPECT_EQ(reason(log().query(query)), "bad_limit");
}

TEST_P(ChangeLogOn, keeps_text_that_no_column_could_hold) {
  Event event = event_of(1);
  event.actor = std::string_view(
      "\xff\0\n"
      "x",
      4);
  const std::string longer(5000, 'o');
  event.object = longer;
  ASSERT_EQ(reason(log().append(event)), "");
  EXPECT_EQ(reason(log().checkpoint()), "");
}

// "Retry later" is the contract of kUnavailable: nodes that collide several times in a row give up
// for the moment.
Status append_patiently(ChangeLog& log, const Event& event) {
  Status appended;
  for (int tries = 0; tries < 100; ++tries) {
    appended = log.append(event);
    if (appended || appended.error().code != Code::kUnavailable) break;
  }
  return appended;
}

TEST_P(ChangeLogOn, serialises_appends_of_several_nodes) {
  constexpr int kThreads = 4, kEach = 40;
  // SQLite belongs to one process: its second node is a second log on the same store.
  std::unique_ptr<TestLog> other_node;
  if (GetParam() == "postgres") other_node = std::make_unique<TestLog>(folder_, url_);
  TestLog& second_test = other_node ? *other_node : *test_;
  ChangeLog second(second_test.store(), test_->clock(), "node-2", "test/audit/1");
  ASSERT_EQ(reason(second.unlock(&second_test.barrier())), "");
  EXPECT_EQ(second.verifier_key().value(), log().verifier_key().value());
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      ChangeLog& mine = t % 2 == 0 ? log() : second;
      for (int i = 0; i < kEach; ++i) EXPECT_EQ(reason(append_patiently(mine, event_of(i))), "");
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(log().size().value(), kThreads * kEach);
  const std::string note = second.checkpoint().value();
  Frontier frontier;
  for (const Hash& leaf : leaf_hashes()) frontier.add(leaf);
  EXPECT_EQ(read(note).root, frontier.root());
}

TEST(ChangeLog, refuses_a_name_that_no_checkpoint_can_carry) {
  const TestFolder folder;
  TestLog test(folder);
  ChangeLog bad(test.store(), test.clock(), "node-1", "has space");
  EXPECT_EQ(reason(bad.unlock(&test.barrier())), "bad_origin");
}

#ifdef KW_FAILPOINTS
TEST(ChangeLog, writes_nothing_when_a_step_fails) {
  const TestFolder folder;
  TestLog test(folder);
  test.fill(3);
  ASSERT_TRUE(failpoint::arm("audit.append=error;audit.checkpoint=error").has_value());
  EXPECT_EQ(reason(test.log().append(event_of(1))), "failpoint");
  EXPECT_EQ(reason(test.log().checkpoint()), "failpoint");
  failpoint::disarm_all();
  EXPECT_EQ(test.log().size().value(), 3);
  EXPECT_EQ(test.log().latest_checkpoint().value(), "");
  EXPECT_EQ(reason(test.log().checkpoint()), "");
}
#endif

}  // namespace
}  // namespace kw::audit
