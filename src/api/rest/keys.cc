#include "service/keys.h"
#include "api/rest/handlers.h"
#include "api/rest/key_json.h"
#include "codec/base64.h"
#include "codec/pem.h"
#include "service/material.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;
using codec::JsonWriter;

Answer key_answer(const keys::Key& key, int status = 200) {
  JsonWriter json;
  write_key(json, key);
  Answer answer = json_answer(json, status);
  answer.etag = key.etag();
  return answer;
}

service::KeptAnswer kept_key(const keys::Key& key) {
  return kept(key_answer(key));
}
service::KeptAnswer kept_new_key(const keys::Key& key) {
  return kept(key_answer(key, 201));
}

Answer batch_answer(const std::vector<keys::Key>& made) {
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const keys::Key& key : made)
    json.begin_object()
        .member("name", key.name)
        .member("id", key.id.text())
        .member("primary", key.primary)
        .end_object();
  json.end_array().end_object();
  return json_answer(json, 201);
}

Answer rotated_answer(const service::Rotated& rotated) {
  JsonWriter json;
  json.begin_object().member("version", rotated.version).name("key");
  write_key(json, rotated.key);
  json.end_object();
  return json_answer(json);
}

Answer plan_answer(const service::RotationPlan& plan) {
  const crypto::AlgorithmInfo& algorithm = crypto::info(plan.algorithm);
  JsonWriter json;
  json.begin_object().member("plan", plan.id);
  json.member("from", plan.from).member("to", plan.to);
  json.member("algorithm", algorithm.name).member("suite", algorithm.suite);
  json.member("purpose", crypto::purpose_name(plan.purpose)).member("promote", plan.promote);
  json.member("lease_grace_seconds", plan.grace.count()).end_object();
  return json_answer(json);
}

Result<std::vector<std::string>> texts(const JsonView& list, std::size_t count_max,
                                       std::size_t size_max) {
  if (list.kind() != JsonView::Kind::kArray)
    return error(Code::kInvalidArgument, "json_type", "a list of texts is an array");
  std::vector<std::string> all;
  for (const JsonView& element : list.elements()) {
    KW_TRY(const std::string_view text, element.text());
    if (all.size() == count_max || text.size() > size_max)
      return error(Code::kInvalidArgument, "out_of_range", "too many texts, or one is too long");
    all.emplace_back(text);
  }
  return all;
}

Result<std::map<std::string, std::string>> labels(const JsonView& object) {
  if (object.kind() != JsonView::Kind::kObject)
    return error(Code::kInvalidArgument, "json_type", "labels are an object");
  std::map<std::string, std::string> all;
  for (const auto& [name, value] : object.members()) {
    KW_TRY(const ObjectName label, ObjectName::parse(name));
    KW_TRY(const std::string_view text, value.text());
    if (all.size() == 64 || text.size() > 256)
      return error(Code::kInvalidArgument, "out_of_range",
                   "at most 64 labels of at most 256 bytes");
    all.emplace(label.text(), text);
  }
  return all;
}

Result<std::string> owner_text(const JsonView& body, std::string_view fallback) {
  KW_TRY(std::string owner, text_or(body, "owner", fallback));
  if (owner.size() > 128)
    return error(Code::kInvalidArgument, "out_of_range", "an owner has at most 128 bytes");
  return owner;
}

constexpr std::string_view kNewKeyMembers[] = {"name",       "purpose", "algorithm",
                                               "exportable", "owner",   "classification",
                                               "regions",    "labels",  "lease_grace_seconds"};
constexpr std::int64_t kGraceMax = 90LL * 24 * 3600;

// Purpose and algorithm default each other: the natural purpose of an algorithm, the default
// algorithm of a purpose.
Status read_algorithm(const JsonView& body, keys::NewKey& wanted) {
  KW_TRY(const std::string purpose, text_or(body, "purpose", ""));
  KW_TRY(const std::string algorithm, text_or(body, "algorithm", ""));
  if (!purpose.empty()) {
    KW_TRY(wanted.purpose, crypto::parse_purpose(purpose));
  }
  if (algorithm.empty()) {
    wanted.algorithm = crypto::default_algorithm(wanted.purpose);
    return ok();
  }
  KW_TRY(wanted.algorithm, crypto::parse_algorithm(algorithm));
  if (purpose.empty()) wanted.purpose = crypto::info(wanted.algorithm).purposes.front();
  return ok();
}

