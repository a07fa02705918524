#include "observe/plain_text.h"

#include <gtest/gtest.h>

namespace kw::observe {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}
std::string label(std::string_view text) {
  std::string out;
  append_label_value(out, text);
  return out;
}

TEST(PlainText, decodes_characters_of_every_length) {
  EXPECT_EQ(first_character("a").point, U'a');
  EXPECT_EQ(first_character("\xC2\x80").point, 0x80u);
  EXPECT_EQ(first_character("\xE2\x82\xAC").point, 0x20ACu);
  EXPECT_EQ(first_character("\xED\x9F\xBF").point, 0xD7FFu);
  EXPECT_EQ(first_character("\xF0\x9F\x94\x91z").point, 0x1F511u);
  EXPECT_EQ(first_character("\xF0\x9F\x94\x91z").length, 4u);
  EXPECT_EQ(first_character("\xF4\x8F\xBF\xBF").point, 0x10FFFFu);
}

TEST(PlainText, takes_one_byte_of_what_is_not_utf8) {
  for (const char* text : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2z", "\xE0\x9F\xBF",
                           "\xE2\x82", "\xE2\x82z", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                           "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_EQ(first_character(text).point, 0xFFFDu) << text;
    EXPECT_EQ(first_character(text).length, 1u) << text;
  }
}

TEST(PlainText, escapes_quotes_and_all_control_characters) {
  EXPECT_EQ(json("a\"b\\c"), R"("a\"b\\c")");
  for (int c = 0; c < 0x20; ++c) {
    char expected[16];
    std::snprintf(expected, sizeof expected, "\"\\u%04x\"", static_cast<unsigned>(c));
    EXPECT_EQ(json(std::string(1, static_cast<char>(c))), expected);
  }
  EXPECT_EQ(json("\x7F"), "\"\\u007f\"");
}

TEST(PlainText, escapes_what_terminals_and_viewers_act_on) {
  EXPECT_EQ(json("\xC2\x85\xC2\x9B"), "\"\\u0085\\u009b\"");
  EXPECT_EQ(json("\xE2\x80\xA8\xE2\x80\xA9"), "\"\\u2028\\u2029\"");
  EXPECT_EQ(json("\xE2\x80\xAE\xE2\x81\xA6\xE2\x80\x8F"), "\"\\u202e\\u2066\\u200f\"");
}

TEST(PlainText, keeps_other_text_and_replaces_invalid_bytes) {
  EXPECT_EQ(json("Schl\xC3\xBCssel \xF0\x9F\x94\x91"), "\"Schl\xC3\xBCssel \xF0\x9F\x94\x91\"");
  EXPECT_EQ(json("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
}

TEST(PlainText, cuts_long_text) {
  const std::string fits(8'192, 'x');
  EXPECT_EQ(json(fits), "\"" + fits + "\"");
  EXPECT_EQ(json(fits + "y"), "\"" + fits + "\xE2\x80\xA6\"");
}

TEST(PlainText, escapes_label_values) {
  EXPECT_EQ(label("a\"b\\c\nd"), R"(a\"b\\c\nd)");
  EXPECT_EQ(label("\xC3\xBC\xFF"), "\xC3\xBC\xEF\xBF\xBD");
}

}  // namespace
}  // namespace kw::observe
