#include "audit/access_copy.h"

#include <filesystem>

#include "audit/log_for_tests.h"
#include "audit/segment.h"
#include "audit/tile.h"

namespace kw::audit {
namespace {

namespace fs = std::filesystem;

const SystemClock kClock;

std::unique_ptr<AccessLog> filled_log(const TestFolder& folder, int count) {
  auto log = AccessLog::open(access_options(folder), kClock).value();
  log->unlock(std::make_shared<const crypto::SigningKey>(
      crypto::SigningKey::from_seed(SecretBytes::copy_of(Bytes(32, 5))).value()));
  for (int i = 1; i < count; ++i) log->append(event_of(i), [](const Status&) {});
  EXPECT_TRUE(log->append_and_wait(event_of(0)));
  return log;
}

Bytes records(const AccessLog& log, std::uint64_t first, std::size_t count) {
  Bytes all;
  const std::vector<std::string> leaves = log.read(first, count).value();
  for (const std::string& leaf : leaves) append_entry(all, leaf);
  return all;
}

Result<AccessCopy> copy_of(const AccessLog& log, const std::string& to) {
  return AccessCopy::open(to, log.node(), log.promises().value());
}

class AccessCopyTest : public testing::Test {
 protected:
  std::string theirs(const std::string& name) const {
    return source_.file("access/node-1/" + name);
  }
  std::string ours(const std::string& name) const { return target_.file("access/node-1/" + name); }
  Bytes log_bytes() const { return read_bytes(segment_path(source_.file("access/node-1"), 0)); }
  Bytes copy_bytes() const { return read_bytes(segment_path(target_.file("access/node-1"), 0)); }

  TestFolder source_, target_;
};

TEST_F(AccessCopyTest, is_the_log_byte_by_byte_even_when_it_was_made_in_pieces) {
  const auto log = filled_log(source_, 300);
  ASSERT_TRUE(log->checkpoint());
  for (const std::size_t piece : {7, 100, 193}) {
    AccessCopy copy = copy_of(*log, target_.path()).value();
    ASSERT_TRUE(copy.add(records(*log, copy.size(), piece)));
    ASSERT_TRUE(copy.finish());
  }
  EXPECT_EQ(copy_bytes(), log_bytes());
  for (const char* name : {"vkey", "checkpoints", "segment-000000000000.hash"})
    EXPECT_EQ(read_bytes(ours(name)), read_bytes(theirs(name))) << name;
}

TEST_F(AccessCopyTest, turns_to_a_new_segment_where_the_log_does) {
  const auto log = filled_log(source_, 1);
  const Bytes one = records(*log, 0, 1);
  AccessCopy copy = copy_of(*log, target_.path()).value();
  for (std::uint64_t i = 0; i < kSegmentRecords + 2; ++i) ASSERT_TRUE(copy.add(one));
  ASSERT_TRUE(copy.finish());
  EXPECT_EQ(copy_bytes().size(), kSegmentRecords * one.size());
  const std::string second = segment_path(target_.file("access/node-1"), kSegmentRecords);
  EXPECT_EQ(fs::file_size(second), 2 * one.size());
  EXPECT_EQ(copy_of(*log, target_.path())->size(), kSegmentRecords + 2);
}

TEST_F(AccessCopyTest, goes_on_behind_the_last_whole_record) {
  const auto log = filled_log(source_, 5);
  {
    AccessCopy copy = copy_of(*log, target_.path()).value();
    ASSERT_TRUE(copy.add(records(*log, 0, 3)));
    ASSERT_TRUE(copy.finish());
  }
  const std::string segment = segment_path(target_.file("access/node-1"), 0);
  fs::resize_file(segment, fs::file_size(segment) - 1);
  AccessCopy copy = copy_of(*log, target_.path()).value();
  EXPECT_EQ(copy.size(), 2u);
  ASSERT_TRUE(copy.add(records(*log, 2, 3)));
  ASSERT_TRUE(copy.finish());
  EXPECT_EQ(copy_bytes(), log_bytes());
}

TEST_F(AccessCopyTest, refuses_another_logs_copy_and_names_that_are_paths) {
  const auto log = filled_log(source_, 2);
  ASSERT_TRUE(log->checkpoint());
  ASSERT_TRUE(copy_of(*log, target_.path())->finish());
  AccessLog::Promises other = log->promises().value();
  other.verifier_key += "x";
  EXPECT_EQ(reason(AccessCopy::open(target_.path(), "node-1", other)), "foreign_export");
  EXPECT_EQ(reason(AccessCopy::open(target_.path(), "../node-1", other)), "bad_name");
}

TEST_F(AccessCopyTest, refuses_bytes_that_end_inside_a_record) {
  const auto log = filled_log(source_, 2);
  Bytes torn = records(*log, 0, 2);
  torn.pop_back();
  AccessCopy copy = copy_of(*log, target_.path()).value();
  EXPECT_EQ(copy.add(torn).error().reason, "truncated");
  EXPECT_EQ(copy.size(), 1u);
}

}  // namespace
}  // namespace kw::audit
