#include "api/rest/handlers.h"
#include "api/rest/key_json.h"
#include "service/keys.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;

Result<std::string> reason_word(const JsonView& body) {
  KW_TRY(std::string reason, text_or(body, "reason", ""));
  const bool fits =
      reason.size() <= 64 &&
      reason.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == reason.npos;
  if (!fits) return error(Code::kInvalidArgument, "bad_reason", "a reason is [a-z0-9_-]{0,64}");
  return reason;
}

Result<Answer> moved(Exchange& exchange, service::VersionMove wanted) {
  KW_TRY(wanted.version, exchange.version_number());
  KW_TRY(const keys::Key key,
         service::move_version(exchange.house, exchange.call, wanted, kept_key));
  return key_answer(key);
}

// activate, promote: no body.
Result<Answer> plain_move(Exchange& exchange, keys::VersionState to) {
  KW_OK(exchange.body_object({}));
  service::VersionMove wanted;
  wanted.move.to = to;
  return moved(exchange, wanted);
}

// retire, archive: {"override"}.
Result<Answer> gated_move(Exchange& exchange, keys::VersionState to) {
  KW_TRY(const auto body, exchange.body_object({"override"}));
  service::VersionMove wanted;
  wanted.move.to = to;
  KW_TRY(wanted.override_readiness, boolean_or(body.root(), "override", false));
  return moved(exchange, wanted);
}

}  // namespace

namespace handlers {

Result<Answer> version_activate(Exchange& exchange) {
  return plain_move(exchange, keys::VersionState::kActive);
}
Result<Answer> version_promote(Exchange& exchange) {
  return plain_move(exchange, keys::VersionState::kPrimary);
}
Result<Answer> version_retire(Exchange& exchange) {
  return gated_move(exchange, keys::VersionState::kRetired);
}
Result<Answer> version_archive(Exchange& exchange) {
  return gated_move(exchange, keys::VersionState::kArchived);
}

Result<Answer> version_suspend(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"reason", "outage_accepted"}));
  service::VersionMove wanted;
  wanted.move.to = keys::VersionState::kSuspended;
  KW_TRY(wanted.move.reason, reason_word(body.root()));
  KW_TRY(wanted.move.outage_accepted, boolean_or(body.root(), "outage_accepted", false));
  return moved(exchange, wanted);
}

Result<Answer> version_restore(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"to"}));
  KW_TRY(const std::string to, text_or(body.root(), "to", "retired"));
  service::VersionMove wanted;
  KW_TRY(wanted.move.to, keys::parse_state(to));
  return moved(exchange, wanted);
}

Result<Answer> version_revoke(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"reason", "compromised_at", "outage_accepted"}));
  service::VersionMove wanted;
  wanted.move.to = keys::VersionState::kRevoked;
  KW_TRY(wanted.move.reason, reason_word(body.root()));
  if (body.root().has("compromised_at")) {
    KW_TRY(const std::string_view time, body.root().text("compromised_at"));
    KW_TRY(wanted.move.compromised_at, parse_rfc3339(time));
  }
  KW_TRY(wanted.move.outage_accepted, boolean_or(body.root(), "outage_accepted", false));
  return moved(exchange, wanted);
}

Result<Answer> version_destroy(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"override", "wait_seconds", "reason"}));
  service::VersionMove wanted;
  wanted.move.to = keys::VersionState::kDestroying;
  KW_TRY(wanted.move.reason, reason_word(body.root()));
  KW_TRY(const std::int64_t wait, integer_or(body.root(), "wait_seconds", 0, 0, 365LL * 24 * 3600));
  wanted.move.wait = std::chrono::seconds(wait);
  KW_TRY(wanted.override_readiness, boolean_or(body.root(), "override", false));
  return moved(exchange, wanted);
}

Result<Answer> version_cancel_destroy(Exchange& exchange) {
  KW_OK(exchange.body_object({}));
  KW_TRY(const std::uint32_t version, exchange.version_number());
  KW_TRY(const keys::Key key,
         service::cancel_destroy(exchange.house, exchange.call, version, kept_key));
  return key_answer(key);
}

}  // namespace handlers

}  // namespace kw::api::rest
