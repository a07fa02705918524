#include "api/rest/secret_schemas.h"

#include "api/rest/schema_text.h"

namespace kw::api::rest {

using service::OperationId;

#define KW_LABELS R"("labels":{"type":"object","additionalProperties":{"type":"string"}})"
#define KW_SAID                                                    \
  KW_TEXT("type")                                                  \
  "," KW_TEXT("owner") "," KW_TEXT("classification") "," KW_TEXTS( \
      "regions") "," KW_LABELS "," KW_TEXT("description") "," KW_TEXT("instructions")

std::vector<QueryParameter> secret_query(OperationId id) {
  static constexpr QueryParameter kLimit{"limit", "integer", "1 to 1,000; default 100"};
  switch (id) {
    case OperationId::secret_list:
      return {{"prefix", "string", "of the path"},
              {"after", "string", "path of the last one of the page before"},
              {"target", "string", "only those that this target accepts"},
              {"deleted", "string", "true: those that wait for undelete"},
              kLimit};
    case OperationId::secret_read:
      return {
          {"version", "string", "a number, or \"previous\"; default: what holds for the caller"},
          {"consumer", "string", "who asks, for rollouts; default: the caller"}};
    case OperationId::lease_list:
      return {{"role", "string", "of this role"},
              {"caller", "string", "asked for by this principal"},
              {"all", "string", "true: revoked ones too"},
              {"after", "string", "id of the last one of the page before"},
              kLimit};
    case OperationId::target_list:
      return {{"after", "string", "name of the last one of the page before"}, kLimit};
    case OperationId::secret_tasks:
      return {{"path", "string", "only the one of this secret"}};
    case OperationId::secret_usage:
      return {{"since", "string", "RFC 3339; default: 30 days ago"}};
    default:
      return {};
  }
}

std::string_view secret_request(OperationId id) {
  switch (id) {
    case OperationId::secret_put:
      return KW_OBJECT(
          KW_BYTES("value") "," KW_TEXT(
              "text") R"(,"fields":{"type":"object","additionalProperties":{"type":"string"}},)" KW_TEXT("template") "," KW_TEXT("generate") "," KW_TEXT("expires_at") "," KW_INTEGER("if_version") "," KW_FLAG("adopt") "," KW_TEXT("principal") "," KW_SAID);
    case OperationId::secret_update:
      return KW_OBJECT(KW_SAID "," KW_TEXT("generator"));
    case OperationId::secret_undelete:
      return KW_OBJECT(KW_INTEGER("version"));
    case OperationId::secret_rotate:
    case OperationId::secret_unbind:
    case OperationId::target_test:
      return KW_OBJECT("");
    case OperationId::lease_role_put:
      return KW_NEEDS(
          R"("target")",
          KW_TEXT("target") R"(,"settings":{"type":"object","additionalProperties":{"type":"string"}},)" KW_TEXT("generator") "," KW_INTEGER("ttl_seconds") "," KW_INTEGER("ttl_max_seconds") "," KW_INTEGER("leases_max"));
    case OperationId::lease_issue:
    case OperationId::lease_renew:
      return KW_OBJECT(KW_INTEGER("ttl_seconds"));
    case OperationId::lease_revoke:
      return KW_OBJECT("");
    case OperationId::secret_bind:
      return KW_NEEDS(
          R"("target")",
          KW_TEXT(
              "target") R"(,"account":{"type":"object","additionalProperties":{"type":"string"}})");
    case OperationId::target_put:
      return KW_NEEDS(
          R"("connector")",
          KW_TEXT("connector") R"(,"settings":{"type":"object","additionalProperties":{"type":"string"}},)" KW_TEXT(
              "admin_secret"));
    case OperationId::secret_rollback:
      return KW_OBJECT(KW_INTEGER("to"));
    case OperationId::secret_destroy:
      return KW_OBJECT(KW_INTEGER("version") "," KW_FLAG("all"));
    case OperationId::secret_find:
      return KW_OBJECT(KW_BYTES("value") "," KW_TEXT("text"));
    case OperationId::secret_complete_task:
      return KW_OBJECT(
          KW_BYTES("value") "," KW_TEXT("text") R"(,"fields":{"type":"object","additionalProperties":{"type":"string"}},)" KW_TEXT(
              "principal") "," KW_TEXT("expires_at") "," KW_TEXT("note"));
    case OperationId::secret_sign_webhook:
      return KW_OBJECT(
          KW_BYTES("payload") "," KW_TEXT("text") "," KW_TEXT("id") "," KW_INTEGER("timestamp"));
    case OperationId::secret_verify_webhook:
      return KW_NEEDS(
          R"("headers")",
          KW_BYTES("payload") "," KW_TEXT(
              "text") R"(,"headers":{"type":"object","additionalProperties":{"type":"string"}},)"
                      R"("form":{"enum":["standard","hex_of_body","timed_hex"]},)" KW_TEXT(
                          "signature_header") "," KW_INTEGER("tolerance_seconds"));
    default:
      return "";
  }
}

std::optional<ResponseShape> secret_response(OperationId id) {
  constexpr std::string_view kJson = "application/json";
  switch (id) {
    case OperationId::secret_list:
      return ResponseShape{200, kJson, KW_LIST("Secret")};
    case OperationId::secret_read:
      return ResponseShape{200, kJson, KW_REF("SecretValue")};
    case OperationId::secret_put:
    case OperationId::secret_metadata:
    case OperationId::secret_update:
    case OperationId::secret_delete:
    case OperationId::secret_undelete:
    case OperationId::secret_rollback:
    case OperationId::secret_destroy:
    case OperationId::secret_bind:
    case OperationId::secret_unbind:
      return ResponseShape{200, kJson, KW_REF("Secret")};
    case OperationId::secret_sign_webhook:
      return ResponseShape{
          200, kJson,
          R"({"type":"object","required":["headers","versions"],"properties":{"headers":)"
          R"({"type":"object","additionalProperties":{"type":"string"}},)"
          R"("versions":{"type":"array","items":{"type":"integer"}}}})"};
    case OperationId::secret_verify_webhook:
      return ResponseShape{
          200, kJson,
          R"({"type":"object","required":["verdict","valid"],"properties":{)"
          R"("verdict":{"enum":["valid","untrusted","invalid"]},"valid":{"type":"boolean"},)"
          R"("version":{"type":"integer"},"reason":{"type":"string"}}})"};
    case OperationId::secret_tasks:
      return ResponseShape{
          200, kJson,
          R"({"type":"object","required":["items"],"properties":{"items":{"type":"array","items":)"
          R"({"type":"object","required":["path","run","stage","due_at"],"properties":{)"
          R"("path":{"type":"string"},"tenant":{"type":"string"},"run":{"type":"string"},)"
          R"("stage":{"enum":["open","due_soon","overdue"]},"owner":{"type":"string"},)"
          R"("instructions":{"type":"string"},"description":{"type":"string"},)"
          R"("target":{"type":"string"},"refused":{"type":"integer"},)"
          R"("opened_at":{"type":"string","format":"date-time"},)"
          R"("due_at":{"type":"string","format":"date-time"}}}}}})"};
    case OperationId::secret_complete_task:
    case OperationId::secret_rotate:
      return ResponseShape{202, kJson, KW_REF("Run")};
    case OperationId::target_list:
      return ResponseShape{200, kJson, KW_LIST("Target")};
    case OperationId::target_show:
    case OperationId::target_put:
      return ResponseShape{200, kJson, KW_REF("Target")};
    case OperationId::lease_issue:
      return ResponseShape{201, kJson, KW_REF("Lease")};
    case OperationId::lease_renew:
    case OperationId::lease_revoke:
      return ResponseShape{200, kJson, KW_REF("Lease")};
    case OperationId::lease_list:
      return ResponseShape{200, kJson, KW_LIST("Lease")};
    case OperationId::lease_role_remove:
    case OperationId::target_remove:
      return ResponseShape{204, "", ""};
    default:
      return std::nullopt;
  }
}

}  // namespace kw::api::rest