Result<keys::NewKey> new_key(const JsonView& body) {
  KW_TRY(const std::string_view name_text, body.text("name"));
  KW_TRY(ObjectName name, ObjectName::parse(name_text));
  keys::NewKey wanted{.name = std::move(name)};
  KW_OK(read_algorithm(body, wanted));
  KW_TRY(wanted.exportable, boolean_or(body, "exportable", false));
  KW_TRY(wanted.owner, owner_text(body, ""));
  KW_TRY(const std::string classification, text_or(body, "classification", "internal"));
  KW_TRY(wanted.classification, keys::parse_classification(classification));
  if (body.has("regions")) {
    KW_TRY(const JsonView list, body.member("regions"));
    KW_TRY(wanted.regions, texts(list, 64, 64));
  }
  if (body.has("labels")) {
    KW_TRY(const JsonView object, body.member("labels"));
    KW_TRY(wanted.labels, labels(object));
  }
  KW_TRY(const std::int64_t grace, integer_or(body, "lease_grace_seconds", 60, 0, kGraceMax));
  wanted.lease_grace = std::chrono::seconds(grace);
  return wanted;
}

Result<keys::VersionState> gate_target(const Exchange& exchange) {
  const std::string_view target = exchange.query_text("for").value_or("retire");
  if (target == "retire") return keys::VersionState::kRetired;
  if (target == "archive") return keys::VersionState::kArchived;
  if (target == "destroy") return keys::VersionState::kDestroying;
  return error(Code::kInvalidArgument, "bad_query", "\"for\" is retire, archive or destroy");
}

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

// {"items": [...]}: up to 256 keys, all or none; the answer has the short facts.
Result<Answer> create_batch(Exchange& exchange, const JsonView& root) {
  KW_OK(only_members(root, {"items"}));
  KW_TRY(const JsonView list, root.member("items"));
  const std::vector<JsonView> items = list.elements();
  if (items.empty() || items.size() > 256)
    return error(Code::kInvalidArgument, "bad_items", "\"items\" is an array of 1 to 256 keys");
  std::vector<keys::NewKey> wanted;
  for (const JsonView& item : items) {
    KW_OK(only_members(item, kNewKeyMembers));
    KW_TRY(keys::NewKey one, new_key(item));
    wanted.push_back(std::move(one));
  }
  const auto words = [](const std::vector<keys::Key>& made) { return kept(batch_answer(made)); };
  KW_TRY(const auto made, service::create_keys(exchange.house, exchange.call, wanted, words));
  return batch_answer(made);
}

}  // namespace

namespace handlers {

Result<Answer> key_create(Exchange& exchange) {
  KW_TRY(const auto document,
         codec::JsonDocument::parse({exchange.body.data(), exchange.body.size()}));
  if (document.root().has("items")) return create_batch(exchange, document.root());
  KW_OK(only_members(document.root(), kNewKeyMembers));
  KW_TRY(const keys::NewKey wanted, new_key(document.root()));
  exchange.call.object = wanted.name.text();
  KW_TRY(const keys::Key key,
         service::create_key(exchange.house, exchange.call, wanted, kept_new_key));
  return key_answer(key, 201);
}

Result<Answer> key_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"owner", "state", "purpose", "algorithm", "label", "prefix",
                             "classification", "sort", "after", "limit"}));
  keys::Keyring::Filter filter;
  const auto text = [&](std::string_view name) {
    return std::string(exchange.query_text(name).value_or(""));
  };
  filter.owner = text("owner");
  filter.state = text("state");
  filter.purpose = text("purpose");
  filter.algorithm = text("algorithm");
  filter.label = text("label");
  filter.prefix = text("prefix");
  filter.after = text("after");
  if (!text("sort").empty()) filter.sort = text("sort");
  if (!text("classification").empty()) {
    KW_TRY(filter.classification, keys::parse_classification(text("classification")));
  }
  KW_TRY(const std::int64_t limit, exchange.query_integer("limit", 100, 1, 1000));
  filter.limit = static_cast<int>(limit);
  KW_TRY(const keys::Keyring::Page page, service::list_keys(exchange.house, exchange.call, filter));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const auto& key : page.keys) write_key(json, *key);
  json.end_array();
  if (!page.next.empty()) json.member("next", page.next);
  json.end_object();
  return json_answer(json);
}

Result<Answer> key_show(Exchange& exchange) {
  KW_TRY(const service::KeyPtr key, service::show_key(exchange.house, exchange.call));
  return key_answer(*key);
}

Result<Answer> key_update(Exchange& exchange) {
  KW_TRY(const auto document, exchange.body_object({"owner", "classification", "regions", "labels",
                                                    "lease_grace_seconds"}));
  const JsonView body = document.root();
  service::KeyUpdate update;
  KW_TRY(update.expected_epoch, exchange.expected_epoch());
  if (body.has("owner")) {
    KW_TRY(update.owner, owner_text(body, ""));
  }
  if (body.has("classification")) {
    KW_TRY(const std::string_view name, body.text("classification"));
    KW_TRY(update.classification, keys::parse_classification(name));
  }
  if (body.has("regions")) {
    KW_TRY(const JsonView list, body.member("regions"));
    KW_TRY(update.regions, texts(list, 64, 64));
  }
  if (body.has("labels")) {
    KW_TRY(const JsonView object, body.member("labels"));
    KW_TRY(update.labels, labels(object));
  }
  if (body.has("lease_grace_seconds")) {
    KW_TRY(const std::int64_t grace, integer_or(body, "lease_grace_seconds", 0, 0, kGraceMax));
    update.lease_grace = std::chrono::seconds(grace);
  }
  KW_TRY(const keys::Key key, service::update_key(exchange.house, exchange.call, update, kept_key));
  return key_answer(key);
}

