// The schemas of graph, incidents and ceremonies.
#include "api/rest/schemas.h"

namespace kw::api::rest {

using service::OperationId;

namespace {

constexpr std::string_view kJson = "application/json";

#define KW_INCIDENT                                                                               \
  R"("scope":{"enum":["subject","tenant","caller"]},"names":{"type":"array","minItems":1,)"       \
  R"("maxItems":1000,"items":{"type":"string"},"description":"key:acme/orders, a tenant, or a )"  \
  R"(principal"},"mode":{"enum":["contain_first","continuity_first"]},"reason":{"type":"string",)" \
  R"("pattern":"^[a-z0-9_-]{1,64}$"},"description":{"type":"string"},"compromised_since":)"       \
  R"({"type":"string","format":"date-time"},"drill":{"type":"boolean"},"deadline_seconds":)"      \
  R"({"type":"integer","minimum":300,"maximum":86400})"

constexpr std::string_view kPlan =
    R"({"type":"object","additionalProperties":false,"required":["scope","names","reason"],"properties":{)" KW_INCIDENT
    "}}";
constexpr std::string_view kOpen =
    R"({"type":"object","additionalProperties":false,"required":["scope","names","reason"],"properties":{)" KW_INCIDENT
    R"(,"plan":{"type":"string","description":"hash of the plan that was shown"}}})";
constexpr std::string_view kEdge =
    R"({"type":"object","additionalProperties":false,"required":["from","to","type"],"properties":{"from":{"type":"string"},)"
    R"("to":{"type":"string"},"type":{"enum":["wraps","issues","authenticates","embeds","shares","verifies"]},)"
    R"("break":{"type":"boolean"},"approval":{"type":"string","description":"of the other tenant"}}})";
constexpr std::string_view kImport =
    R"({"type":"object","additionalProperties":false,"required":["text"],"properties":{"text":{"type":"string"},)"
    R"("mode":{"enum":["merge","replace"]}}})";
constexpr std::string_view kReview =
    R"({"type":"object","additionalProperties":false,"required":["justified"],"properties":{"justified":{"type":"boolean"}}})";
constexpr std::string_view kNotice =
    R"({"type":"object","additionalProperties":false,"required":["kind","recipient"],"properties":{"kind":{"type":"string"},)"
    R"("recipient":{"type":"string"}}})";
constexpr std::string_view kCeremony =
    R"({"type":"object","additionalProperties":false,"required":["operation","object","custodians","witnesses"],"properties":{)"
    R"("operation":{"enum":["kek.rotate","root.reseal"]},"object":{"type":"string","description":"a tenant, or 2-of-3"},)"
    R"("threshold":{"type":"integer","minimum":2,"maximum":16},"custodians":{"type":"array","items":{"type":"string"}},)"
    R"("witnesses":{"type":"array","items":{"type":"string"}},"valid_seconds":{"type":"integer","minimum":60,"maximum":86400}}})";
constexpr std::string_view kStep =
    R"({"type":"object","additionalProperties":false,"required":["request_hash"],"properties":{"request_hash":{"type":"string"}}})";

constexpr std::string_view kIncidentView =
    R"({"type":"object","required":["id","incident","items","timeline"],"properties":{"id":{"type":"string"},)"
    R"("incident":{"type":"object","required":["id","phase","plan_hash"]},"items":{"type":"array","items":{"type":"object"}},)"
    R"("acknowledgements":{"type":"array","items":{"type":"object"}},"timeline":{"type":"array","items":{"type":"object"}},)"
    R"("approval":{"type":"object"}}})";
constexpr std::string_view kItems =
    R"({"type":"object","required":["items"],"properties":{"items":{"type":"array","items":{"type":"object"}}}})";
constexpr std::string_view kCeremonyView =
    R"({"type":"object","required":["id","operation","object","state","request_hash","participants"]})";

}  // namespace

std::vector<QueryParameter> emergency_query(OperationId id) {
  constexpr QueryParameter kTenant{"tenant", "string", "only of this tenant"};
  constexpr QueryParameter kLimit{"limit", "integer", "1 to 1,000; default 100"};
  switch (id) {
    case OperationId::graph_show:
      return {kTenant, {"format", "string", "json or dot"}};
    case OperationId::graph_remove:
      return {kTenant,
              {"from", "string", "a node, such as kek:acme/kek"},
              {"to", "string", "a node"},
              {"type", "string", "of the edge"}};
    case OperationId::graph_blast:
      return {kTenant, {"subject", "string", "a node, such as key:acme/orders"}};
    case OperationId::incident_list:
      return {kTenant, {"state", "string", "open or all"}, kLimit};
    case OperationId::ceremony_list:
      return {kTenant, kLimit};
    default:
      return {kTenant};
  }
}

std::string_view emergency_request(OperationId id) {
  switch (id) {
    case OperationId::graph_add:
      return kEdge;
    case OperationId::graph_import:
      return kImport;
    case OperationId::incident_plan:
      return kPlan;
    case OperationId::incident_open:
      return kOpen;
    case OperationId::incident_review:
      return kReview;
    case OperationId::incident_notice_sent:
      return kNotice;
    case OperationId::ceremony_open:
      return kCeremony;
    case OperationId::ceremony_acknowledge:
      return kStep;
    default:
      return "";
  }
}

std::optional<ResponseShape> emergency_response(OperationId id) {
  switch (id) {
    case OperationId::graph_add:
    case OperationId::graph_remove:
    case OperationId::incident_notice_sent:
      return ResponseShape{204, "", ""};
    case OperationId::incident_open:
      return ResponseShape{201, kJson, R"({"type":"object","required":["id","opened","blast_radius"]})"};
    case OperationId::incident_show:
    case OperationId::incident_ask:
    case OperationId::incident_break_glass:
    case OperationId::incident_review:
    case OperationId::incident_withdraw:
      return ResponseShape{200, kJson, kIncidentView};
    case OperationId::incident_list:
    case OperationId::incident_notices:
    case OperationId::ceremony_list:
      return ResponseShape{200, kJson, kItems};
    case OperationId::ceremony_open:
      return ResponseShape{201, kJson, kCeremonyView};
    case OperationId::ceremony_show:
    case OperationId::ceremony_acknowledge:
    case OperationId::ceremony_perform:
    case OperationId::ceremony_cancel:
      return ResponseShape{200, kJson, kCeremonyView};
    default:
      return std::nullopt;
  }
}

}  // namespace kw::api::rest
