#include "rotation/notice.h"

#include <gtest/gtest.h>

#include <set>

#include "codec/json.h"

namespace kw::rotation {
namespace {

std::string render(std::string_view text, const NoticeFields& fields,
                   NoticeForm form = NoticeForm::kText) {
  const auto rendered = render_notice(text, fields, form);
  return rendered ? *rendered : "! " + rendered.error().reason;
}

NoticeFields all_fields(std::string_view value) {
  NoticeFields fields;
  for (const char* name :
       {"incident", "drill", "reason", "description", "mode", "phase", "opened_at", "opened_by",
        "compromised_since", "deadline_at", "plan_hash", "approvers", "suspects", "dependants",
        "recipient", "readable_items", "tenants", "subject"})
    fields[name] = value;
  return fields;
}

TEST(Notice, puts_values_in_once) {
  EXPECT_EQ(render("a {{x}} b {{x}}{{y}}", {{"x", "{{y}}"}, {"y", "2"}}), "a {{y}} b {{y}}2");
  EXPECT_EQ(render("", {}), "");
  EXPECT_EQ(render("{ } plain", {}), "{ } plain");
}

TEST(Notice, refuses_a_hole) {
  const auto refused = render_notice("a {{who}}", {}, NoticeForm::kText);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "unknown_field");
  EXPECT_NE(refused.error().message.find("who"), std::string::npos);
}

TEST(Notice, refuses_broken_braces) {
  for (const char* text : {"{{", "{{x", "{{x}", "x}}", "{{ x }}", "{{X}}", "{{}}", "{{#x}}",
                           "{{{x}}}", "{{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}"})
    EXPECT_EQ(render(text, {{"x", "1"}}), "! bad_template") << text;
}

TEST(Notice, escapes_for_its_form) {
  const std::string evil = "<b>&\"'\\\n\x1b[0m\xE2\x80\xAE\xff";
  const NoticeFields fields = {{"x", evil}};
  constexpr const char* kBad = "\xEF\xBF\xBD";
  EXPECT_EQ(render("{{x}}", fields), "<b>&\"'\\" + std::string(kBad) + kBad + "[0m" + kBad + kBad);
  const std::string html = render("{{x}}", fields, NoticeForm::kHtml);
  EXPECT_EQ(html.find('<'), std::string::npos);
  EXPECT_EQ(html.substr(0, 5), "&#60;");
  const std::string json = render("{\"v\":\"{{x}}\"}", fields, NoticeForm::kJson);
  const auto document = codec::JsonDocument::parse(json);
  ASSERT_TRUE(document) << json;
  EXPECT_EQ(document->root().text("v").value().substr(0, 8), "<b>&\"'\\\n");
}

TEST(Notice, has_limits) {
  EXPECT_EQ(render(std::string(70'000, 'a'), {}), "! notice_too_large");
  std::string many;
  for (int i = 0; i < 1'000; ++i) many += "{{x}}";
  EXPECT_EQ(render(many, {{"x", std::string(1'000, 'a')}}), "! notice_too_large");
}

TEST(Notice, every_template_that_ships_is_whole) {
  std::set<std::string_view> names;
  for (int i = 0; i < kNoticeKindCount; ++i) {
    const auto kind = static_cast<NoticeKind>(i);
    EXPECT_TRUE(names.insert(notice_kind_name(kind)).second);
    const std::string body =
        render(notice_template(kind), all_fields("\"<x>\""), notice_form(kind));
    EXPECT_NE(body.substr(0, 2), "! ") << notice_kind_name(kind) << body;
    EXPECT_EQ(body.find("{{"), std::string::npos);
    const bool json = notice_form(kind) == NoticeForm::kJson;
    EXPECT_TRUE(!json || codec::JsonDocument::parse(body)) << body;
  }
}

}  // namespace
}  // namespace kw::rotation
