#include "service/secrets.h"

#include "api/rest/handlers.h"
#include "api/rest/run_json.h"
#include "api/rest/secret_json.h"
#include "api/rest/secret_value.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using secrets::Secret;

constexpr std::string_view kPutMembers[] = {
    "value",      "text",   "fields",      "template",    "generate", "expires_at",
    "if_version", "adopt",  "principal",   "type",        "owner",    "classification",
    "regions",    "labels", "description", "instructions"};

Answer secret_answer(const Secret& secret, int status = 200) {
  JsonWriter json;
  write_secret(json, secret);
  Answer answer = json_answer(json, status);
  answer.etag = secret.etag();
  return answer;
}

service::KeptAnswer kept_secret(const Secret& secret) {
  return kept(secret_answer(secret));
}

Answer run_answer(const rotation::Run& run) {
  JsonWriter json;
  write_run(json, run);
  return json_answer(json, 202);
}

int put_status(const Secret& secret) {
  return secret.versions.size() == 1 ? 201 : 200;
}

Error bad(std::string_view reason, std::string_view message) {
  return error(Code::kInvalidArgument, reason, message);
}

Result<std::optional<std::string>> optional_text(const JsonView& body, std::string_view name) {
  if (!body.has(name)) return std::optional<std::string>();
  KW_TRY(const std::string_view text, body.text(name));
  return std::optional(std::string(text));
}

Result<std::vector<std::string>> regions_of(const JsonView& body) {
  KW_TRY(const JsonView list, body.member("regions"));
  if (list.kind() != JsonView::Kind::kArray) return bad("json_type", "regions are an array");
  std::vector<std::string> all;
  for (const JsonView& each : list.elements()) {
    KW_TRY(const std::string_view text, each.text());
    all.emplace_back(text);
  }
  return all;
}

Result<std::map<std::string, std::string>> labels_of(const JsonView& body) {
  KW_TRY(const JsonView object, body.member("labels"));
  if (object.kind() != JsonView::Kind::kObject) return bad("json_type", "labels are an object");
  std::map<std::string, std::string> all;
  for (const auto& [name, value] : object.members()) {
    KW_TRY(const std::string_view text, value.text());
    all.emplace(name, text);
  }
  return all;
}

Result<secrets::MetadataPatch> metadata_of(const JsonView& body) {
  secrets::MetadataPatch patch;
  KW_TRY(patch.type, optional_text(body, "type"));
  KW_TRY(patch.owner, optional_text(body, "owner"));
  KW_TRY(patch.classification, optional_text(body, "classification"));
  KW_TRY(patch.description, optional_text(body, "description"));
  KW_TRY(patch.instructions, optional_text(body, "instructions"));
  if (body.has("regions")) {
    KW_TRY(patch.regions, regions_of(body));
  }
  if (body.has("labels")) {
    KW_TRY(patch.labels, labels_of(body));
  }
  return patch;
}

// One kind of content; "generate" may go with "fields".
Status read_content(const JsonView& body, service::SecretPut& wanted) {
  const int kinds = (body.has("value") || body.has("text") ? 1 : 0) + (body.has("fields") ? 1 : 0) +
                    (body.has("template") ? 1 : 0);
  if (kinds > 1 || (kinds == 1 && body.has("generate") && !body.has("fields")))
    return bad("no_value", "say one of value, text, fields, template and generate");
  KW_TRY(wanted.put.value, given_value(body));
  KW_TRY(wanted.put.template_text, text_or(body, "template", ""));
  KW_TRY(wanted.generate, optional_text(body, "generate"));
  return ok();
}

Result<service::SecretPut> put_of(const JsonView& body) {
  service::SecretPut wanted;
  KW_OK(read_content(body, wanted));
  KW_TRY(wanted.put.metadata, metadata_of(body));
  if (body.has("if_version")) {
    KW_TRY(const std::int64_t version, integer_or(body, "if_version", 0, 0, UINT32_MAX));
    wanted.put.if_version = static_cast<std::uint32_t>(version);
  }
  if (body.has("expires_at")) {
    KW_TRY(const std::string_view time, body.text("expires_at"));
    KW_TRY(wanted.put.expires_at, parse_rfc3339(time));
  }
  KW_TRY(wanted.put.adopt, boolean_or(body, "adopt", false));
  KW_TRY(wanted.put.principal, text_or(body, "principal", ""));
  return wanted;
}

Result<std::uint32_t> version_member(const JsonView& body, std::string_view name) {
  KW_TRY(const std::int64_t version, integer_or(body, name, 0, 0, UINT32_MAX));
  return static_cast<std::uint32_t>(version);
}

Result<secrets::Secrets::Asked> asked_of(const Exchange& exchange) {
  KW_OK(exchange.query_only({"version", "consumer"}));
  secrets::Secrets::Asked asked;
  asked.previous = exchange.query_text("version") == "previous";
  if (!asked.previous) {
    KW_TRY(const std::int64_t number, exchange.query_integer("version", 0, 1, UINT32_MAX));
    asked.version = static_cast<std::uint32_t>(number);
  }
  asked.consumer = exchange.call.caller->name;
  if (const auto named = exchange.query_text("consumer")) {
    KW_TRY(const ObjectName consumer, ObjectName::parse(*named));
    asked.consumer = consumer.text();
  }
  return asked;
}

void write_found(JsonWriter& json, const secrets::Secrets::Found& found) {
  json.begin_object().member("tenant", found.tenant).member("path", found.path);
  if (!found.field.empty()) json.member("field", found.field);
  json.member("version", found.version).member("state", rotation::state_name(found.state));
  if (found.deleted) json.member("deleted", true);
  json.member("subject", "secret:" + found.tenant + "/" + found.path).end_object();
}

}  // namespace

