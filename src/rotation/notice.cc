#include "rotation/notice.h"

#include <algorithm>
#include <array>

#include "codec/json.h"
#include "observe/plain_text.h"

namespace kw::rotation {
namespace {

constexpr std::size_t kTemplateBytesMax = 64 << 10;
constexpr std::size_t kNoticeBytesMax = 256 << 10;
constexpr std::size_t kFieldNameMax = 32;

struct Kind {
  std::string_view name;
  NoticeForm form;
  std::string_view text;
};

constexpr std::array<Kind, kNoticeKindCount> kKinds = {{
    {
        "internal-page",
        NoticeForm::kText,
#include "rotation/notices/internal_page.inc"
    },
    {
        "tenant",
        NoticeForm::kText,
#include "rotation/notices/tenant.inc"
    },
    {
        "webhook-consumer",
        NoticeForm::kJson,
#include "rotation/notices/webhook_consumer.inc"
    },
    {
        "regulator-draft",
        NoticeForm::kText,
#include "rotation/notices/regulator_draft.inc"
    },
    {
        "status-page",
        NoticeForm::kHtml,
#include "rotation/notices/status_page.inc"
    },
    {
        "auditor-letter",
        NoticeForm::kText,
#include "rotation/notices/auditor_letter.inc"
    },
}};

// What would end a line, move a cursor or turn the reading order round becomes U+FFFD.
void append_plain(std::string& out, std::string_view text, bool html) {
  while (!text.empty()) {
    const observe::Character next = observe::first_character(text);
    const char32_t point = next.point;
    const bool acts = point < 0x20 || (point >= 0x7F && point <= 0x9F) || point == 0x200E ||
                      point == 0x200F || (point >= 0x2028 && point <= 0x202E) ||
                      (point >= 0x2066 && point <= 0x2069) || point == 0xFFFD;
    const bool markup =
        html && (point == '<' || point == '>' || point == '&' || point == '"' || point == '\'');
    if (markup)
      out += "&#" + std::to_string(static_cast<unsigned>(point)) + ";";
    else
      out += acts ? std::string_view("\xEF\xBF\xBD") : text.substr(0, next.length);
    text.remove_prefix(next.length);
  }
}

void append_value(std::string& out, std::string_view value, NoticeForm form) {
  if (form != NoticeForm::kJson) {
    append_plain(out, value, form == NoticeForm::kHtml);
    return;
  }
  codec::JsonWriter json;
  json.value(value);
  out += json.text().substr(1, json.text().size() - 2);
}

bool is_field(std::string_view name) {
  return !name.empty() && name.size() <= kFieldNameMax &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

Error bad_template() {
  return error(Code::kInvalidArgument, "bad_template",
               "a field is two braces, a name of a-z and _, and two braces");
}

}  // namespace

std::string_view notice_kind_name(NoticeKind kind) {
  return kKinds[static_cast<std::size_t>(kind)].name;
}
NoticeForm notice_form(NoticeKind kind) {
  return kKinds[static_cast<std::size_t>(kind)].form;
}
std::string_view notice_template(NoticeKind kind) {
  return kKinds[static_cast<std::size_t>(kind)].text;
}

Result<std::string> render_notice(std::string_view text, const NoticeFields& fields,
                                  NoticeForm form) {
  const auto too_large = [] {
    return error(Code::kTooLarge, "notice_too_large", "a notice has at most 256 KiB");
  };
  if (text.size() > kTemplateBytesMax) return too_large();
  std::string out;
  while (!text.empty()) {
    const auto open = text.find("{{");
    const std::string_view plain = text.substr(0, open);
    if (plain.find("}}") != plain.npos) return bad_template();
    out += plain;
    if (open == text.npos) break;
    text.remove_prefix(open + 2);
    const auto close = text.find("}}");
    if (close == text.npos || !is_field(text.substr(0, close))) return bad_template();
    const std::string_view name = text.substr(0, close);
    const auto value = fields.find(name);
    if (value == fields.end())
      return error(Code::kInvalidArgument, "unknown_field",
                   "nothing is known for the field " + std::string(name));
    append_value(out, value->second, form);
    if (out.size() > kNoticeBytesMax) return too_large();
    text.remove_prefix(close + 2);
  }
  return out;
}

}  // namespace kw::rotation
