// Webhooks that the service signs and checks. Answers hold signatures and verdicts, no secrets.
#include "service/webhooks.h"

#include <algorithm>

#include "api/rest/handlers.h"
#include "codec/base64.h"
#include "crypto/random.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;
using codec::JsonWriter;

constexpr std::string_view kId = "webhook-id", kTimestamp = "webhook-timestamp",
                           kSignature = "webhook-signature";
constexpr std::int64_t kToleranceDefault = 300, kToleranceMax = 86'400;
constexpr std::size_t kHeadersMax = 64;

Error bad(std::string_view reason, std::string_view message) {
  return error(Code::kInvalidArgument, reason, message);
}

// "payload" (base64) or "text": the body of the webhook, byte for byte.
Result<WipedBytes> payload_of(const JsonView& body) {
  if (body.has("payload") == body.has("text"))
    return bad("no_payload", "say \"payload\" (base64) or \"text\": the body of the webhook");
  if (body.has("payload")) {
    KW_TRY(const std::string_view text, body.text("payload"));
    return codec::wiped_from_base64(text);
  }
  KW_TRY(const std::string_view text, body.text("text"));
  return WipedBytes(text.begin(), text.end());
}

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// Names of headers are compared as in HTTP. Absent is "": no signature fits that.
Result<std::string> header(const JsonView& headers, std::string_view name) {
  for (const auto& [each, value] : headers.members()) {
    if (!same_name(each, name)) continue;
    KW_TRY(const std::string_view text, value.text());
    return std::string(text);
  }
  return std::string();
}

/// What came in, with the texts that it borrows.
struct Arrived {
  WipedBytes payload;
  secrets::WebhookForm form = secrets::WebhookForm::kStandard;
  std::string id, timestamp, signature;

  secrets::InboundWebhook message() const {
    return {form, id, timestamp, signature, as_text(payload)};
  }
};

Result<Arrived> arrived(const JsonView& body) {
  Arrived all;
  KW_TRY(all.payload, payload_of(body));
  KW_TRY(const std::string form, text_or(body, "form", "standard"));
  KW_TRY(all.form, secrets::parse_webhook_form(form));
  KW_TRY(const JsonView headers, body.member("headers"));
  if (headers.kind() != JsonView::Kind::kObject || headers.members().size() > kHeadersMax)
    return bad("bad_headers", "headers are an object of at most 64 texts by name");
  const bool standard = all.form == secrets::WebhookForm::kStandard;
  KW_TRY(const std::string named, text_or(body, "signature_header", standard ? kSignature : ""));
  if (named.empty())
    return bad("bad_headers", "say which header has the signature: \"signature_header\"");
  KW_TRY(all.signature, header(headers, named));
  KW_TRY(all.id, header(headers, kId));
  KW_TRY(all.timestamp, header(headers, kTimestamp));
  return all;
}

}  // namespace

namespace handlers {

Result<Answer> secret_sign_webhook(Exchange& exchange) {
  KW_TRY(const auto document, exchange.body_object({"payload", "text", "id", "timestamp"}));
  const JsonView body = document.root();
  KW_TRY(const WipedBytes payload, payload_of(body));
  KW_TRY(const std::string id, text_or(body, "id", "msg_" + crypto::random_id<RequestId>().text()));
  const std::int64_t now = to_micros(exchange.house.clock.wall()) / 1'000'000;
  KW_TRY(const std::int64_t timestamp, integer_or(body, "timestamp", now, 0, 999'999'999'999));
  KW_TRY(const auto made,
         service::sign_webhook(exchange.house, exchange.call, {id, timestamp, as_text(payload)}));
  JsonWriter json;
  json.begin_object().name("headers").begin_object().member(kId, id);
  json.member(kTimestamp, std::to_string(timestamp)).member(kSignature, made.signature);
  json.end_object().name("versions").begin_array();
  for (const std::uint32_t version : made.versions) json.value(version);
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> secret_verify_webhook(Exchange& exchange) {
  KW_TRY(const auto document, exchange.body_object({"payload", "text", "headers", "form",
                                                    "signature_header", "tolerance_seconds"}));
  KW_TRY(const Arrived all, arrived(document.root()));
  KW_TRY(const std::int64_t tolerance,
         integer_or(document.root(), "tolerance_seconds", kToleranceDefault, 1, kToleranceMax));
  KW_TRY(const auto verdict, service::verify_webhook(exchange.house, exchange.call, all.message(),
                                                     std::chrono::seconds(tolerance)));
  JsonWriter json;
  json.begin_object().member("verdict", secrets::verdict_name(verdict.kind));
  json.member("valid", verdict.kind == secrets::WebhookVerdict::Kind::kValid);
  if (verdict.version != 0) json.member("version", verdict.version);
  if (!verdict.reason.empty()) json.member("reason", verdict.reason);
  json.end_object();
  return json_answer(json);
}

}  // namespace handlers

}  // namespace kw::api::rest
