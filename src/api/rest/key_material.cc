#include "api/rest/handlers.h"
#include "api/rest/key_json.h"
#include "api/rest/new_key.h"
#include "codec/base64.h"
#include "codec/pem.h"
#include "service/keys.h"
#include "service/material.h"

namespace kw::api::rest {

using codec::JsonWriter;

namespace handlers {

Result<Answer> version_public_key(Exchange& exchange) {
  KW_TRY(const std::uint32_t number, exchange.version_number());
  KW_TRY(const service::KeyPtr key, service::show_key(exchange.house, exchange.call));
  const keys::Version* version = key->version(number);
  if (version == nullptr) return service::not_found();
  if (version->public_key.empty())
    return error(Code::kFailedPrecondition, "no_public_key",
                 "this key is symmetric: it has no public half");
  JsonWriter json;
  json.begin_object()
      .member("version", number)
      .member("algorithm", crypto::info(version->algorithm).name);
  json.member("public_key", codec::pem("PUBLIC KEY", version->public_key)).end_object();
  return json_answer(json);
}

Result<Answer> key_wrapping_key(Exchange& exchange) {
  KW_TRY(const service::WrappingKey wrapping, service::wrapping_key(exchange.house, exchange.call));
  JsonWriter json;
  json.begin_object().member("version", wrapping.version);
  json.member("public_key", codec::pem("PUBLIC KEY", wrapping.public_key));
  json.member("mechanism", service::kImportMechanism).end_object();
  return json_answer(json);
}

Result<Answer> key_import(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"name", "purpose", "algorithm", "exportable",
                                                "owner", "classification", "regions", "labels",
                                                "lease_grace_seconds", "wrapped_material"}));
  KW_TRY(const keys::NewKey wanted, new_key(body.root()));
  KW_TRY(const std::string_view text, body.root().text("wrapped_material"));
  KW_TRY(const Bytes wrapped, codec::from_base64(text));
  exchange.call.object = wanted.name.text();
  KW_TRY(const keys::Key key,
         service::import_key(exchange.house, exchange.call, wanted, wrapped, kept_new_key));
  return key_answer(key, 201);
}

Result<Answer> key_export(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"recipient_public_key"}));
  KW_TRY(const std::string_view text, body.root().text("recipient_public_key"));
  KW_TRY(const Bytes recipient, codec::from_pem("PUBLIC KEY", text));
  KW_TRY(const std::uint32_t version, exchange.version_number());
  KW_TRY(const Bytes wrapped,
         service::export_key(exchange.house, exchange.call, version, recipient));
  JsonWriter json;
  json.begin_object().member("version", version).name("wrapped_material").base64(wrapped);
  json.member("mechanism", service::kImportMechanism).end_object();
  return json_answer(json);
}

}  // namespace handlers

}  // namespace kw::api::rest
