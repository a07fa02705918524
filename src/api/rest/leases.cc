#include "service/leases.h"

#include "api/rest/handlers.h"
#include "api/rest/key_json.h"
#include "base/reveal.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using secrets::Lease;
using secrets::LeaseRole;
using secrets::Seconds;

constexpr std::int64_t kTtlMax = 90LL * 86400;

void write_settings(JsonWriter& json, const secrets::Settings& settings) {
  json.name("settings").begin_object();
  for (const auto& [key, value] : settings) json.member(key, value);
  json.end_object();
}

void write_role(JsonWriter& json, const LeaseRole& role) {
  json.begin_object().member("name", role.name).member("tenant", role.tenant_name);
  json.member("target", role.target);
  write_settings(json, role.settings);
  if (!role.generator.empty()) json.member("generator", role.generator);
  json.member("ttl_seconds", static_cast<std::int64_t>(role.ttl.count()));
  json.member("ttl_max_seconds", static_cast<std::int64_t>(role.ttl_max.count()));
  json.member("leases_max", role.leases_max).member("epoch", role.epoch).end_object();
}

Answer role_answer(const LeaseRole& role) {
  JsonWriter json;
  write_role(json, role);
  return json_answer(json);
}

// The object stays open.
void begin_lease(JsonWriter& json, const Lease& lease) {
  json.begin_object().member("lease", lease.id.text()).member("tenant", lease.tenant_name);
  json.member("role", lease.role).member("target", lease.target);
  json.member("state", secrets::lease_state_name(lease.state));
  json.member("username", lease.principal).member("caller", lease.caller);
  write_time(json, "issued_at", lease.issued_at);
  write_time(json, "expires_at", lease.expires_at);
  write_time(json, "last_at", lease.last_at);
  if (lease.attempts > 0) json.member("attempts", lease.attempts);
  if (!lease.problem.empty()) json.member("problem", lease.problem);
}

Answer lease_answer(const Lease& lease) {
  JsonWriter json;
  begin_lease(json, lease);
  json.end_object();
  return json_answer(json);
}

Result<std::optional<Seconds>> ttl_of(const JsonView& body) {
  if (!body.has("ttl_seconds")) return std::optional<Seconds>();
  KW_TRY(const std::int64_t ttl, integer_or(body, "ttl_seconds", 0, 1, kTtlMax));
  return std::optional(Seconds(ttl));
}

Result<secrets::Settings> settings_of(const JsonView& body) {
  secrets::Settings settings;
  const auto object = body.find("settings");
  if (!object) return settings;
  if (object->kind() != JsonView::Kind::kObject)
    return error(Code::kInvalidArgument, "json_type", "settings are an object of texts");
  for (const auto& [key, value] : object->members()) {
    KW_TRY(const std::string_view text, value.text());
    settings.emplace(key, text);
  }
  return settings;
}

Result<secrets::LeaseId> lease_id(const Exchange& exchange) {
  return secrets::LeaseId::parse(exchange.parameter("lease"));
}

}  // namespace

namespace handlers {

Result<Answer> lease_role_put(Exchange& exchange) {
  KW_TRY(const auto document,
         exchange.body_object(
             {"target", "settings", "generator", "ttl_seconds", "ttl_max_seconds", "leases_max"}));
  const JsonView body = document.root();
  LeaseRole wanted;
  KW_TRY(const std::string_view target, body.text("target"));
  wanted.target = target;
  KW_TRY(wanted.settings, settings_of(body));
  KW_TRY(wanted.generator, text_or(body, "generator", ""));
  KW_TRY(const std::int64_t ttl, integer_or(body, "ttl_seconds", 3600, 1, kTtlMax));
  wanted.ttl = Seconds(ttl);
  KW_TRY(const std::int64_t longest,
         integer_or(body, "ttl_max_seconds", std::max<std::int64_t>(ttl, 86400), 1, kTtlMax));
  wanted.ttl_max = Seconds(longest);
  KW_TRY(const std::int64_t most, integer_or(body, "leases_max", 100, 1, 10'000));
  wanted.leases_max = static_cast<int>(most);
  KW_TRY(const ObjectName name, exchange.object_name("lease_role"));
  KW_TRY(const LeaseRole role,
         service::put_lease_role(exchange.house, exchange.call, name, wanted,
                                 [](const LeaseRole& made) { return kept(role_answer(made)); }));
  return role_answer(role);
}

Result<Answer> lease_role_list(Exchange& exchange) {
  KW_OK(exchange.query_only({}));
  KW_TRY(const auto roles, service::list_lease_roles(exchange.house, exchange.call));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const LeaseRole& role : roles) write_role(json, role);
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> lease_role_show(Exchange& exchange) {
  KW_TRY(const LeaseRole role, service::show_lease_role(exchange.house, exchange.call));
  return role_answer(role);
}

Result<Answer> lease_role_remove(Exchange& exchange) {
  KW_OK(service::remove_lease_role(exchange.house, exchange.call, kept_no_content));
  return no_content();
}

Result<Answer> lease_issue(Exchange& exchange) {
  KW_TRY(const auto document, exchange.body_object({"ttl_seconds"}));
  KW_TRY(const auto ttl, ttl_of(document.root()));
  KW_TRY(const auto issued, service::issue_lease(exchange.house, exchange.call, ttl));
  JsonWriter json;
  begin_lease(json, issued.lease);
  json.member("password", as_text(issued.password.reveal(Reveal{}))).end_object();
  Answer answer = json_answer(json, 201);
  answer.headers.emplace_back("Cache-Control", "no-store");
  return answer;
}

Result<Answer> lease_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"role", "caller", "all", "after", "limit"}));
  secrets::Leases::Filter filter;
  filter.role = exchange.query_text("role").value_or("");
  filter.caller = exchange.query_text("caller").value_or("");
  filter.open = exchange.query_text("all") != "true";
  if (const auto after = exchange.query_text("after")) {
    KW_TRY(filter.after, secrets::LeaseId::parse(*after));
  }
  KW_TRY(const std::int64_t limit, exchange.query_integer("limit", 100, 1, 1000));
  filter.limit = static_cast<int>(limit);
  KW_TRY(const auto leases, service::list_leases(exchange.house, exchange.call, filter));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const Lease& lease : leases) {
    begin_lease(json, lease);
    json.end_object();
  }
  json.end_array();
  if (static_cast<int>(leases.size()) == filter.limit) json.member("next", leases.back().id.text());
  json.end_object();
  return json_answer(json);
}

Result<Answer> lease_renew(Exchange& exchange) {
  KW_TRY(const auto document, exchange.body_object({"ttl_seconds"}));
  KW_TRY(const auto ttl, ttl_of(document.root()));
  KW_TRY(const secrets::LeaseId id, lease_id(exchange));
  KW_TRY(const Lease lease, service::renew_lease(exchange.house, exchange.call, id, ttl));
  return lease_answer(lease);
}

Result<Answer> lease_revoke(Exchange& exchange) {
  KW_OK(exchange.body_object({}));
  KW_TRY(const secrets::LeaseId id, lease_id(exchange));
  KW_TRY(const Lease lease, service::revoke_lease(exchange.house, exchange.call, id));
  return lease_answer(lease);
}

}  // namespace handlers

}  // namespace kw::api::rest
