// Notices to people: logic-less templates with {{field}}. Pure.
//
// A field's value is put in once, escaped for the notice's form, and never read as a template. A
// field that the template names and nobody gave is refused: a notice with a hole is never sent.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kw::rotation {

enum class NoticeKind : std::uint8_t {
  kInternalPage,
  kTenant,
  kWebhookConsumer,
  kRegulatorDraft,
  kStatusPage,
  kAuditorLetter,
};
inline constexpr int kNoticeKindCount = 6;
std::string_view notice_kind_name(NoticeKind kind);  ///< "internal-page" … "auditor-letter"

enum class NoticeForm : std::uint8_t { kText, kHtml, kJson };
NoticeForm notice_form(NoticeKind kind);

struct Notice {
  NoticeKind kind = NoticeKind::kInternalPage;
  std::string recipient;  ///< tenant, consumer, or a role: "on-call", "regulator" …
  std::string body;
};

using NoticeFields = std::map<std::string, std::string, std::less<>>;

/// The text that ships with the product.
std::string_view notice_template(NoticeKind kind);
/// @param text  at most 64 KiB. The result has at most 256 KiB.
/// @errors kInvalidArgument(bad_template): a brace pair that is not {{[a-z_]{1,32}}};
///   kInvalidArgument(unknown_field): the message names it; kTooLarge(notice_too_large)
Result<std::string> render_notice(std::string_view text, const NoticeFields& fields,
                                  NoticeForm form);

}  // namespace kw::rotation
