#include <gtest/gtest.h>

#include "codec/json.h"

namespace kw::codec {
namespace {

// RFC 8785, 3.2.2 and 3.2.4.
TEST(CanonicalJson, writes_the_sample_of_the_standard) {
  constexpr std::string_view kInput = R"({
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  })";
  EXPECT_EQ(canonical_json(kInput).value(),
            "{\"literals\":[null,true,false],"
            "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

// RFC 8785, 3.2.3.
TEST(CanonicalJson, sorts_names_by_utf16_code_units) {
  constexpr std::string_view kInput = R"({
    "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis"
  })";
  const auto canonical = canonical_json(kInput).value();
  const auto document = JsonDocument::parse(canonical).value();
  std::vector<std::string_view> names;
  for (const auto& [name, value] : document.root().members()) names.push_back(value.text().value());
  EXPECT_EQ(names, (std::vector<std::string_view>{
                       "Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis",
                       "Euro Sign", "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh"}));
}

TEST(CanonicalJson, sorts_all_planes_and_prefixes) {
  EXPECT_EQ(
      canonical_json(R"({"\uffff":1,"\udbff\udfff":2,"\ue000":3,"\ud7ff":4,"\ud800\udc00":5})")
          .value(),
      "{\"\xED\x9F\xBF\":4,\"\xF0\x90\x80\x80\":5,\"\xF4\x8F\xBF\xBF\":2,"
      "\"\xEE\x80\x80\":3,\"\xEF\xBF\xBF\":1}");
  EXPECT_EQ(canonical_json(R"({"ab":1,"a":2,"":3,"b":4,"aa":5})").value(),
            R"({"":3,"a":2,"aa":5,"ab":1,"b":4})");
}

TEST(CanonicalJson, is_the_same_for_texts_that_mean_the_same) {
  const auto a = canonical_json(R"({"b":[1.0,{"y":1e0,"x":-0}],"a":"\u0041"})").value();
  EXPECT_EQ(a, R"({"a":"A","b":[1,{"x":0,"y":1}]})");
  EXPECT_EQ(a, canonical_json(" { \"a\" : \"A\", \"b\": [1, {\"x\":0,\"y\":1.00}] } ").value());
  EXPECT_EQ(canonical_json(a).value(), a);
}

TEST(CanonicalJson, rounds_integers_to_doubles_as_the_standard_says) {
  EXPECT_EQ(canonical_json("9007199254740993").value(), "9007199254740992");
  EXPECT_EQ(canonical_json("-9223372036854775808").value(), "-9223372036854776000");
  EXPECT_EQ(canonical_json("295147905179352825856").value(), "295147905179352830000");
}

TEST(CanonicalJson, refuses_what_the_parser_refuses) {
  EXPECT_EQ(canonical_json("{").error().reason, "json_syntax");
  EXPECT_EQ(canonical_json(R"({"a":1,"a":1})").error().reason, "json_duplicate_key");
  JsonLimits limits;
  limits.bytes_max = 2;
  EXPECT_EQ(canonical_json("[ ]", limits).error().reason, "json_too_large");
}

}  // namespace
}  // namespace kw::codec
