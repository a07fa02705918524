#include "connectors/key_text.h"

#include <gtest/gtest.h>

namespace kw::connectors {
namespace {

using Values = std::vector<std::string>;

TEST(KeyText, gives_back_what_it_was_given) {
  for (const Values& values : {Values{"42"}, Values{""}, Values{"a\"b", "c,d", "é\n"}}) {
    const auto back = key_values(key_text(values), values.size());
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, values);
  }
}

TEST(KeyText, is_never_empty_so_that_an_empty_key_is_no_beginning) {
  EXPECT_EQ(key_text({""}), "[\"\"]");
}

TEST(KeyText, refuses_other_texts) {
  for (const char* text : {"", "42", "[42]", "[\"a\",\"b\"]", "{\"a\":\"b\"}", "[\"a\""})
    EXPECT_EQ(key_values(text, 1).error().reason, "bad_cursor") << text;
}

TEST(KeyText, people_see_a_single_value_as_it_is) {
  EXPECT_EQ(key_name({"42"}), "42");
  EXPECT_EQ(key_name({"eu", "42"}), "[\"eu\",\"42\"]");
}

}  // namespace
}  // namespace kw::connectors
