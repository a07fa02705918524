#include "codec/text_template.h"

#include <gtest/gtest.h>

#include <map>

#include "codec/yaml.h"

namespace kw::codec {
namespace {

using Values = std::map<std::string, std::string>;

Result<std::string> rendered(std::string_view text, const Values& values) {
  KW_TRY(const TextTemplate parsed, TextTemplate::parse(text));
  KW_TRY(const WipedText out, parsed.render([&](const TextReference& named) -> Result<ByteView> {
    const auto found = values.find(reference_text(named));
    if (found == values.end()) return error(Code::kNotFound, "not_found", "no such value");
    return as_bytes(found->second);
  }));
  return std::string(out.data(), out.size());
}

std::string message_of(std::string_view text) {
  const auto parsed = TextTemplate::parse(text);
  return parsed ? "accepted" : parsed.error().message;
}

TEST(TextTemplate, puts_values_into_places_and_leaves_all_else_alone) {
  const Values values = {
      {"db/orders#user", "app"}, {"db/orders#password", "p}}{{x"}, {"token", "t"}};
  EXPECT_EQ(
      rendered("u={{db/orders#user}}\np={{ db/orders # password }} {token} }}{{token}}", values)
          .value(),
      "u=app\np=p}}{{x {token} }}t");
  EXPECT_EQ(rendered("", values).value(), "");
}

TEST(TextTemplate, a_value_is_never_read_as_a_template) {
  EXPECT_EQ(rendered("{{a}}", {{"a", "{{b}}"}, {"b", "secret"}}).value(), "{{b}}");
}

TEST(TextTemplate, names_each_reference_once_in_order) {
  const auto parsed = TextTemplate::parse("{{b#x}}{{a}}{{b#x|url}}{{b@previous#x}}").value();
  EXPECT_EQ(parsed.references(),
            (std::vector<TextReference>{{"b", "x", false}, {"a", "", false}, {"b", "x", true}}));
}

TEST(TextTemplate, quotes_and_remarks) {
  EXPECT_EQ(rendered("{{\"{{\"}}x{{\"}}\"}}{{! no {value} here }}.", {}).value(), "{{x}}.");
}

TEST(TextTemplate, every_escape_writes_one_token) {
  const std::string nasty = "a'b\"c\\d $(id) `id`\n&=/?#%\xC3\xA4";
  const Values values = {{"v", nasty}};
  EXPECT_EQ(rendered("{{v|none}}", values).value(), nasty);
  EXPECT_EQ(rendered("{{v|url}}", values).value(),
            "a%27b%22c%5Cd%20%24%28id%29%20%60id%60%0A%26%3D%2F%3F%23%25%C3%A4");
  EXPECT_EQ(rendered("{{v|json}}", values).value(),
            "\"a'b\\\"c\\\\d $(id) `id`\\n&=/?#%\xC3\xA4\"");
  EXPECT_EQ(rendered("{{v|shell}}", values).value(), "'a'\\''b\"c\\d $(id) `id`\n&=/?#%\xC3\xA4'");
  EXPECT_EQ(rendered("{{v | base64}}", {{"v", "hello"}}).value(), "aGVsbG8=");
  EXPECT_EQ(rendered("{{v|yaml}}", {{"v", "a: \"b\"\n- \xC2\x85\xE2\x80\xA8#\x7F"}}).value(),
            "\"a: \\\"b\\\"\\x0a- \\x85\\u2028#\\x7f\"");
}

TEST(TextTemplate, what_yaml_escapes_reads_back_the_same) {
  std::string all;
  for (char c = 0; c < 127; ++c) all += c;
  all += "\xC2\x80\xC2\xA0\xE2\x80\xA9\xEF\xBB\xBF\xEF\xBF\xBE\xF0\x9F\x94\x91";
  const std::string text = rendered("v: {{v|yaml}}\n", {{"v", all}}).value();
  EXPECT_EQ(YamlDocument::parse(text, "x")->root().member("v")->text().value(), all);
}

TEST(TextTemplate, refuses_what_a_format_cannot_hold) {
  for (const char* text : {"{{v|json}}", "{{v|yaml}}"})
    EXPECT_EQ(rendered(text, {{"v", "\xFF"}}).error().reason, "not_text");
  EXPECT_EQ(rendered("{{v|shell}}", {{"v", std::string("a\0b", 3)}}).error().reason, "not_text");
  EXPECT_EQ(rendered("x {{v|json}}", {{"v", "hush\xFF"}}).error().message,
            "v: the value is no UTF-8: JSON cannot hold it");
}

TEST(TextTemplate, says_where_a_template_is_wrong) {
  EXPECT_EQ(message_of("a\nb {{db/orders#password"), "line 2 column 3: \"{{\" without \"}}\"");
  EXPECT_EQ(message_of("{{a|html}}"),
            "line 1 column 1: no such escape; there are none, url, json, shell, base64 and yaml");
  EXPECT_EQ(message_of("{{a@2}}"),
            "line 1 column 1: behind \"@\" stands \"previous\" or nothing at all");
  EXPECT_EQ(message_of("{{a#B}}"), "line 1 column 1: a field is [a-z0-9_]{1,64}");
}

TEST(TextTemplate, knows_no_logic_no_functions_and_no_other_paths) {
  for (const char* text :
       {"{{}}",        "{{ }}",   "{{/a}}",       "{{a/}}",      "{{a//b}}",
        "{{../a}}",    "{{.a}}",  "{{a b}}",      "{{#if a}}",   "{{env \"HOME\"}}",
        "{{file(a)}}", "{{a#}}",  "{{a#b#c}}",    "{{a||url}}",  "{{a|url|json}}",
        "{{{a}}}",     "{{\"a}}", "{{\"a\"b\"}}", "{{\"a\n\"}}", "{{a\n}}"})
    EXPECT_FALSE(TextTemplate::parse(text)) << text;
}

TEST(TextTemplate, has_bounds) {
  EXPECT_EQ(TextTemplate::parse(std::string(kTemplateBytesMax + 1, 'x')).error().reason,
            "template_too_large");
  std::string many;
  for (std::size_t i = 0; i <= kTemplateReferencesMax; ++i)
    many += "{{v" + std::to_string(i) + "}}";
  EXPECT_EQ(TextTemplate::parse(many).error().reason, "bad_template");
  std::string wide;
  for (int i = 0; i < 20; ++i) wide += "{{v}}";
  const Values values = {{"v", std::string(64 * 1024, 'x')}};
  EXPECT_EQ(rendered(wide, values).error().reason, "rendered_too_large");
  EXPECT_EQ(rendered("{{v|url}}", {{"v", std::string(400'000, '%')}}).error().reason,
            "rendered_too_large");
}

}  // namespace
}  // namespace kw::codec
