#include "service/keys.h"
#include "api/rest/handlers.h"
#include "api/rest/key_json.h"
#include "api/rest/new_key.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;
using codec::JsonWriter;

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

Result<keys::VersionState> gate_target(const Exchange& exchange) {
  const std::string_view target = exchange.query_text("for").value_or("retire");
  if (target == "retire") return keys::VersionState::kRetired;
  if (target == "archive") return keys::VersionState::kArchived;
  if (target == "destroy") return keys::VersionState::kDestroying;
  return error(Code::kInvalidArgument, "bad_query", "\"for\" is retire, archive or destroy");
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

}  // namespace handlers

}  // namespace kw::api::rest
