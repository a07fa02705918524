#include "api/rest/secret_json.h"

#include "api/rest/key_json.h"
#include "base/reveal.h"

namespace kw::api::rest {

using codec::JsonWriter;

namespace {

void write_texts(JsonWriter& json, std::string_view name, const secrets::Settings& texts) {
  json.name(name).begin_object();
  for (const auto& [key, value] : texts) json.member(key, value);
  json.end_object();
}

void write_version(JsonWriter& json, const secrets::Version& version) {
  json.begin_object().member("version", version.number);
  json.member("state", rotation::state_name(version.state)).member("origin", version.origin);
  if (!version.principal.empty()) json.member("principal", version.principal);
  write_time(json, "created_at", version.created_at);
  write_time(json, "promoted_at", version.promoted_at);
  write_time(json, "demoted_at", version.demoted_at);
  write_time(json, "expires_at", version.expires_at);
  write_time(json, "destroy_after", version.destroy_after);
  write_time(json, "compromised_at", version.compromised_at);
  if (!version.reason.empty()) json.member("reason", version.reason);
  if (!version.note.empty()) json.member("note", version.note);
  json.end_object();
}

void write_metadata(JsonWriter& json, const secrets::Metadata& said) {
  json.member("type", said.type).member("owner", said.owner);
  json.member("classification", said.classification).member("description", said.description);
  if (!said.instructions.empty()) json.member("instructions", said.instructions);
  json.name("regions").begin_array();
  for (const std::string& region : said.regions) json.value(region);
  json.end_array();
  write_texts(json, "labels", secrets::Settings(said.labels.begin(), said.labels.end()));
}

void write_number(JsonWriter& json, std::string_view name, std::uint32_t number) {
  json.name(name);
  if (number == 0) {
    json.null();
  } else {
    json.value(number);
  }
}

}  // namespace

void write_secret(JsonWriter& json, const secrets::Secret& secret) {
  json.begin_object().member("path", secret.path).member("id", secret.id.text());
  json.member("tenant", secret.tenant_name).member("shape", secrets::shape_name(secret.shape));
  write_metadata(json, secret.metadata);
  if (!secret.generator.empty()) json.member("generator", secret.generator);
  if (!secret.template_text.empty()) json.member("template", secret.template_text);
  if (!secret.target.empty()) {
    json.member("target", secret.target);
    write_texts(json, "account", secret.account);
  }
  write_time(json, "created_at", secret.created_at);
  write_time(json, "deleted_at", secret.deleted_at);
  json.member("epoch", secret.epoch);
  write_number(json, "primary", secret.primary);
  if (secret.rollout.version != 0) {
    json.name("rollout").begin_object().member("version", secret.rollout.version);
    json.member("percent", secret.rollout.percent).end_object();
  }
  json.name("versions").begin_array();
  for (const secrets::Version& version : secret.versions) write_version(json, version);
  json.end_array().end_object();
}

Status write_readout(JsonWriter& json, const secrets::Secrets::Readout& readout) {
  const secrets::Secret& secret = readout.secret;
  const secrets::Version* version = secret.version(readout.version);
  json.begin_object().member("path", secret.path).member("tenant", secret.tenant_name);
  json.member("shape", secrets::shape_name(secret.shape)).member("version", readout.version);
  json.member("state", rotation::state_name(version->state));
  if (!version->principal.empty()) json.member("principal", version->principal);
  write_time(json, "expires_at", version->expires_at);
  json.member("epoch", secret.epoch);
  if (readout.value.structured()) {
    KW_TRY(const secrets::Fields fields, readout.value.parts());
    json.name("fields").begin_object();
    for (const auto& [name, text] : fields) json.member(name, as_text(text.reveal(Reveal{})));
    json.end_object();
  } else {
    json.name("value").base64(readout.value.sealed_form().reveal(Reveal{}));
  }
  json.end_object();
  return ok();
}

}  // namespace kw::api::rest
