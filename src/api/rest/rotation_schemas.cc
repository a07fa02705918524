#include "api/rest/rotation_schemas.h"

#include "api/rest/schema_text.h"

namespace kw::api::rest {

using service::OperationId;

namespace {

constexpr QueryParameter kLimit{"limit", "integer", "1 to 1,000; default 100"};
constexpr QueryParameter kAfter{"after", "string", "cursor from the previous page"};
constexpr QueryParameter kTenant{"tenant", "string", "of this tenant"};
constexpr QueryParameter kTenantOrAll{"tenant", "string", "of this tenant; without it, of all"};
constexpr QueryParameter kKind{"kind", "string", "of the subject; default key"};
constexpr QueryParameter kName{"name", "string", "of the subject"};
constexpr QueryParameter kDays{"days", "integer", "1 to 400; default 30"};

#define KW_ABOUT  \
  KW_TEXT("kind") \
  "," KW_TEXT("name") "," KW_TEXT("owner") "," KW_FLAG("everything") ","            \
      R"("labels":{"type":"object","additionalProperties":{"type":"string"}})"
#define KW_SUBJECTS                                              \
  R"("subjects":{"type":"array","items":)" KW_NEEDS(R"("name")", \
                                                    KW_TEXT("kind") "," KW_TEXT("name")) "}"

}  // namespace

std::vector<QueryParameter> rotation_query_parameters(OperationId id) {
  switch (id) {
    case OperationId::rotation_policy_list:
      return {kTenantOrAll, kAfter, kLimit};
    case OperationId::rotation_policy_show:
    case OperationId::rotation_policy_put:
    case OperationId::rotation_policy_remove:
    case OperationId::rotation_policy_check:
    case OperationId::rotation_policy_simulate:
    case OperationId::rotation_event:
    case OperationId::hook_list:
    case OperationId::hook_create:
      return {kTenantOrAll};
    case OperationId::rotation_policy_explain:
      return {kTenant, kKind, kName};
    case OperationId::rotation_calendar:
      return {kTenantOrAll, kDays, {"table", "string", "true: with the text for people"}};
    case OperationId::rotation_calendar_file:
      return {kTenantOrAll, kDays};
    case OperationId::run_list:
      return {kTenantOrAll,
              {"state", "string", "exact"},
              {"open", "string", "true: only runs that are not finished"},
              kKind,
              kName,
              kAfter,
              kLimit};
    case OperationId::run_start:
    case OperationId::consumer_show:
    case OperationId::consumer_register:
    case OperationId::consumer_remove:
    case OperationId::consumer_heartbeat:
    case OperationId::consumer_acknowledge:
    case OperationId::consumer_events:
      return {kTenant};
    case OperationId::consumer_list:
      return {kTenant, kAfter, kLimit};
    case OperationId::consumer_board:
      return {kTenant, kKind, kName, {"version", "integer", "default: what an open run makes"}};
    default:
      return {};
  }
}

std::string_view rotation_request(OperationId id) {
  switch (id) {
    case OperationId::rotation_policy_put:
    case OperationId::rotation_policy_check:
      return KW_NEEDS(R"("document")", KW_TEXT("document"));
    case OperationId::rotation_policy_simulate:
      return KW_OBJECT(KW_INTEGER("years") "," KW_INTEGER("per_hour") "," KW_TEXT("document"));
    case OperationId::run_start:
      return KW_NEEDS(R"("name")", KW_TEXT("kind") "," KW_TEXT("name") "," KW_TEXT(
                                       "reason") "," KW_TEXT("algorithm") "," KW_FLAG("emergency"));
    case OperationId::run_approve:
      return KW_NEEDS(R"("plan_hash")", KW_TEXT("plan_hash"));
    case OperationId::consumer_register:
      return KW_NEEDS(
          R"("subjects")",
          KW_TEXT("principal") "," KW_TEXT("environment") "," KW_FLAG("canary") "," KW_INTEGER(
              "refresh_seconds") "," KW_INTEGER("lease_seconds") "," KW_SUBJECTS);
    case OperationId::consumer_acknowledge:
      return KW_NEEDS(R"("name","version")",
                      KW_TEXT("kind") "," KW_TEXT("name") "," KW_TEXT("instance") "," KW_INTEGER(
                          "version") "," KW_TEXT("grade") "," KW_TEXT("observed_at"));
    case OperationId::rotation_event:
      return KW_NEEDS(R"("type")", KW_TEXT("type") "," KW_ABOUT);
    case OperationId::hook_create:
      return KW_NEEDS(R"("name","events")", KW_TEXT("name") "," KW_TEXTS("events"));
    case OperationId::hook_deliver:
      return KW_NEEDS(R"("type","data")",
                      KW_TEXT("type") "," KW_TEXT("timestamp") R"(,"data":)" KW_OBJECT(
                          KW_TEXT("tenant") "," KW_ABOUT));
    default:
      return "";
  }
}

std::optional<ResponseShape> rotation_response(OperationId id) {
  constexpr std::string_view kJson = "application/json";
  constexpr std::string_view kAny = R"({"type":"object"})";
  switch (id) {
    case OperationId::rotation_policy_list:
    case OperationId::rotation_policy_templates:
      return ResponseShape{200, kJson, KW_LIST("RotationPolicy")};
    case OperationId::rotation_policy_show:
      return ResponseShape{200, kJson, KW_REF("RotationPolicy")};
    case OperationId::rotation_calendar_file:
      return ResponseShape{200, "text/calendar", R"({"type":"string"})"};
    case OperationId::run_start:
      return ResponseShape{202, kJson, KW_REF("Run")};
    case OperationId::run_list:
      return ResponseShape{200, kJson, KW_LIST("Run")};
    case OperationId::run_show:
    case OperationId::run_pause:
    case OperationId::run_resume:
    case OperationId::run_abort:
    case OperationId::run_rollback:
    case OperationId::run_retry:
      return ResponseShape{200, kJson, KW_REF("Run")};
    case OperationId::consumer_list:
      return ResponseShape{200, kJson, KW_LIST("Consumer")};
    case OperationId::consumer_show:
    case OperationId::consumer_register:
      return ResponseShape{200, kJson, KW_REF("Consumer")};
    case OperationId::consumer_events:
      return ResponseShape{200, "text/event-stream", R"({"type":"string"})"};
    case OperationId::rotation_event:
    case OperationId::hook_deliver:
      return ResponseShape{202, kJson, kAny};
    case OperationId::hook_create:
      return ResponseShape{201, kJson, KW_REF("Hook")};
    case OperationId::hook_list:
      return ResponseShape{200, kJson, KW_LIST("Hook")};
    case OperationId::rotation_policy_remove:
    case OperationId::consumer_remove:
    case OperationId::consumer_heartbeat:
    case OperationId::consumer_acknowledge:
    case OperationId::hook_remove:
    case OperationId::rotation_clock_confirm:
      return ResponseShape{204, "", ""};
    default:
      return std::nullopt;
  }
}

}  // namespace kw::api::rest
