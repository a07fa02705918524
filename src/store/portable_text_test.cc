#include "store/portable_text.h"

#include <gtest/gtest.h>

namespace kw::store {
namespace {

TEST(PortableText, takes_the_bounds_of_every_length) {
  for (const char* text :
       {"", "\x01", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_portable_text(text)) << text;
}

TEST(PortableText, refuses_what_rfc_3629_refuses) {
  for (const char* text :
       {"\x80", "\xBF", "\xC0\xAF", "\xC1\xBF", "\xC2", "\xC2g", "\xE0\x9F\xBF", "\xE1\x80",
        "\xE1\x80g", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF1\x80\x80", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xFF", "a\xC2\x80\x80"})
    EXPECT_FALSE(is_portable_text(text)) << text;
  EXPECT_FALSE(is_portable_text(std::string_view("\0", 1)));
}

}  // namespace
}  // namespace kw::store
