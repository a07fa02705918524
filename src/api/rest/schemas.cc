#include "api/rest/schemas.h"

#include "api/rest/job_schemas.h"
#include "api/rest/rotation_schemas.h"
#include "api/rest/schema_text.h"
#include "api/rest/secret_schemas.h"

namespace kw::api::rest {

using service::OperationId;

namespace {

#define KW_FORM R"("signature_format":{"enum":["der","jose"]})"
#define KW_CLAIMS \
  R"("claims":{"type":"object","required":["exp"],"properties":{"exp":{"type":"integer"}}})"
#define KW_ANCHOR                                                                         \
  R"("anchor":{"type":"object","additionalProperties":false,"required":["node","from"],)" \
  R"("properties":{"node":{"type":"string"},"from":{"type":"integer"}}})"
constexpr std::string_view kEmpty = KW_OBJECT("");
constexpr std::string_view kNewKey = KW_NEEDS(
    R"("name")",
    KW_TEXT("name") "," KW_TEXT("purpose") "," KW_TEXT("algorithm") "," KW_FLAG(
        "exportable") "," KW_TEXT("owner") "," KW_TEXT("classification") "," KW_TEXTS("regions") R"(,"labels":{"type":"object","additionalProperties":{"type":"string"}},)" KW_INTEGER("lease_grace_seconds"));

std::string_view use_request(OperationId id) {
  switch (id) {
    case OperationId::key_encrypt:
      return KW_BATCH(KW_NEEDS(R"("plaintext")", KW_BYTES("plaintext") "," KW_BYTES(
                                                     "associated_data") "," KW_INTEGER("version")));
    case OperationId::key_decrypt:
    case OperationId::key_rewrap:
      return KW_BATCH(
          KW_NEEDS(R"("ciphertext")", KW_TEXT("ciphertext") "," KW_BYTES("associated_data")));
    case OperationId::key_sign:
      return KW_BATCH(KW_NEEDS(R"("message")", KW_BYTES("message") "," KW_INTEGER(
                                                   "version") "," KW_FORM "," KW_FLAG("anchor")));
    case OperationId::key_sign_jwt:
      return KW_BATCH(
          KW_NEEDS(R"("claims")", KW_CLAIMS "," KW_TEXT("type") "," KW_INTEGER("version")));
    case OperationId::key_mac:
      return KW_BATCH(KW_NEEDS(R"("message")", KW_BYTES("message") "," KW_INTEGER("version")));
    case OperationId::key_verify:
      return KW_BATCH(KW_NEEDS(
          R"("message","signature")",
          KW_BYTES("message") "," KW_BYTES("signature") "," KW_INTEGER("version") "," KW_TEXT(
              "kid") "," KW_FORM "," KW_TEXT("signed_at") "," KW_ANCHOR));
    case OperationId::key_verify_jwt:
      return KW_BATCH(KW_NEEDS(R"("token")", KW_TEXT("token") "," KW_ANCHOR));
    case OperationId::key_verify_mac:
      return KW_BATCH(KW_NEEDS(
          R"("message","mac")",
          KW_BYTES("message") "," KW_BYTES("mac") "," KW_INTEGER("version") "," KW_TEXT("kid")));
    case OperationId::key_generate_data_key:
      return KW_BATCH(
          KW_OBJECT(KW_BYTES("associated_data") "," KW_INTEGER("bytes") "," KW_INTEGER("version")));
    case OperationId::key_derive:
      return KW_BATCH(KW_NEEDS(
          R"("context")", KW_BYTES("context") "," KW_INTEGER("bytes") "," KW_INTEGER("version")));
    default:
      return "";
  }
}

std::string_view access_request(OperationId id) {
  switch (id) {
    case OperationId::principal_create:
      return KW_NEEDS(R"("name","grants")",
                      KW_TEXT("name") "," KW_GRANTS "," KW_TEXT("certificate_name"));
    case OperationId::principal_update:
      return KW_OBJECT(KW_GRANTS "," KW_FLAG("disabled") "," KW_TEXT("certificate_name"));
    case OperationId::token_create:
      return KW_NEEDS(
          R"("principal")",
          KW_TEXT("principal") "," KW_INTEGER("ttl_seconds") "," KW_INTEGER(
              "idle_seconds") "," KW_TEXT("certificate_sha256") "," KW_FLAG("secret_id"));
    case OperationId::auth_exchange:
      return KW_NEEDS(R"("role_id","secret_id")", KW_TEXT("role_id") "," KW_TEXT("secret_id"));
    case OperationId::access_policy_put:
      return KW_NEEDS(R"("policy")", KW_TEXT("policy"));
    case OperationId::tenant_create:
      return KW_NEEDS(R"("name")", KW_TEXT("name"));
    case OperationId::alias_put:
      return KW_NEEDS(R"("key")", KW_TEXT("key"));
    case OperationId::seal_init:
    case OperationId::seal_reseal:
      return KW_OBJECT(KW_INTEGER("shares") "," KW_INTEGER("threshold"));
    case OperationId::seal_verify:
    case OperationId::seal_unseal:
    case OperationId::seal_reseal_share:
    case OperationId::seal_reseal_verify:
      return KW_NEEDS(R"("share")", KW_TEXT("share"));
    default:
      return "";
  }
}

std::string_view key_request(OperationId id) {
  switch (id) {
    case OperationId::key_create:
      return kNewKey;
    case OperationId::key_import:
      return R"({"type":"object","required":["name","wrapped_material"],"properties":{"name":{"type":"string"},"algorithm":{"type":"string"},"purpose":{"type":"string"},"wrapped_material":{"type":"string","contentEncoding":"base64"}}})";
    case OperationId::key_export:
      return KW_NEEDS(R"("recipient_public_key")", KW_TEXT("recipient_public_key"));
    case OperationId::key_update:
      return KW_OBJECT(
          KW_TEXT("owner") "," KW_TEXT("classification") "," KW_TEXTS(
              "regions") R"(,"labels":{"type":"object","additionalProperties":{"type":"string"}},)" KW_INTEGER("lease_grace_seconds"));
    case OperationId::key_rotate:
      return KW_OBJECT(
          KW_TEXT("algorithm") "," KW_FLAG("promote") "," KW_FLAG("dry_run") "," KW_TEXT("plan"));
    case OperationId::key_rollback:
      return KW_OBJECT(KW_INTEGER("to"));
    case OperationId::version_suspend:
      return KW_OBJECT(KW_TEXT("reason") "," KW_FLAG("outage_accepted"));
    case OperationId::version_restore:
      return KW_OBJECT(KW_TEXT("to"));
    case OperationId::version_retire:
    case OperationId::version_archive:
      return KW_OBJECT(KW_FLAG("override"));
    case OperationId::version_revoke:
      return KW_OBJECT(
          KW_TEXT("reason") "," KW_TEXT("compromised_at") "," KW_FLAG("outage_accepted"));
    case OperationId::version_destroy:
      return KW_OBJECT(KW_FLAG("override") "," KW_INTEGER("wait_seconds") "," KW_TEXT("reason"));
    default:
      return "";
  }
}

}  // namespace

namespace {
std::vector<QueryParameter> others_query(OperationId id) {
  auto of_secrets = secret_query(id);
  return of_secrets.empty() ? rotation_query_parameters(id) : std::move(of_secrets);
}
}  // namespace

std::vector<QueryParameter> query_parameters(OperationId id) {
  static constexpr QueryParameter kLimit{"limit", "integer", "1 to 1,000; default 100"};
  static constexpr QueryParameter kAfter{"after", "string", "cursor from the previous page"};
  switch (id) {
    case OperationId::key_list:
      return {{"owner", "string", "exact"},
              {"state", "string", "with a version in this state"},
              {"purpose", "string", "exact"},
              {"algorithm", "string", "exact"},
              {"label", "string", "name=value"},
              {"prefix", "string", "names that start so"},
              {"classification", "string", "exact"},
              {"sort", "string", "name, -name, created, -created"},
              kAfter,
              kLimit};
    case OperationId::key_readiness:
      return {{"version", "integer", "which version"},
              {"for", "string", "retire, archive or destroy"},
              {"quiet_seconds", "integer", "how long it must have been unused"}};
    case OperationId::key_usage:
      return {{"since", "string", "RFC 3339"}};
    case OperationId::tenant_list:
    case OperationId::principal_list:
      return {kAfter, kLimit};
    case OperationId::token_list:
      return {{"principal", "string", "only of this principal"}, kAfter, kLimit};
    case OperationId::key_references:
    case OperationId::job_list:
    case OperationId::job_start:
    case OperationId::job_quarantine:
    case OperationId::data_store_list:
      return job_query(id);
    case OperationId::approval_list:
      return {{"tenant", "string", "only of this tenant"},
              {"state", "string", "open, approved, rejected, spent or expired"},
              kLimit};
    case OperationId::audit_records:
      return {{"tenant", "string", "exact"},
              {"actor", "string", "exact"},
              {"action", "string", "exact, or with the ending .*"},
              {"kind", "string", "exact"},
              {"object", "string", "exact"},
              {"from", "string", "RFC 3339, inclusive"},
              {"to", "string", "RFC 3339, exclusive"},
              {"before", "integer", "records before this number"},
              kLimit};
    case OperationId::audit_proof:
      return {{"leaf", "integer", "inclusion of this leaf"},
              {"old", "integer", "consistency from this size"},
              {"size", "integer", "in the tree of this size"}};
    case OperationId::graph_show:
    case OperationId::graph_add:
    case OperationId::graph_remove:
    case OperationId::graph_import:
    case OperationId::graph_blast:
    case OperationId::incident_plan:
    case OperationId::incident_open:
    case OperationId::incident_list:
    case OperationId::ceremony_open:
    case OperationId::ceremony_list:
      return emergency_query(id);
    case OperationId::audit_tile:
      return {{"path", "string", "C2SP tlog-tiles path"}};
    case OperationId::audit_access_records:
      return {{"first", "integer", "index of the first record"},
              {"count", "integer", "at most so many, 1 to 4096"}};
    default:
      return id == OperationId::api_key_list ? api_key_query(id) : others_query(id);
  }
}

std::string_view request_schema(OperationId id) {
  for (const auto family : {use_request, access_request, job_request, key_request, rotation_request,
                            emergency_request, api_key_request, secret_request})
    if (const std::string_view schema = family(id); !schema.empty()) return schema;
  return service::operation(id).method == "POST" ? kEmpty : "";
}

ResponseShape response_shape(OperationId id) {
  constexpr std::string_view kJson = "application/json";
  constexpr std::string_view kAny = R"({"type":"object"})";
  switch (id) {
    case OperationId::key_create:
    case OperationId::key_import:
      return {201, kJson, KW_REF("Key")};
    case OperationId::tenant_create:
      return {201, kJson, KW_REF("Tenant")};
    case OperationId::tenant_show:
      return {200, kJson, KW_REF("Tenant")};
    case OperationId::principal_create:
      return {201, kJson, kAny};
    case OperationId::token_create:
      return {201, kJson,
              KW_OBJECT(KW_TEXT("token") "," KW_TEXT("accessor") "," KW_TEXT("expires_at"))};
    case OperationId::auth_exchange:
      return {200, kJson,
              KW_OBJECT(KW_TEXT("token") "," KW_TEXT("accessor") "," KW_INTEGER(
                  "expires_in_seconds") "," KW_TEXT("expires_at"))};
    case OperationId::key_list:
      return {200, kJson, KW_LIST("Key")};
    case OperationId::tenant_list:
      return {200, kJson, KW_LIST("Tenant")};
    case OperationId::key_show:
    case OperationId::key_update:
    case OperationId::key_rollback:
    case OperationId::version_activate:
    case OperationId::version_promote:
    case OperationId::version_suspend:
    case OperationId::version_restore:
    case OperationId::version_retire:
    case OperationId::version_archive:
    case OperationId::version_revoke:
    case OperationId::version_destroy:
    case OperationId::version_cancel_destroy:
      return {200, kJson, KW_REF("Key")};
    case OperationId::seal_seal:
    case OperationId::alias_put:
    case OperationId::alias_remove:
    case OperationId::token_revoke:
    case OperationId::access_policy_put:
    case OperationId::access_policy_remove:
      return {204, "", ""};
    case OperationId::jwks_show:
      return {
          200, "application/jwk-set+json",
          R"({"type":"object","required":["keys"],"properties":{"keys":{"type":"array","items":{"type":"object","required":["kty","kid","use"]}}}})"};
    case OperationId::public_key_show:
      return {
          200, kJson,
          R"({"type":"object","required":["kid","algorithm","state","created_at","public_key"]})"};
    case OperationId::sys_metrics:
      return {200, "text/plain", R"({"type":"string"})"};
    case OperationId::sys_events:
      return {200, "text/event-stream", R"({"type":"string"})"};
    case OperationId::audit_tile:
    case OperationId::audit_access_records:
      return {200, "application/octet-stream", R"({"type":"string","format":"binary"})"};
    default:
      break;
  }
  if (const auto shape = emergency_response(id)) return *shape;
  if (const auto shape = api_key_response(id)) return *shape;
  if (const auto shape = job_response(id)) return *shape;
  if (const auto shape = secret_response(id)) return *shape;
  return rotation_response(id).value_or(ResponseShape{200, kJson, kAny});
}

std::string_view component_schemas() {
  return R"({
"Problem":{"type":"object","required":["type","title","status","reason","detail","request_id"],"properties":{"type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},"reason":{"type":"string","description":"stable identifier"},"detail":{"type":"string"},"request_id":{"type":"string"},"why":{"type":"string","description":"for those who may read policies"},"approval":{"type":"object"},"run":{"type":"string","description":"of run_open: the run in the way"},"incident":{"type":"string","description":"of frozen_by_incident"},"blockers":{"type":"array","items":{"type":"object"}}}},
"Grant":{"type":"object","required":["role","tenant"],"additionalProperties":false,"properties":{"role":{"type":"string"},"tenant":{"type":"string","description":"a tenant, or * for all"}}},
"ApiKey":{"type":"object","required":["id","client","number","state","created_at","uses"],"properties":{"api_key":{"type":"string","description":"the text, once"},"id":{"type":"string"},"client":{"type":"string"},"number":{"type":"integer"},"state":{"enum":["live","suspended","revoked"]},"created_at":{"type":"string","format":"date-time"},"expires_at":{"type":"string","format":"date-time"},"uses":{"type":"integer"},"last_used_at":{"type":"string","format":"date-time"}}},
"Tenant":{"type":"object","required":["name","created_at"],"properties":{"name":{"type":"string"},"created_at":{"type":"string","format":"date-time"}}},
"Version":{"type":"object","required":["version","algorithm","state","origin","created_at"],"properties":{"version":{"type":"integer"},"algorithm":{"type":"string"},"state":{"enum":["pending","active","primary","secondary","retired","archived","suspended","revoked","destroying","destroyed"]},"origin":{"type":"string"},"created_at":{"type":"string","format":"date-time"},"promoted_at":{"type":"string","format":"date-time"},"demoted_at":{"type":"string","format":"date-time"},"destroy_after":{"type":"string","format":"date-time"},"compromised_at":{"type":"string","format":"date-time"},"reason":{"type":"string"}}},
"Key":{"type":"object","required":["name","id","tenant","purpose","versions","epoch"],"properties":{"name":{"type":"string"},"id":{"type":"string"},"tenant":{"type":"string"},"purpose":{"type":"string"},"exportable":{"type":"boolean"},"owner":{"type":"string"},"classification":{"type":"string"},"regions":{"type":"array","items":{"type":"string"}},"labels":{"type":"object","additionalProperties":{"type":"string"}},"lease_grace_seconds":{"type":"integer"},"created_at":{"type":"string","format":"date-time"},"epoch":{"type":"integer"},"primary":{"type":["integer","null"]},"versions":{"type":"array","items":{"$ref":"#/components/schemas/Version"}}}},
"Job":{"type":"object","required":["id","kind","tenant","phase","state","done","total"],"properties":{"id":{"type":"string"},"kind":{"type":"string"},"tenant":{"type":"string"},"phase":{"type":"string"},"state":{"type":"string"},"from_version":{"type":"integer"},"target_version":{"type":"integer"},"subject":{"type":"string","description":"the key"},"store":{"type":"string","description":"the data store; empty for our own"},"pass":{"type":"integer"},"done":{"type":"integer","description":"items that this pass has behind it"},"total":{"type":"integer"},"rewritten":{"type":"integer"},"skipped":{"type":"integer"},"cas_lost":{"type":"integer","description":"held or changed by others: seen again in a later pass"},"quarantined":{"type":"integer"},"eta_p90_seconds":{"type":"number"},"foreground_ratio":{"type":"number","description":"latency of others beside the job to that without it; 0: unknown"},"throttle":{"type":"object","properties":{"per_second_max":{"type":"integer","description":"0: no limit"},"foreground_percent_max":{"type":"integer"},"lag_seconds_max":{"type":"integer"}}},"rate_per_second":{"type":"number"},"eta_seconds":{"type":"number"},"foreground_p99_ratio":{"type":"number"},"problem":{"type":"string"},"last_failure":{"type":"string","description":"stable reason of the newest step that was tried again"},"last_failure_at":{"type":"string","format":"date-time"},"created_at":{"type":"string","format":"date-time"},"updated_at":{"type":"string","format":"date-time"}}},
"QuarantinedItem":{"type":"object","required":["item","reason","pass"],"properties":{"item":{"type":"string","description":"primary key or path"},"reason":{"enum":["kid_missing","tag_invalid","not_ours","too_large","linked"]},"pass":{"type":"integer","description":"the last pass that met it so"},"first_at":{"type":"string","format":"date-time"},"last_at":{"type":"string","format":"date-time"}}},
"DataStore":{"type":"object","required":["name","kind","tenant","key","where"],"properties":{"name":{"type":"string"},"kind":{"enum":["postgres","directory"]},"tenant":{"type":"string"},"key":{"type":"string"},"where":{"type":"string","description":"schema.table.column, or a path"}}},
"References":{"type":"object","required":["stores","items"],"properties":{"stores":{"type":"array","items":{"type":"string"},"description":"registered for the key"},"items":{"type":"array","items":{"type":"object","properties":{"store":{"type":"string"},"version":{"type":"integer"},"items":{"type":"integer"},"first_counted_at":{"type":"string","format":"date-time"},"second_counted_at":{"type":"string","format":"date-time"}}}},"proof":{"type":"object","properties":{"version":{"type":"integer"},"complete":{"type":"boolean"},"points":{"type":"array","items":{"type":"object","properties":{"point":{"type":"string"},"shown":{"type":"boolean"},"missing":{"type":"string"},"where":{"type":"string"}}}}}}}},
"RotationPolicy":{"type":"object","required":["name","tenant","template","epoch"],"properties":{"name":{"type":"string"},"tenant":{"type":"string","description":"empty: all tenants"},"template":{"type":"boolean","description":"built in"},"description":{"type":"string"},"document":{"type":"string","description":"YAML"},"extends":{"type":"array","items":{"type":"string"}},"epoch":{"type":"integer"},"created_at":{"type":"string","format":"date-time"},"updated_at":{"type":"string","format":"date-time"}}},
"Run":{"type":"object","required":["id","subject","kind","tenant","name","state","trigger","from_version","to_version","percent","created_at","epoch"],"properties":{"id":{"type":"string"},"subject":{"type":"string"},"kind":{"type":"string"},"tenant":{"type":"string"},"name":{"type":"string"},"type":{"type":"string"},"state":{"enum":["plan","approve","generate","stage","validate","rollout","promote","drain","quarantine","revoke","archive","done","paused","rolling_back","rolled_back","aborted","needs_operator"]},"resumes_to":{"type":"string"},"undoing":{"type":"string"},"percent":{"type":"integer"},"attempts":{"type":"integer"},"problem":{"type":"string","description":"stable reason"},"waits_for":{"type":"string"},"trigger":{"type":"string"},"rank":{"type":"integer"},"requested_by":{"type":"string"},"reason":{"type":"string"},"from_version":{"type":"integer"},"to_version":{"type":"integer"},"algorithm":{"type":"string"},"plan_hash":{"type":"string"},"approvals_needed":{"type":"integer"},"approval":{"type":"string"},"created_at":{"type":"string","format":"date-time"},"updated_at":{"type":"string","format":"date-time"},"entered_at":{"type":"string","format":"date-time"},"staged_at":{"type":"string","format":"date-time"},"promoted_at":{"type":"string","format":"date-time"},"finished_at":{"type":"string","format":"date-time"},"next_at":{"type":"string","format":"date-time"},"epoch":{"type":"integer"},"deadline":{"type":"string","format":"date-time"},"expected_end":{"type":"string","format":"date-time"},"ladder":{"type":"array","items":{"type":"object"}},"checklist":{"type":"array","items":{"type":"object"}},"steps":{"type":"array","items":{"type":"object"}},"policy":{"type":"object"},"validation":{"type":"object"}}},
"SecretVersion":{"type":"object","required":["version","state","origin","created_at"],"properties":{"version":{"type":"integer"},"state":{"enum":["pending","active","primary","secondary","retired","archived","suspended","revoked","destroying","destroyed"]},"origin":{"enum":["given","generated","rendered"]},"note":{"type":"string","description":"what the person who gave it said of it"},"principal":{"type":"string","description":"who presents it at the target"},"created_at":{"type":"string","format":"date-time"},"promoted_at":{"type":"string","format":"date-time"},"demoted_at":{"type":"string","format":"date-time"},"expires_at":{"type":"string","format":"date-time"},"destroy_after":{"type":"string","format":"date-time"},"compromised_at":{"type":"string","format":"date-time"},"reason":{"type":"string"}}},
"Secret":{"type":"object","required":["path","id","tenant","shape","versions","epoch"],"properties":{"path":{"type":"string"},"id":{"type":"string"},"tenant":{"type":"string"},"shape":{"enum":["value","fields","template"]},"type":{"type":"string"},"owner":{"type":"string"},"classification":{"type":"string"},"description":{"type":"string"},"instructions":{"type":"string"},"regions":{"type":"array","items":{"type":"string"}},"labels":{"type":"object","additionalProperties":{"type":"string"}},"generator":{"type":"string"},"template":{"type":"string"},"target":{"type":"string"},"account":{"type":"object","additionalProperties":{"type":"string"}},"created_at":{"type":"string","format":"date-time"},"deleted_at":{"type":"string","format":"date-time"},"epoch":{"type":"integer"},"primary":{"type":["integer","null"]},"rollout":{"type":"object"},"versions":{"type":"array","items":{"$ref":"#/components/schemas/SecretVersion"}}}},
"Lease":{"type":"object","required":["lease","role","username","state","expires_at"],"properties":{"lease":{"type":"string"},"tenant":{"type":"string"},"role":{"type":"string"},"target":{"type":"string"},"state":{"enum":["issuing","live","revoking","revoked"]},"username":{"type":"string"},"password":{"type":"string","description":"only in the answer to its issue"},"caller":{"type":"string"},"issued_at":{"type":"string","format":"date-time"},"expires_at":{"type":"string","format":"date-time"},"last_at":{"type":"string","format":"date-time","description":"renewals end there"},"attempts":{"type":"integer"},"problem":{"type":"string"}}},
"Target":{"type":"object","required":["name","tenant","connector","settings","epoch"],"properties":{"name":{"type":"string"},"tenant":{"type":"string"},"connector":{"type":"string"},"settings":{"type":"object","additionalProperties":{"type":"string"}},"admin_secret":{"type":"string","description":"path of the secret that may change credentials there"},"created_at":{"type":"string","format":"date-time"},"epoch":{"type":"integer"}}},
"SecretValue":{"type":"object","required":["path","tenant","shape","version","state","epoch"],"properties":{"path":{"type":"string"},"tenant":{"type":"string"},"shape":{"enum":["value","fields","template"]},"version":{"type":"integer"},"state":{"enum":["active","primary","secondary"]},"principal":{"type":"string"},"expires_at":{"type":"string","format":"date-time"},"epoch":{"type":"integer"},"value":{"type":"string","contentEncoding":"base64"},"fields":{"type":"object","additionalProperties":{"type":"string"}}}},
"Consumer":{"type":"object","required":["name","tenant","environment"],"properties":{"name":{"type":"string"},"tenant":{"type":"string"},"principal":{"type":"string","description":"who speaks for it"},"environment":{"type":"string"},"canary":{"type":"boolean"},"refresh_seconds":{"type":"integer"},"lease_seconds":{"type":"integer"},"subjects":{"type":"array","items":{"type":"object"}},"registered_at":{"type":"string","format":"date-time"},"seen_at":{"type":"string","format":"date-time"}}},
"Hook":{"type":"object","required":["id","name","tenant","events","path"],"properties":{"id":{"type":"string"},"name":{"type":"string"},"tenant":{"type":"string"},"events":{"type":"array","items":{"type":"string"}},"path":{"type":"string"},"secret":{"type":"string","description":"only in the answer to its creation"},"created_by":{"type":"string"},"created_at":{"type":"string","format":"date-time"}}}
})";
}

}  // namespace kw::api::rest