Result<Answer> key_rotate(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"algorithm", "promote", "dry_run", "plan"}));
  service::RotationOrder order;
  KW_TRY(order.plan, text_or(body.root(), "plan", ""));
  if (body.root().has("plan") && order.plan.empty())
    return error(Code::kInvalidArgument, "bad_plan", "\"plan\" is the id of a plan");
  if (!order.plan.empty() && body.root().members().size() != 1)
    return error(Code::kInvalidArgument, "unknown_field",
                 "a plan says everything: nothing else goes with \"plan\"");
  keys::Keyring::Rotate& options = order.options;
  if (body.root().has("algorithm")) {
    KW_TRY(const std::string_view name, body.root().text("algorithm"));
    KW_TRY(options.algorithm, crypto::parse_algorithm(name));
  }
  KW_TRY(options.promote, boolean_or(body.root(), "promote", true));
  KW_TRY(const bool dry_run, boolean_or(body.root(), "dry_run", false));
  if (dry_run) {
    KW_TRY(const auto plan, service::plan_rotation(exchange.house, exchange.call, options));
    return plan_answer(plan);
  }
  const auto words = [](const service::Rotated& made) { return kept(rotated_answer(made)); };
  KW_TRY(const auto rotated, service::rotate_key(exchange.house, exchange.call, order, words));
  return rotated_answer(rotated);
}

Result<Answer> key_rollback(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"to"}));
  KW_TRY(const std::int64_t to, integer_or(body.root(), "to", 0, 1, UINT32_MAX));
  KW_TRY(const keys::Key key, service::roll_back_key(exchange.house, exchange.call,
                                                     static_cast<std::uint32_t>(to), kept_key));
  return key_answer(key);
}

Result<Answer> key_readiness(Exchange& exchange) {
  KW_OK(exchange.query_only({"version", "for", "quiet_seconds"}));
  KW_TRY(const std::int64_t version, exchange.query_integer("version", 0, 1, UINT32_MAX));
  if (version == 0)
    return error(Code::kInvalidArgument, "bad_query", "say which version: ?version=1");
  KW_TRY(const keys::VersionState target, gate_target(exchange));
  KW_TRY(const std::int64_t quiet, exchange.query_integer("quiet_seconds", -1, 0, kGraceMax * 4));
  const auto quiet_time = quiet < 0 ? std::nullopt : std::optional(std::chrono::seconds(quiet));
  KW_TRY(const keys::Readiness readiness,
         service::key_readiness(exchange.house, exchange.call, static_cast<std::uint32_t>(version),
                                target, quiet_time));
  JsonWriter json;
  json.begin_object().member("ready", readiness.ready);
  write_time(json, "not_before", readiness.not_before);
  json.name("blockers").begin_array();
  for (const keys::Blocker& blocker : readiness.blockers)
    json.begin_object()
        .member("kind", blocker.kind)
        .member("where", blocker.where)
        .member("amount", blocker.amount)
        .member("clears_when", blocker.clears_when)
        .end_object();
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> key_usage(Exchange& exchange) {
  KW_OK(exchange.query_only({"since"}));
  KW_TRY(const auto since, exchange.query_time("since"));
  KW_TRY(const auto rows, service::key_usage(exchange.house, exchange.call, since));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const keys::UsageRow& row : rows) {
    json.begin_object()
        .member("version", row.version)
        .member("operation", row.operation)
        .member("caller", row.caller);
    write_time(json, "hour", row.hour);
    json.member("count", row.count);
    write_time(json, "last_at", row.last_at);
    json.end_object();
  }
  json.end_array().end_object();
  return json_answer(json);
}

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

Result<Answer> alias_list(Exchange& exchange) {
  KW_TRY(const auto aliases, service::list_aliases(exchange.house, exchange.call));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const auto& alias : aliases)
    json.begin_object().member("alias", alias.name).member("key", alias.key).end_object();
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> alias_put(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"key"}));
  KW_TRY(const std::string_view target, body.root().text("key"));
  KW_TRY(const ObjectName key, ObjectName::parse(target));
  KW_TRY(const ObjectName alias, exchange.object_name("alias"));
  KW_OK(service::put_alias(exchange.house, exchange.call, alias, key, kept_no_content));
  return no_content();
}

Result<Answer> alias_remove(Exchange& exchange) {
  KW_TRY(const ObjectName alias, exchange.object_name("alias"));
  KW_OK(service::remove_alias(exchange.house, exchange.call, alias, kept_no_content));
  return no_content();
}

}  // namespace handlers

}  // namespace kw::api::rest