namespace handlers {

Result<Answer> secret_put(Exchange& exchange) {
  KW_TRY(const auto document,
         codec::JsonDocument::parse({exchange.body.data(), exchange.body.size()}));
  KW_OK(only_members(document.root(), kPutMembers));
  KW_TRY(service::SecretPut wanted, put_of(document.root()));
  KW_TRY(wanted.put.if_epoch, exchange.expected_epoch());
  KW_TRY(const SecretPath path, SecretPath::parse(exchange.parameter("path")));
  KW_TRY(const Secret secret,
         service::put_secret(exchange.house, exchange.call, path, wanted, [](const Secret& made) {
           return kept(secret_answer(made, put_status(made)));
         }));
  return secret_answer(secret, put_status(secret));
}

Result<Answer> secret_read(Exchange& exchange) {
  KW_TRY(const secrets::Secrets::Asked asked, asked_of(exchange));
  KW_TRY(const auto readout, service::read_secret(exchange.house, exchange.call, asked));
  JsonWriter json;
  KW_OK(write_readout(json, readout));
  Answer answer = json_answer(json);
  answer.etag = readout.secret.etag();
  answer.headers.emplace_back("Cache-Control", "no-store");
  return answer;
}

Result<Answer> secret_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"prefix", "after", "target", "deleted", "limit"}));
  secrets::Secrets::Filter filter;
  filter.prefix = exchange.query_text("prefix").value_or("");
  filter.after = exchange.query_text("after").value_or("");
  filter.target = exchange.query_text("target").value_or("");
  filter.deleted = exchange.query_text("deleted") == "true";
  KW_TRY(const std::int64_t limit, exchange.query_integer("limit", 100, 1, 1000));
  filter.limit = static_cast<int>(limit);
  KW_TRY(const auto page, service::list_secrets(exchange.house, exchange.call, filter));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const Secret& secret : page.secrets) write_secret(json, secret);
  json.end_array();
  if (!page.next.empty()) json.member("next", page.next);
  json.end_object();
  return json_answer(json);
}

Result<Answer> secret_metadata(Exchange& exchange) {
  KW_TRY(const Secret secret, service::show_secret(exchange.house, exchange.call));
  return secret_answer(secret);
}

Result<Answer> secret_usage(Exchange& exchange) {
  KW_OK(exchange.query_only({"since"}));
  KW_TRY(const auto since, exchange.query_time("since"));
  KW_TRY(const auto rows, service::secret_usage(exchange.house, exchange.call, since));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const secrets::UsageRow& row : rows) {
    json.begin_object().member("version", row.version).member("caller", row.caller);
    json.member("hour", rfc3339(row.hour)).member("uses", row.uses);
    json.member("last_at", rfc3339(row.last_at)).end_object();
  }
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> secret_update(Exchange& exchange) {
  KW_TRY(const auto document,
         exchange.body_object({"type", "owner", "classification", "regions", "labels",
                               "description", "instructions", "generator"}));
  KW_TRY(secrets::MetadataPatch patch, metadata_of(document.root()));
  KW_TRY(patch.generator, optional_text(document.root(), "generator"));
  KW_TRY(const auto epoch, exchange.expected_epoch());
  KW_TRY(const Secret secret,
         service::update_secret(exchange.house, exchange.call, patch, epoch, kept_secret));
  return secret_answer(secret);
}

Result<Answer> secret_delete(Exchange& exchange) {
  KW_OK(exchange.body_object({}));
  KW_TRY(const Secret secret, service::remove_secret(exchange.house, exchange.call, kept_secret));
  return secret_answer(secret);
}

Result<Answer> secret_undelete(Exchange& exchange) {
  KW_TRY(const auto document, exchange.body_object({"version"}));
  KW_TRY(const std::uint32_t version, version_member(document.root(), "version"));
  KW_TRY(const Secret secret,
         service::undelete_secret(exchange.house, exchange.call, version, kept_secret));
  return secret_answer(secret);
}

Result<Answer> secret_rotate(Exchange& exchange) {
  KW_OK(exchange.body_object({}));
  KW_TRY(const rotation::Run run,
         service::rotate_secret(exchange.house, exchange.call, [](const rotation::Run& started) {
           return kept(run_answer(started));
         }));
  return run_answer(run);
}

Result<Answer> secret_rollback(Exchange& exchange) {
  KW_TRY(const auto document, exchange.body_object({"to"}));
  KW_TRY(const std::uint32_t to, version_member(document.root(), "to"));
  KW_TRY(const Secret secret,
         service::roll_back_secret(exchange.house, exchange.call, to, kept_secret));
  return secret_answer(secret);
}

Result<Answer> secret_destroy(Exchange& exchange) {
  KW_TRY(const auto document, exchange.body_object({"version", "all"}));
  KW_TRY(const std::uint32_t version, version_member(document.root(), "version"));
  KW_TRY(const bool all, boolean_or(document.root(), "all", false));
  if (all == (version != 0))
    return bad("bad_version", "say which version, or \"all\" of a deleted secret");
  KW_TRY(const Secret secret,
         service::destroy_secret(exchange.house, exchange.call, version, kept_secret));
  return secret_answer(secret);
}

Result<Answer> secret_find(Exchange& exchange) {
  KW_TRY(const auto document, exchange.body_object({"value", "text"}));
  KW_TRY(const SecretBytes material, material_of(document.root()));
  KW_TRY(const auto found, service::find_secrets(exchange.house, exchange.call, material));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const auto& each : found) write_found(json, each);
  json.end_array().end_object();
  return json_answer(json);
}

}  // namespace handlers

}  // namespace kw::api::rest
