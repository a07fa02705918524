#include <gtest/gtest.h>

#include <random>

#include "codec/json.h"
#include "codec/strict_text.h"

namespace kw::codec {
namespace {

std::string reason_of(std::string_view text, const JsonLimits& limits = {}) {
  const auto document = JsonDocument::parse(text, limits);
  return document ? "" : document.error().reason;
}

std::string string_of(std::string_view text) {
  const auto document = JsonDocument::parse(text);
  return document ? std::string(document->root().text().value()) : "refused";
}

std::string repeated(std::string_view part, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += part;
  return all;
}

TEST(JsonParser, accepts_every_kind_of_value) {
  for (const char* text : {"null",
                           "true",
                           "false",
                           "0",
                           "-0",
                           "1",
                           "-12",
                           "0.5",
                           "1e5",
                           "1E+5",
                           "1.25e-5",
                           "\"\"",
                           "\"a\"",
                           "[]",
                           "{}",
                           "[1,2]",
                           "[[],{}]",
                           "{\"a\":1,\"b\":[null]}",
                           " \t\r\n1 \t\r\n",
                           "{ \"a\" : [ 1 , 2 ] }"})
    EXPECT_EQ(reason_of(text), "") << text;
}

TEST(JsonParser, refuses_what_the_grammar_does_not_allow) {
  for (const char* text : {"",
                           " ",
                           "nul",
                           "nulll",
                           "True",
                           "tru",
                           "t",
                           "f",
                           "n",
                           "NaN",
                           "Infinity",
                           "-Infinity",
                           "-",
                           "+1",
                           "01",
                           "-01",
                           "00",
                           "1.",
                           ".5",
                           "1.e5",
                           "1e",
                           "1e+",
                           "0x10",
                           "1_000",
                           "1a",
                           "'a'",
                           "\"",
                           "\"a",
                           "\"\\",
                           "\"\\\"",
                           "[",
                           "]",
                           "[1",
                           "[1,",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "[1,,2]",
                           "[1}",
                           "{",
                           "}",
                           "{]",
                           "{a:1}",
                           "{'a':1}",
                           "{1:1}",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\" 1}",
                           "{\"a\":1",
                           "{\"a\":1,",
                           "{\"a\":1,}",
                           "{,}",
                           "{\"a\":1 \"b\":2}",
                           "{\"a\":1]",
                           "{\"a\"::1}",
                           "{null:1}",
                           "1 2",
                           "{} {}",
                           "[]]",
                           "null,",
                           "// x\n1",
                           "/**/1",
                           "1//",
                           "\357\273\2771",
                           "\f1",
                           "\v1",
                           "\302\2401",
                           "{\"a\":tru}"})
    EXPECT_EQ(reason_of(text), "json_syntax") << text;
}

TEST(JsonParser, refuses_a_nul_wherever_it_stands) {
  const std::string valid = "{\"a\":[1,true,\"x\\n\"]}";
  for (std::size_t at = 0; at <= valid.size(); ++at) {
    std::string text = valid;
    text.insert(at, 1, '\0');
    EXPECT_EQ(reason_of(text), "json_syntax") << at;
  }
}

TEST(JsonParser, refuses_every_beginning_of_a_valid_text) {
  const std::string valid =
      "{\"a\":[-1.5e3,true,\"x\\u20AC\\ud83d\\udd11\xE2\x82\xAC\",null],\"b\":{\"c\":false}}";
  ASSERT_EQ(reason_of(valid), "");
  for (std::size_t size = 0; size < valid.size(); ++size)
    EXPECT_EQ(reason_of(valid.substr(0, size)), "json_syntax") << size;
}

TEST(JsonParser, refuses_control_characters_in_strings) {
  for (int c = 0; c < 0x20; ++c)
    for (std::size_t before : {0u, 1u, 7u, 8u, 9u, 15u}) {
      const std::string text =
          "\"" + std::string(before, 'x') + static_cast<char>(c) + "xxxxxxxxx\"";
      EXPECT_EQ(reason_of(text), "json_syntax") << c;
    }
  EXPECT_EQ(string_of("\"\x7F\""), "\x7F");
}

TEST(JsonParser, undoes_every_escape) {
  EXPECT_EQ(string_of(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(string_of(R"("a\u0041b\u00e9c\u20ACd\ud83d\udd11e")"),
            "aAb\xC3\xA9"
            "c\xE2\x82\xAC"
            "d\xF0\x9F\x94\x91"
            "e");
  EXPECT_EQ(string_of(R"("\ud800\udc00\udbff\udfff")"), "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
  EXPECT_EQ(string_of(R"("\u0000")"), std::string(1, '\0'));
  EXPECT_EQ(string_of("\"\\n0123456789\xC3\xA9\\t0123456789\""),
            "\n0123456789\xC3\xA9\t0123456789");
}

TEST(JsonParser, refuses_unknown_escapes_and_lone_surrogates) {
  for (const char* text :
       {R"("\a")",           R"("\v")",           R"("\0")",           R"("\x41")",
        R"("\'")",           R"("\U0041")",       R"("\u")",           R"("\u004")",
        R"("\u004g")",       R"("\u 041")",       R"("\ud800")",       R"("\ud800x")",
        R"("\ud800\n")",     R"("\ud800\u0041")", R"("\ud800\ud800")", R"("\udc00")",
        R"("\udc00\ud800")", R"("\udfff")",       R"("\ud800\u")",     R"("\ud800\)"})
    EXPECT_EQ(reason_of(text), "json_syntax") << text;
}

TEST(JsonParser, takes_exactly_the_characters_that_are_valid_utf8) {
  for (unsigned value = 0; value < 1u << 24; value += value % 61 + 17) {
    const std::string bytes = {static_cast<char>(value >> 16), static_cast<char>(value >> 8),
                               static_cast<char>(value), '\x80'};
    if (bytes[1] >= 0 || bytes[2] >= 0) continue;
    for (const char* before : {"", "\\n"}) {
      const bool taken = reason_of("\"" + std::string(before) + bytes + "\"").empty();
      ASSERT_EQ(taken, valid_utf8(bytes) && bytes[0] != '"' && bytes[0] != '\\' &&
                           !(bytes[0] >= 0 && bytes[0] < 0x20))
          << std::hex << value;
    }
  }
}

TEST(JsonParser, finds_the_quote_at_any_distance) {
  for (std::size_t size = 0; size < 70; ++size) {
    const std::string plain(size, 'x');
    std::string quoted = "\"", escaped = "\"\\t", meant = "\t";
    quoted.append(plain).append("\"");
    escaped.append(plain).append("\\\"").append(plain).append("\"");
    meant.append(plain).append("\"").append(plain);
    EXPECT_EQ(string_of(quoted), plain);
    EXPECT_EQ(string_of(escaped), meant);
  }
}

TEST(JsonParser, refuses_numbers_that_no_double_holds) {
  for (const std::string& text :
       {std::string("1e400"), std::string("-1e400"), std::string(400, '9')})
    EXPECT_EQ(reason_of(text), "json_syntax") << text;
  EXPECT_EQ(reason_of("1.7976931348623157e308"), "");
  EXPECT_EQ(reason_of("5e-324"), "");
}

TEST(JsonParser, refuses_duplicate_names_in_each_object_on_its_own) {
  EXPECT_EQ(reason_of(R"({"a":1,"a":2})"), "json_duplicate_key");
  EXPECT_EQ(reason_of(R"({"a":1,"\u0061":2})"), "json_duplicate_key");
  EXPECT_EQ(reason_of(R"({"":1,"":2})"), "json_duplicate_key");
  EXPECT_EQ(reason_of(R"([{"x":{"a":1,"b":[],"a":2}}])"), "json_duplicate_key");
  EXPECT_EQ(reason_of(R"({"a":{"a":{"a":1}},"b":{"a":1}})"), "");
}

TEST(JsonParser, finds_a_duplicate_between_any_two_members_of_an_object_of_any_size) {
  for (std::size_t size = 2; size < 20; ++size)
    for (std::size_t first = 0; first < size; ++first)
      for (std::size_t second = first + 1; second < size; ++second) {
        std::string text = "{";
        for (std::size_t i = 0; i < size; ++i)
          text += "\"n" + std::to_string(i == second ? first : i) + "\":{\"n0\":0},";
        text.back() = '}';
        ASSERT_EQ(reason_of(text), "json_duplicate_key") << text;
      }
}

TEST(JsonParser, holds_the_size_limit_exactly) {
  JsonLimits limits;
  limits.bytes_max = 10;
  EXPECT_EQ(reason_of("\"12345678\"", limits), "");
  EXPECT_EQ(reason_of("\"123456789\"", limits), "json_too_large");
  EXPECT_EQ(JsonDocument::parse("\"123456789\"", limits).error().code, Code::kTooLarge);
}

TEST(JsonParser, holds_the_depth_limit_exactly) {
  JsonLimits limits;
  EXPECT_EQ(reason_of(repeated("[", 32) + repeated("]", 32), limits), "");
  EXPECT_EQ(reason_of(repeated("[", 33) + repeated("]", 33), limits), "json_depth");
  EXPECT_EQ(reason_of(repeated("{\"a\":", 32) + "1" + repeated("}", 32), limits), "");
  EXPECT_EQ(reason_of(repeated("{\"a\":", 33) + "1" + repeated("}", 33), limits), "json_depth");
  limits.depth_max = 0;
  EXPECT_EQ(reason_of("1", limits), "");
  EXPECT_EQ(reason_of("[]", limits), "json_depth");
  limits.depth_max = 1'000'000;
  EXPECT_EQ(reason_of(repeated("[", 64) + repeated("]", 64), limits), "");
  EXPECT_EQ(reason_of(repeated("[", 65) + repeated("]", 65), limits), "json_depth");
}

TEST(JsonParser, holds_the_token_limit_exactly) {
  JsonLimits limits;
  limits.tokens_max = 5;
  EXPECT_EQ(reason_of("[1,2,3,4]", limits), "");
  EXPECT_EQ(reason_of("[1,2,3,4,5]", limits), "json_tokens");
  EXPECT_EQ(reason_of(R"({"a":1,"b":2})", limits), "");
  EXPECT_EQ(reason_of(R"({"a":1,"b":[2]})", limits), "json_tokens");
}

TEST(JsonParser, tells_where_it_stopped_and_nothing_of_the_text) {
  const auto document = JsonDocument::parse("{\"token\":\"hunter2\",x}");
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().message, "the text is not valid JSON (byte 19)");
}

// Any text at all: never a crash, and what is accepted can be walked.
TEST(JsonParser, survives_random_damage) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string valid =
      R"({"a":[-1.5e3,true,"x\u20AC\ud83d\udd11",null],"b":{"c":false,"d":"é"}})";
  const std::string alphabet = "{}[]\",:\\u0123dD8eE+-. tfn\x80\xC3\xFF";
  for (int i = 0; i < 50'000; ++i) {
    std::string text = valid;
    for (unsigned edits = 1 + random() % 3; edits > 0; --edits)
      text[random() % text.size()] = alphabet[random() % alphabet.size()];
    const auto canonical = canonical_json(text);
    if (!canonical) continue;
    ASSERT_EQ(canonical_json(*canonical).value(), *canonical) << text;
  }
}

}  // namespace
}  // namespace kw::codec
