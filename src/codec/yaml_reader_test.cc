#include <gtest/gtest.h>

#include <random>

#include "codec/yaml.h"

namespace kw::codec {
namespace {

Error refusal(std::string_view text) {
  const auto document = YamlDocument::parse(text, "f.yaml");
  return document ? Error{Code::kInternal, "accepted", "", {}} : document.error();
}

std::string repeated(std::string_view part, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += part;
  return all;
}

TEST(YamlReader, refuses_anchors_aliases_and_tags_with_their_place) {
  EXPECT_EQ(refusal("a: &x 1").message, "f.yaml:1:4: anchors are not allowed");
  EXPECT_EQ(refusal("a: 1\nb: &x\n  c: 2").message, "f.yaml:2:4: anchors are not allowed");
  EXPECT_EQ(refusal("&x a: 1").reason, "yaml_syntax");
  EXPECT_EQ(refusal("a: *x").reason, "yaml_syntax");
  EXPECT_EQ(refusal("a: &x [1]\nb: *x").reason, "yaml_syntax");
  EXPECT_EQ(refusal("a: &x").reason, "yaml_syntax");
  EXPECT_EQ(refusal("a: !!str 1").message, "f.yaml:1:4: tags are not allowed");
  EXPECT_EQ(refusal("a: !secret 1").message, "f.yaml:1:4: tags are not allowed");
  EXPECT_EQ(refusal("a: !<tag:x> 1").message, "f.yaml:1:4: tags are not allowed");
  EXPECT_EQ(refusal("a: !!map {}").message, "f.yaml:1:4: tags are not allowed");
  EXPECT_EQ(refusal("- !!seq []").message, "f.yaml:1:3: tags are not allowed");
}

TEST(YamlReader, refuses_duplicate_names_in_each_map_on_its_own) {
  EXPECT_EQ(refusal("a: 1\nb: 2\na: 3").reason, "yaml_duplicate_key");
  EXPECT_EQ(refusal("a: 1\nb: 2\na: 3").message, "f.yaml:3:1: this name is already in the map");
  EXPECT_EQ(refusal("a: 1\n\"a\": 3").reason, "yaml_duplicate_key");
  EXPECT_EQ(refusal("x:\n  - {k: 1, k: 2}").message,
            "f.yaml:2:12: this name is already in the map");
  EXPECT_EQ(refusal("a: {a: {a: 1}}\nb: {a: 1}").reason, "accepted");
}

TEST(YamlReader, refuses_names_that_are_not_scalars) {
  EXPECT_EQ(refusal("[a]: 1").reason, "yaml_syntax");
  EXPECT_EQ(refusal("? {a: 1}\n: 1").reason, "yaml_syntax");
  EXPECT_EQ(refusal("? - a\n: 1").reason, "yaml_syntax");
  for (const char* text : {": 1", "~: 1", "null: 1"})
    EXPECT_EQ(refusal(text).message, "f.yaml:1:1: a map needs a name before ':'");
}

TEST(YamlReader, refuses_broken_text_with_its_place) {
  for (const char* text :
       {"a: [1", "a: {b", "a: b: c", "a: \"x", "a:\n\tb: 1", "- a\nb: 1", "a: 1\n  b: 2", "]", "}",
        "a: @x", "a: `x", "%YAML 3.0\n---\na", "a: 'x' y"}) {
    const Error failure = refusal(text);
    EXPECT_EQ(failure.reason, "yaml_syntax") << text;
    EXPECT_EQ(failure.code, Code::kInvalidArgument);
    EXPECT_EQ(failure.message.rfind("f.yaml:", 0), 0u) << failure.message;
  }
  EXPECT_EQ(refusal("a: 1\nb: [1, 2\nc: 3\n").message.rfind("f.yaml:", 0), 0u);
}

TEST(YamlReader, refuses_a_second_document_and_trailing_text) {
  EXPECT_EQ(refusal("a: 1\n---\nb: 2").message, "f.yaml:2:1: only one document is allowed");
  EXPECT_EQ(refusal("a\n...\nb").reason, "yaml_syntax");
  EXPECT_EQ(refusal("--- a\n").reason, "accepted");
  EXPECT_EQ(refusal("---\na: 1\n...\n").reason, "accepted");
}

TEST(YamlReader, refuses_control_characters_and_other_encodings) {
  for (int c = 0; c < 0x20; ++c) {
    if (c == '\t' || c == '\n' || c == '\r') continue;
    const std::string text = std::string("a: 1\nb: x") + static_cast<char>(c) + "y";
    EXPECT_EQ(refusal(text).message, "f.yaml:2:5: control characters are not allowed") << c;
  }
  EXPECT_EQ(refusal("\xFF\xFE"
                    "a")
                .reason,
            "yaml_syntax");
  EXPECT_EQ(refusal(std::string_view("\0a\0:", 4)).reason, "yaml_syntax");
  EXPECT_EQ(refusal("a: \xC3").message, "f.yaml:1:1: the file is not UTF-8");
}

TEST(YamlReader, holds_the_depth_limit_exactly) {
  EXPECT_EQ(refusal(repeated("[", 32) + repeated("]", 32)).reason, "accepted");
  EXPECT_EQ(refusal(repeated("[", 33) + repeated("]", 33)).reason, "yaml_limit");
  EXPECT_EQ(refusal(repeated("- ", 32) + "a").reason, "accepted");
  EXPECT_EQ(refusal(repeated("- ", 33) + "a").reason, "yaml_limit");
  EXPECT_EQ(refusal(repeated("{a: ", 33) + "1" + repeated("}", 33)).reason, "yaml_limit");
}

TEST(YamlReader, holds_the_limits_of_size_nodes_and_brackets) {
  EXPECT_EQ(refusal(repeated("- a\n", 19'999)).reason, "accepted");
  EXPECT_EQ(refusal(repeated("- a\n", 20'000)).reason, "yaml_limit");
  EXPECT_EQ(refusal("# " + std::string((1 << 20) - 2, 'x')).reason, "accepted");
  EXPECT_EQ(refusal("# " + std::string((1 << 20) - 1, 'x')).reason, "yaml_limit");
  EXPECT_EQ(refusal(std::string(1 << 20, '[')).reason, "yaml_limit");
  EXPECT_EQ(refusal(repeated("- ", 500'000)).reason, "yaml_limit");
  EXPECT_EQ(refusal(repeated("? ", 500'000)).reason, "yaml_syntax");
}

TEST(YamlReader, survives_random_damage) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string valid = "a: [1, 'two', {b: c}]\nd:\n  - e: |\n      text\n  - \"f\\n\"\ng: ~\n";
  const std::string alphabet = "{}[]\"',:-?&*!|>%@`#\\ \n\tax0~";
  for (int i = 0; i < 5'000; ++i) {
    std::string text = valid;
    for (unsigned edits = 1 + random() % 4; edits > 0; --edits)
      text[random() % text.size()] = alphabet[random() % alphabet.size()];
    const auto document = YamlDocument::parse(text, "f.yaml");
    if (document) continue;
    ASSERT_EQ(document.error().message.rfind("f.yaml:", 0), 0u) << text;
  }
}

}  // namespace
}  // namespace kw::codec
