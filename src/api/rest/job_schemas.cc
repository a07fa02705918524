#include "api/rest/job_schemas.h"

#include "api/rest/schema_text.h"

namespace kw::api::rest {

using service::OperationId;

#define KW_THROTTLE            \
  KW_INTEGER("per_second_max") \
  "," KW_INTEGER("foreground_percent_max") "," KW_INTEGER("lag_seconds_max")

std::vector<QueryParameter> job_query(OperationId id) {
  static constexpr QueryParameter kLimit{"limit", "integer", "1 to 1,000; default 100"};
  static constexpr QueryParameter kTenant{"tenant", "string", "only of this tenant"};
  switch (id) {
    case OperationId::job_list:
      return {kTenant, {"before", "string", "RFC 3339: only older ones"}, kLimit};
    case OperationId::job_start:
    case OperationId::data_store_list:
      return {kTenant};
    case OperationId::job_quarantine:
      return {{"after", "string", "cursor from the previous page"}, kLimit};
    case OperationId::key_references:
      return {{"version", "integer", "with the proof for this version"}};
    default:
      return {};
  }
}

std::string_view job_request(OperationId id) {
  switch (id) {
    case OperationId::job_start:
      return KW_NEEDS(R"("store")", KW_TEXT("store") "," KW_INTEGER("from_version") "," KW_INTEGER(
                                        "target_version") "," KW_THROTTLE);
    case OperationId::job_throttle:
      return KW_OBJECT(KW_THROTTLE);
    default:
      return "";
  }
}

std::optional<ResponseShape> job_response(OperationId id) {
  constexpr std::string_view kJson = "application/json";
  switch (id) {
    case OperationId::kek_rotate:
    case OperationId::job_start:
      return ResponseShape{202, kJson, KW_REF("Job")};
    case OperationId::job_show:
    case OperationId::job_pause:
    case OperationId::job_resume:
    case OperationId::job_rollback:
    case OperationId::job_throttle:
      return ResponseShape{200, kJson, KW_REF("Job")};
    case OperationId::job_list:
      return ResponseShape{200, kJson, KW_LIST("Job")};
    case OperationId::job_quarantine:
      return ResponseShape{200, kJson, KW_LIST("QuarantinedItem")};
    case OperationId::data_store_list:
      return ResponseShape{200, kJson, KW_LIST("DataStore")};
    case OperationId::key_references:
      return ResponseShape{200, kJson, KW_REF("References")};
    default:
      return std::nullopt;
  }
}

}  // namespace kw::api::rest
