// Events from outside, by token and by signed webhook.
#include "service/rotation_events.h"

#include "api/rest/handlers.h"
#include "api/rest/key_json.h"
#include "api/rest/run_json.h"
#include "service/hooks.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;
using codec::JsonWriter;

constexpr std::size_t kWordsMax = 32;
constexpr std::size_t kOwnerMax = 128;

Status read_labels(const JsonView& data, service::OutsideEvent& event) {
  const auto labels = data.find("labels");
  if (!labels) return ok();
  if (labels->kind() != JsonView::Kind::kObject)
    return error(Code::kInvalidArgument, "json_type", "labels are an object");
  for (const auto& [name, value] : labels->members()) {
    KW_TRY(const ObjectName label, ObjectName::parse(name));
    KW_TRY(const std::string_view text, value.text());
    if (event.labels.size() == kWordsMax)
      return error(Code::kInvalidArgument, "out_of_range", "at most 32 labels");
    event.labels.emplace(label.text(), text);
  }
  return ok();
}

// What the event is about: the members beside its type.
Status read_about(const JsonView& data, service::OutsideEvent& event) {
  KW_TRY(event.kind, text_or(data, "kind", ""));
  KW_TRY(event.name, text_or(data, "name", ""));
  if (!event.name.empty()) KW_OK(SecretPath::parse(event.name));
  KW_TRY(event.owner, text_or(data, "owner", ""));
  if (event.owner.size() > kOwnerMax)
    return error(Code::kInvalidArgument, "out_of_range", "an owner has at most 128 bytes");
  KW_TRY(event.everything, boolean_or(data, "everything", false));
  return read_labels(data, event);
}

Answer outcome_answer(const service::EventOutcome& outcome) {
  JsonWriter json;
  json.begin_object().member("matched", static_cast<std::int64_t>(outcome.matched));
  json.member("started", static_cast<std::int64_t>(outcome.started.size()));
  json.member("already_open", static_cast<std::int64_t>(outcome.open));
  json.member("held", static_cast<std::int64_t>(outcome.held));
  json.member("not_listed", static_cast<std::int64_t>(outcome.unlisted));
  json.name("runs").begin_array();
  for (const rotation::Run& run : outcome.started)
    json.begin_object()
        .member("id", run.id.text())
        .member("subject", run.subject.text())
        .end_object();
  json.end_array().end_object();
  return json_answer(json, 202);
}

void write_hook(JsonWriter& json, const service::Hook& hook) {
  json.begin_object().member("id", hook.id.text()).member("name", hook.name);
  json.member("tenant", hook.tenant).name("events").begin_array();
  for (const std::string& event : hook.events) json.value(event);
  json.end_array().member("path", "/api/v1/rotation/hooks/" + hook.id.text());
  json.member("created_by", hook.created_by);
  write_time(json, "created_at", hook.created_at);
}

Result<std::vector<std::string>> read_words(const JsonView& body, std::string_view member) {
  KW_TRY(const JsonView list, body.member(member));
  std::vector<std::string> words;
  for (const JsonView& element : list.elements()) {
    KW_TRY(const std::string_view text, element.text());
    if (words.size() == kWordsMax)
      return error(Code::kInvalidArgument, "out_of_range", "at most 32 words");
    words.emplace_back(text);
  }
  return words;
}

}  // namespace

namespace handlers {

Result<Answer> rotation_event(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const auto document,
         exchange.body_object({"type", "kind", "name", "owner", "labels", "everything"}));
  service::OutsideEvent event;
  KW_TRY(const std::string_view type, document.root().text("type"));
  event.type = std::string(type);
  KW_OK(read_about(document.root(), event));
  KW_TRY(const service::EventOutcome outcome,
         service::take_event(
             exchange.house, exchange.call, event,
             [](const service::EventOutcome& done) { return kept(outcome_answer(done)); }));
  return outcome_answer(outcome);
}

// The payload is that of Standard Webhooks: type, timestamp, data. The signature is checked before
// anything in it is read.
Result<Answer> hook_deliver(Exchange& exchange) {
  KW_TRY(const service::HookId id, service::HookId::parse(exchange.parameter("hook")));
  const SignatureHeaders& headers = exchange.signature;
  const auth::SignedMessage message{headers.id,
                                    headers.timestamp,
                                    headers.signatures,
                                    {exchange.body.data(), exchange.body.size()}};
  KW_TRY(const service::Hook hook,
         service::authenticate_hook(exchange.house, exchange.call, id, message));
  KW_TRY(const auto document, exchange.body_object({"type", "timestamp", "data"}));
  service::OutsideEvent event;
  KW_TRY(const std::string_view type, document.root().text("type"));
  event.type = std::string(type);
  KW_TRY(const JsonView data, document.root().member("data"));
  KW_OK(only_members(data, {"tenant", "kind", "name", "owner", "labels", "everything"}));
  KW_OK(read_about(data, event));
  KW_TRY(const std::string tenant, text_or(data, "tenant", ""));
  if (!tenant.empty()) KW_OK(TenantName::parse(tenant));
  KW_TRY(const service::EventOutcome outcome,
         service::deliver(exchange.house, exchange.call, hook, headers.id, event, tenant));
  return outcome_answer(outcome);
}

Result<Answer> hook_create(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const auto document, exchange.body_object({"name", "events"}));
  KW_TRY(const std::string_view text, document.root().text("name"));
  KW_TRY(const ObjectName name, ObjectName::parse(text));
  KW_TRY(const auto events, read_words(document.root(), "events"));
  KW_TRY(const service::NewHook made,
         service::create_hook(exchange.house, exchange.call, name, events));
  JsonWriter json;
  write_hook(json, made.hook);
  json.member("secret", std::string_view(made.secret.data(), made.secret.size())).end_object();
  return json_answer(json, 201);
}

Result<Answer> hook_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const auto hooks, service::list_hooks(exchange.house, exchange.call));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const service::Hook& hook : hooks) {
    write_hook(json, hook);
    json.end_object();
  }
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> hook_remove(Exchange& exchange) {
  KW_TRY(const service::HookId id, service::HookId::parse(exchange.parameter("hook")));
  KW_OK(service::remove_hook(exchange.house, exchange.call, id, kept_no_content));
  return no_content();
}

}  // namespace handlers

}  // namespace kw::api::rest
