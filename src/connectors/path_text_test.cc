#include "connectors/path_text.h"

#include <gtest/gtest.h>

namespace kw::connectors {
namespace {

TEST(PathText, gives_back_every_path) {
  for (const std::string path :
       {"a", "a/b c/d.txt", "100%", "line\nbreak", "\xff\xfe", "gr\xc3\xbc\xc3\x9f/\xe2\x82\xac",
        "cut\xe2\x82", "\xed\xa0\x80"}) {
    const auto back = path_of_text(path_text(path));
    ASSERT_TRUE(back) << path_text(path);
    EXPECT_EQ(*back, path);
  }
}

TEST(PathText, is_readable_where_it_can_be) {
  EXPECT_EQ(path_text("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(path_text("\xff%\n"), "%FF%25%0A");
}

TEST(PathText, refuses_what_leaves_the_tree) {
  for (const char* text : {"", "..", "a/../b", "/etc/passwd", "a//b", "a/", ".", "%2", "%2e%2e",
                           "%2E%2E/x", "a%00b", "%41"})
    EXPECT_EQ(path_of_text(text).error().reason, "bad_cursor") << text;
}

}  // namespace
}  // namespace kw::connectors
