#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "codec/base64.h"
#include "codec/json.h"

namespace kw::codec {
namespace {

std::string written(std::string_view text) {
  JsonWriter out;
  out.value(text);
  return std::string(out.text());
}

TEST(JsonWriter, writes_every_kind_of_value_with_its_commas) {
  JsonWriter out;
  out.begin_object();
  out.member("s", "text").member("t", std::string("copy")).member("b", true).member("i", -1);
  out.member("u", std::uint64_t{18446744073709551615u}).member("d", 0.25);
  out.name("n").null().name("e").begin_object().end_object();
  out.name("l").begin_array().value(1).begin_array().end_array().value("x").end_array();
  out.name("p").base64(as_bytes("foob")).name("r").raw("{\"k\":[1]}").member("z", INT64_MIN);
  out.end_object();
  EXPECT_EQ(
      out.text(),
      R"({"s":"text","t":"copy","b":true,"i":-1,"u":18446744073709551615,"d":0.25,"n":null,"e":{},)"
      R"("l":[1,[],"x"],"p":"Zm9vYg==","r":{"k":[1]},"z":-9223372036854775808})");
  const std::string before(out.text());
  EXPECT_EQ(std::string_view(out.take()), before);
}

TEST(JsonWriter, puts_no_comma_after_text_that_ends_in_a_bracket) {
  JsonWriter out;
  out.begin_array().value("[").value("{").value(":").end_array();
  EXPECT_EQ(out.text(), R"(["[","{",":"])");
}

TEST(JsonWriter, escapes_what_must_be_escaped_and_nothing_else) {
  EXPECT_EQ(written("\"\\\b\f\n\r\t/"), R"("\"\\\b\f\n\r\t/")");
  EXPECT_EQ(written(std::string_view("\0\x01\x1f\x7f", 4)), "\"\\u0000\\u0001\\u001f\x7f\"");
  EXPECT_EQ(written("na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x94\x91"),
            "\"na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x94\x91\"");
}

TEST(JsonWriter, replaces_each_byte_that_is_not_utf8) {
  EXPECT_EQ(written("a\xFF\x80z"), "\"a\xEF\xBF\xBD\xEF\xBF\xBDz\"");
  EXPECT_EQ(written("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(written("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(JsonWriter, writes_texts_that_read_back) {
  for (std::size_t size = 0; size < 40; ++size)
    for (int c = 0; c < 0x80; ++c) {
      std::string text(size, 'x');
      text += static_cast<char>(c);
      text += "yyy";
      const auto document = JsonDocument::parse(written(text));
      ASSERT_EQ(document.value().root().text().value(), text);
    }
}

TEST(JsonWriter, writes_null_for_what_is_no_number) {
  JsonWriter out;
  out.begin_array().value(std::nan("")).value(HUGE_VAL).value(1.0).end_array();
  EXPECT_EQ(out.text(), "[null,null,1]");
}

TEST(JsonWriter, writes_base64_of_any_length_in_place) {
  for (std::size_t size : {0u, 1u, 2u, 3u, 5u, 6u, 1000u}) {
    const Bytes bytes(size, 0xA5);
    JsonWriter out;
    out.begin_array().base64(bytes).base64(bytes).end_array();
    EXPECT_EQ(out.text(), "[\"" + base64(bytes) + "\",\"" + base64(bytes) + "\"]");
  }
}

TEST(JsonWriterDeathTest, aborts_when_the_caller_breaks_the_form) {
  EXPECT_DEATH(JsonWriter().begin_object().end_array(), "contract broken");
  EXPECT_DEATH(JsonWriter().begin_array().end_object(), "contract broken");
  EXPECT_DEATH(JsonWriter().end_object(), "contract broken");
  EXPECT_DEATH(JsonWriter().begin_object().value(1), "contract broken");
  EXPECT_DEATH(JsonWriter().begin_object().name("a").end_object(), "contract broken");
  EXPECT_DEATH(JsonWriter().begin_object().name("a").name("b"), "contract broken");
  EXPECT_DEATH(JsonWriter().begin_array().name("a"), "contract broken");
  EXPECT_DEATH(JsonWriter().name("a"), "contract broken");
  EXPECT_DEATH(JsonWriter().value(1).value(2), "contract broken");
  EXPECT_DEATH(JsonWriter().begin_array().take(), "contract broken");
  EXPECT_DEATH(JsonWriter().raw(""), "contract broken");
}

TEST(JsonWriterDeathTest, aborts_beyond_the_depth_that_any_reader_accepts) {
  JsonWriter out;
  for (std::size_t i = 0; i < JsonLimits::kDepthCeiling; ++i) out.begin_array();
  EXPECT_DEATH(out.begin_array(), "contract broken");
}

}  // namespace
}  // namespace kw::codec
