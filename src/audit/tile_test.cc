#include "audit/tile.h"

#include <gtest/gtest.h>

#include "audit/log_for_tests.h"

namespace kw::audit {
namespace {

TEST(Tile, has_the_names_that_tlog_tiles_gives) {
  EXPECT_EQ(tile_path({0, 1234067, 256}), "tile/0/x001/x234/067");
  EXPECT_EQ(tile_path({0, 0, 256}), "tile/0/000");
  EXPECT_EQ(tile_path({0, 999, 255}), "tile/0/999.p/255");
  EXPECT_EQ(tile_path({2, 1000, 256}), "tile/2/x001/000");
  EXPECT_EQ(tile_path({kEntriesLevel, 273, 112}), "tile/entries/273.p/112");
}

TEST(Tile, reads_back_what_it_names) {
  for (const int level : {kEntriesLevel, 0, 1, 7})
    for (const std::uint64_t index :
         {0ull, 1ull, 999ull, 1000ull, 999999ull, 1000000ull, 123456789012ull})
      for (const std::uint32_t width : {1u, 17u, 255u, 256u}) {
        const TileName name{level, index, width};
        EXPECT_EQ(parse_tile_path(tile_path(name)).value(), name) << tile_path(name);
      }
}

TEST(Tile, refuses_every_other_spelling) {
  for (const std::string_view bad : {"",
                                     "tile",
                                     "tile/",
                                     "tile/0",
                                     "tile/0/",
                                     "tile/0/0",
                                     "tile/0/0000",
                                     "tile/00/000",
                                     "tile/8/000",
                                     "tile/-1/000",
                                     "tile/+1/000",
                                     "tile/entries/x000/001",
                                     "tile/0/x001",
                                     "tile/0/001/000",
                                     "tile/0/000.p/",
                                     "tile/0/000.p/0",
                                     "tile/0/000.p/256",
                                     "tile/0/000.p/017",
                                     "tile/0/000.p/1/",
                                     "tile/0/../../etc/passwd",
                                     "tile/0/000/",
                                     "/tile/0/000",
                                     "tile/0/x00a/000",
                                     "checkpoint",
                                     "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999"})
    EXPECT_EQ(reason(parse_tile_path(bad)), "bad_tile_path") << bad;
}

TEST(Tile, bundles_are_length_prefixed_entries) {
  Bytes bundle;
  append_entry(bundle, "ab");
  append_entry(bundle, std::string(300, 'x'));
  append_entry(bundle, "");
  EXPECT_EQ(bundle.size(), 2u + 2 + 2 + 300 + 2);
  EntryReader reader(bundle);
  EXPECT_EQ(reader.next().value(), "ab");
  EXPECT_EQ(reader.next().value(), std::string(300, 'x'));
  EXPECT_EQ(reader.next().value(), "");
  EXPECT_TRUE(reader.done());
  EntryReader cut(ByteView(bundle).first(100));
  EXPECT_TRUE(cut.next().has_value());
  EXPECT_EQ(reason(cut.next()), "truncated");
}

}  // namespace
}  // namespace kw::audit
