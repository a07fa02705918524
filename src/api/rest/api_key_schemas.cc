// Schemas of the operations of API keys: a part of schemas.h.
#include "api/rest/schema_text.h"
#include "api/rest/schemas.h"

namespace kw::api::rest {

using service::OperationId;

std::vector<QueryParameter> api_key_query(OperationId id) {
  if (id != OperationId::api_key_list) return {};
  return {{"client", "string", "only of this client"}};
}

std::string_view api_key_request(OperationId id) {
  switch (id) {
    case OperationId::api_key_issue:
      return KW_NEEDS(R"("client")", KW_TEXT("client") "," KW_INTEGER("ttl_seconds"));
    case OperationId::api_key_rotate:
      return KW_NEEDS(R"("client")", KW_TEXT("client") "," KW_INTEGER("ttl_seconds") "," KW_INTEGER(
                                         "grace_seconds"));
    case OperationId::api_key_verify:
      return KW_NEEDS(R"("api_key")", KW_TEXT("api_key"));
    default:
      return "";
  }
}

std::optional<ResponseShape> api_key_response(OperationId id) {
  constexpr std::string_view kJson = "application/json";
  switch (id) {
    case OperationId::api_key_issue:
    case OperationId::api_key_rotate:
      return ResponseShape{201, kJson, KW_REF("ApiKey")};
    case OperationId::api_key_list:
      return ResponseShape{200, kJson, KW_LIST("ApiKey")};
    case OperationId::api_key_suspend:
    case OperationId::api_key_restore:
    case OperationId::api_key_revoke:
      return ResponseShape{200, kJson, KW_REF("ApiKey")};
    case OperationId::api_key_verify:
      return ResponseShape{
          200, kJson,
          R"({"type":"object","required":["valid"],"properties":{"valid":{"type":"boolean"},"id":{"type":"string"},"client":{"type":"string"},"number":{"type":"integer"},"expires_at":{"type":"string","format":"date-time"}}})"};
    default:
      return std::nullopt;
  }
}

}  // namespace kw::api::rest
