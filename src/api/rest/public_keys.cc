// The tenant's key set and its archive of public keys, for everybody: cacheable, with validators.
#include "api/rest/handlers.h"
#include "api/rest/key_json.h"
#include "codec/base64.h"
#include "codec/pem.h"
#include "crypto/digest.h"
#include "service/jwks.h"

namespace kw::api::rest {

namespace {

using codec::JsonWriter;

// A version's state may change: caches ask again after a minute.
constexpr std::chrono::seconds kArchiveMaxAge{60};

// RFC 9110, 13.1.2: the weak comparison, so a proxy's W/ does not matter.
bool names_etag(std::string_view header, std::string_view etag) {
  if (header == "*") return true;
  for (std::size_t at = header.find(etag); at != header.npos; at = header.find(etag, at + 1)) {
    const std::size_t end = at + etag.size();
    const bool starts = at == 0 || header[at - 1] == ' ' || header[at - 1] == ',' ||
                        (at >= 2 && header.substr(at - 2, 2) == "W/");
    if (starts && (end == header.size() || header[end] == ' ' || header[end] == ',')) return true;
  }
  return false;
}

std::string cache_control(std::chrono::seconds max_age) {
  if (max_age <= max_age.zero()) return "no-cache";
  return "public, max-age=" + std::to_string(max_age.count());
}

/// `json` with its validator and how long it may be kept; 304 when the client has it.
Answer cacheable(const Exchange& exchange, JsonWriter& json, std::string_view content_type,
                 std::chrono::seconds max_age) {
  Answer answer = json_answer(json);
  answer.content_type = content_type;
  const auto digest = crypto::sha256(as_bytes({answer.body.data(), answer.body.size()}));
  answer.etag = '"' + codec::hex(ByteView(digest).first(16)) + '"';
  answer.headers.emplace_back("Cache-Control", cache_control(max_age));
  // Public data: scripts of any site may verify with it.
  answer.headers.emplace_back("Access-Control-Allow-Origin", "*");
  if (!names_etag(exchange.if_none_match, answer.etag)) return answer;
  answer.status = 304;
  answer.body.clear();
  return answer;
}

}  // namespace

namespace handlers {

Result<Answer> jwks_show(Exchange& exchange) {
  KW_OK(exchange.query_only({}));
  KW_TRY(const service::KeySet set, service::published_keys(exchange.house, exchange.call));
  JsonWriter json;
  json.begin_object().name("keys").begin_array();
  for (const service::PublicKey& shown : set.keys)
    if (!shown.form->jwk.empty()) json.raw(shown.form->jwk);
  json.end_array().end_object();
  return cacheable(exchange, json, "application/jwk-set+json", set.max_age);
}

Result<Answer> public_key_show(Exchange& exchange) {
  KW_OK(exchange.query_only({}));
  KW_TRY(const service::PublicKey shown,
         service::archived_key(exchange.house, exchange.call, exchange.parameter("kid")));
  const keys::Version& version = *shown.version;
  JsonWriter json;
  json.begin_object().member("kid", shown.form->kid);
  json.member("algorithm", crypto::info(version.algorithm).name);
  json.member("state", keys::state_name(version.state));
  write_time(json, "created_at", version.created_at);
  write_time(json, "promoted_at", version.promoted_at);
  write_time(json, "demoted_at", version.demoted_at);
  write_time(json, "compromised_at", version.compromised_at);
  if (!shown.form->jwk.empty()) json.name("jwk").raw(shown.form->jwk);
  json.member("public_key", codec::pem("PUBLIC KEY", version.public_key)).end_object();
  return cacheable(exchange, json, "application/json", kArchiveMaxAge);
}

}  // namespace handlers

}  // namespace kw::api::rest
