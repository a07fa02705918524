#include "base/bytes.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace kw {
namespace {

TEST(ByteWriter, is_read_back_by_ByteReader) {
  ByteWriter writer;
  writer.u8(1).u16(0x0203).u32(0x04050607).u64(0x08090a0b0c0d0e0f).field("abc").raw(as_bytes("z"));
  ByteReader reader(writer.bytes());
  EXPECT_EQ(*reader.u8(), 1);
  EXPECT_EQ(*reader.u16(), 0x0203);
  EXPECT_EQ(*reader.u32(), 0x04050607u);
  EXPECT_EQ(*reader.u64(), 0x08090a0b0c0d0e0fu);
  EXPECT_EQ(as_text(*reader.field()), "abc");
  EXPECT_EQ(as_text(*reader.raw(1)), "z");
  EXPECT_TRUE(reader.done());
}

TEST(ByteWriter, keeps_different_field_lists_apart) {
  EXPECT_NE(ByteWriter().field("ab").field("c").bytes(),
            ByteWriter().field("a").field("bc").bytes());
}

TEST(ByteReader, refuses_a_field_longer_than_the_input) {
  const Bytes lying = ByteWriter().u32(100).raw(as_bytes("short")).bytes();
  ByteReader reader(lying);
  EXPECT_EQ(reader.field().error().reason, "truncated");
}

TEST(Clock, writes_and_reads_rfc3339) {
  for (const char* text :
       {"2026-11-20T13:00:00Z", "1970-01-01T00:00:00.000001Z", "2000-02-29T23:59:59.500000Z"})
    EXPECT_EQ(rfc3339(*parse_rfc3339(text)), text);
  EXPECT_EQ(*parse_rfc3339("2026-11-20T13:00:00.5Z"),
            *parse_rfc3339("2026-11-20T13:00:00.500000Z"));
}

TEST(Clock, refuses_what_is_not_a_utc_time) {
  for (const char* text :
       {"", "2026-11-20", "2026-13-20T13:00:00Z", "2026-02-30T13:00:00Z", "2026-11-20T24:00:00Z",
        "2026-11-20T13:00:00+01:00", "2026-11-20T13:00:00.Z", "2026-11-20 13:00:00Z"})
    EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
}

TEST(FakeClock, moves_only_when_told) {
  FakeClock clock(*parse_rfc3339("2026-11-20T13:00:00Z"));
  const SteadyTime before = clock.steady();
  clock.advance(std::chrono::seconds(1));
  clock.jump_wall(-std::chrono::hours(1));
  EXPECT_EQ(rfc3339(clock.wall()), "2026-11-20T12:00:01Z");
  EXPECT_EQ(clock.steady() - before, std::chrono::seconds(1));
}

}  // namespace
}  // namespace kw
