#include "service/sealing.h"

#include "api/rest/handlers.h"
#include "api/rest/key_json.h"

namespace kw::api::rest {

namespace {

using codec::JsonWriter;

std::string_view kind_name(seal::SealKind kind) {
  switch (kind) {
    case seal::SealKind::kNone:
      return "none";
    case seal::SealKind::kDev:
      return "dev";
    case seal::SealKind::kShamir:
      return "shamir";
  }
  return "none";
}

void write_status(JsonWriter& json, const seal::SealStatus& status) {
  json.member("kind", kind_name(status.kind)).member("initialised", status.initialised);
  json.member("sealed", status.sealed)
      .member("seal_id", status.seal_id)
      .member("shares", status.shares);
  json.member("threshold", status.threshold).member("progress", status.progress);
  json.member("verified", status.verified).member("verify_wanted", status.verify_wanted);
  write_time(json, "sealed_since", status.sealed_since);
}

Answer status_answer(const seal::SealStatus& status) {
  JsonWriter json;
  json.begin_object();
  write_status(json, status);
  json.end_object();
  return json_answer(json);
}

void write_shares(JsonWriter& json, const std::vector<seal::ShareText>& shares) {
  json.name("shares").begin_array();
  for (const seal::ShareText& share : shares)
    json.value(std::string_view(share.data(), share.size()));
  json.end_array();
}

struct Split {
  int shares = 0;
  int threshold = 0;
};
Result<Split> read_split(const Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"shares", "threshold"}));
  KW_TRY(const std::int64_t shares, integer_or(body.root(), "shares", 5, 1, 16));
  KW_TRY(const std::int64_t threshold, integer_or(body.root(), "threshold", 3, 1, shares));
  return Split{static_cast<int>(shares), static_cast<int>(threshold)};
}

// The share stays in the parsed document, whose memory is wiped.
template <typename Give>
auto with_share(const Exchange& exchange, const Give& give) -> decltype(give(std::string_view())) {
  KW_TRY(const auto body, exchange.body_object({"share"}));
  KW_TRY(const std::string_view share, body.root().text("share"));
  return give(share);
}

void write_verification(JsonWriter& json, const seal::ShareOutcome& outcome) {
  json.member("verified", outcome.status.verified)
      .member("verify_wanted", outcome.status.verify_wanted);
  json.member("completed", outcome.completed);
}

}  // namespace

namespace handlers {

Result<Answer> seal_status(Exchange& exchange) {
  return status_answer(service::seal_status(exchange.house));
}

Result<Answer> seal_init(Exchange& exchange) {
  KW_TRY(const Split split, read_split(exchange));
  KW_TRY(const auto shares,
         service::begin_init(exchange.house, exchange.call, split.shares, split.threshold));
  JsonWriter json;
  json.begin_object();
  write_shares(json, shares);
  json.member("verify_wanted", split.shares).end_object();
  return json_answer(json);
}

Result<Answer> seal_verify(Exchange& exchange) {
  KW_TRY(const service::Verified verified, with_share(exchange, [&](std::string_view share) {
           return service::verify_share(exchange.house, exchange.call, share);
         }));
  JsonWriter json;
  json.begin_object();
  write_verification(json, verified.outcome);
  if (verified.first_token) {
    const WipedText& token = verified.first_token->text;
    json.member("token", std::string_view(token.data(), token.size()));
    write_time(json, "token_expires_at", verified.first_token->expires_at);
  }
  json.end_object();
  return json_answer(json);
}

Result<Answer> seal_unseal(Exchange& exchange) {
  KW_TRY(const seal::SealStatus status, with_share(exchange, [&](std::string_view share) {
           return service::unseal(exchange.house, exchange.call, share);
         }));
  return status_answer(status);
}

Result<Answer> seal_seal(Exchange& exchange) {
  KW_OK(exchange.body_object({}));
  KW_OK(service::seal_now(exchange.house, exchange.call));
  return no_content();
}

Result<Answer> seal_reseal(Exchange& exchange) {
  KW_TRY(const Split split, read_split(exchange));
  KW_TRY(const seal::SealStatus status,
         service::begin_reseal(exchange.house, exchange.call, split.shares, split.threshold));
  return status_answer(status);
}

Result<Answer> seal_reseal_share(Exchange& exchange) {
  KW_TRY(const seal::ShareOutcome outcome, with_share(exchange, [&](std::string_view share) {
           return service::reseal_share(exchange.house, exchange.call, share);
         }));
  JsonWriter json;
  json.begin_object();
  write_status(json, outcome.status);
  if (!outcome.new_shares.empty()) write_shares(json, outcome.new_shares);
  json.end_object();
  return json_answer(json);
}

Result<Answer> seal_reseal_verify(Exchange& exchange) {
  KW_TRY(const seal::ShareOutcome outcome, with_share(exchange, [&](std::string_view share) {
           return service::reseal_verify(exchange.house, exchange.call, share);
         }));
  JsonWriter json;
  json.begin_object();
  write_verification(json, outcome);
  json.end_object();
  return json_answer(json);
}

}  // namespace handlers

}  // namespace kw::api::rest
