// The tenant's key set and its archive of public keys, for everybody: cacheable, with validators.
#include "api/rest/handlers.h"
#include "api/rest/key_json.h"
#include "codec/base64.h"
#include "codec/pem.h"
#include "crypto/digest.h"
#include "crypto/jwk.h"
#include "service/jwks.h"

namespace kw::api::rest {

namespace {

using codec::JsonWriter;

// A version's state may change: caches ask again after a minute.
constexpr std::chrono::seconds kArchiveMaxAge{60};

void write_member(JsonWriter& json, std::string_view name, const Bytes& bytes) {
  if (!bytes.empty()) json.member(name, codec::base64url(bytes));
}

void write_jwk(JsonWriter& json, const crypto::PublicJwk& jwk, const service::PublicKey& shown) {
  json.begin_object().member("kty", jwk.kty).member("kid", shown.kid).member("use", "sig");
  if (const auto name = crypto::jws_algorithm(shown.version->algorithm); !name.empty())
    json.member("alg", name);
  if (!jwk.crv.empty()) json.member("crv", jwk.crv);
  write_member(json, "x", jwk.x);
  write_member(json, "y", jwk.y);
  write_member(json, "n", jwk.n);
  write_member(json, "e", jwk.e);
  json.end_object();
}

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
  for (const service::PublicKey& shown : set.keys) {
    const auto jwk = crypto::public_jwk(shown.version->algorithm, shown.version->public_key);
    if (jwk) {
      write_jwk(json, *jwk, shown);
    } else if (jwk.error().reason != "no_jwk") {
      return jwk.error();
    }
  }
  json.end_array().end_object();
  return cacheable(exchange, json, "application/jwk-set+json", set.max_age);
}

Result<Answer> public_key_show(Exchange& exchange) {
  KW_OK(exchange.query_only({}));
  KW_TRY(const service::PublicKey shown,
         service::archived_key(exchange.house, exchange.call, exchange.parameter("kid")));
  const keys::Version& version = *shown.version;
  JsonWriter json;
  json.begin_object().member("kid", shown.kid);
  json.member("algorithm", crypto::info(version.algorithm).name);
  json.member("state", keys::state_name(version.state));
  write_time(json, "created_at", version.created_at);
  write_time(json, "promoted_at", version.promoted_at);
  write_time(json, "demoted_at", version.demoted_at);
  write_time(json, "compromised_at", version.compromised_at);
  if (const auto jwk = crypto::public_jwk(version.algorithm, version.public_key)) {
    json.name("jwk");
    write_jwk(json, *jwk, shown);
  }
  json.member("public_key", codec::pem("PUBLIC KEY", version.public_key)).end_object();
  return cacheable(exchange, json, "application/json", kArchiveMaxAge);
}

}  // namespace handlers

}  // namespace kw::api::rest
