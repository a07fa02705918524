#include <map>
#include <set>

#include "api/rest/handlers.h"
#include "api/rest/schemas.h"
#include "codec/json.h"

namespace kw::api::rest {

namespace {

using codec::JsonWriter;
using service::Operation;
using service::Plane;

constexpr std::string_view kHeaders =
    R"({"IdempotencyKey":{"name":"Idempotency-Key","in":"header","description":"a name of the caller's own for this change: )"
    R"(a repeat within 24 hours is answered with the first answer and Keywright-Replayed, )"
    R"(or, where that held a secret, with 409 already_done",)"
    R"("schema":{"type":"string","pattern":"^[A-Za-z0-9._-]{1,128}$"}},)"
    R"("Approval":{"name":"Keywright-Approval","in":"header","description":"the id of an approval to spend","schema":{"type":"string"}}})";

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return result;
}

std::vector<std::string> parameters_of(std::string_view path) {
  std::vector<std::string> names;
  for (auto open = path.find('{'); open != path.npos; open = path.find('{', open + 1))
    names.emplace_back(path.substr(open + 1, path.find_first_of("*}", open) - open - 1));
  return names;
}

// OpenAPI has no parameter of several segments: "{path*}" is written as "{path}".
std::string plain_path(std::string_view path) {
  std::string text(path);
  if (const auto star = text.find("*}"); star != text.npos) text.erase(star, 1);
  return text;
}

void write_path_parameter(JsonWriter& json, const std::string& name) {
  json.begin_object()
      .member("name", name)
      .member("in", "path")
      .member("required", true)
      .name("schema");
  if (name == "version") {
    json.begin_object().member("type", "integer").member("minimum", 1).end_object();
  } else if (name == "path") {
    json.begin_object().member("type", "string");
    json.member("description", "names with '/' between, as they are").end_object();
  } else {
    json.begin_object().member("type", "string").end_object();
  }
  json.end_object();
}

void write_query_parameter(JsonWriter& json, const QueryParameter& parameter) {
  json.begin_object()
      .member("name", parameter.name)
      .member("in", "query")
      .member("description", parameter.description);
  json.name("schema").begin_object().member("type", parameter.type).end_object().end_object();
}

void write_parameters(JsonWriter& json, const Operation& operation) {
  const auto names = parameters_of(operation.path);
  const auto queries = query_parameters(operation.id);
  const bool repeatable = operation.plane == Plane::kChange && operation.method != "GET";
  if (names.empty() && queries.empty() && !repeatable) return;
  json.name("parameters").begin_array();
  for (const std::string& name : names) write_path_parameter(json, name);
  for (const QueryParameter& parameter : queries) write_query_parameter(json, parameter);
  if (repeatable)
    for (const char* name : {"IdempotencyKey", "Approval"})
      json.begin_object()
          .member("$ref", std::string("#/components/parameters/") + name)
          .end_object();
  json.end_array();
}

void write_json_content(JsonWriter& json, std::string_view schema) {
  json.name("content")
      .begin_object()
      .name("application/json")
      .begin_object()
      .name("schema")
      .raw(schema);
  json.end_object().end_object();
}

void write_problem(JsonWriter& json, std::string_view status, std::string_view description) {
  json.name(status)
      .begin_object()
      .member("description", description)
      .name("content")
      .begin_object();
  json.name("application/problem+json").begin_object().name("schema").begin_object();
  json.member("$ref", "#/components/schemas/Problem")
      .end_object()
      .end_object()
      .end_object()
      .end_object();
}

void write_responses(JsonWriter& json, const Operation& operation) {
  const ResponseShape shape = response_shape(operation.id);
  json.name("responses")
      .begin_object()
      .name(std::to_string(shape.status))
      .begin_object()
      .member("description", "done");
  if (!shape.content_type.empty()) {
    json.name("content")
        .begin_object()
        .name(shape.content_type)
        .begin_object()
        .name("schema")
        .raw(shape.schema);
    json.end_object().end_object();
  }
  json.end_object();
  write_problem(json, "4XX", "refused; `reason` is stable");
  write_problem(json, "503", "sealed, stopping, or a store or log that cannot be written");
  json.end_object();
}

void write_operation(JsonWriter& json, const Operation& operation) {
  json.begin_object().member("operationId", operation.name).member("summary", operation.summary);
  json.name("tags").begin_array().value(operation.kind).end_array();
  if (operation.plane == Plane::kPublic) {
    json.name("security").begin_array().end_array();
  } else {
    json.member("x-keywright-action", operation.action).name("x-keywright-roles").begin_array();
    for (const auth::Role role : service::default_roles(operation)) json.value(role_name(role));
    json.end_array();
  }
  write_parameters(json, operation);
  if (const std::string_view schema = request_schema(operation.id); !schema.empty()) {
    json.name("requestBody").begin_object().member("required", true);
    write_json_content(json, schema);
    json.end_object();
  }
  write_responses(json, operation);
  json.end_object();
}

void write_info(JsonWriter& json, std::string_view version) {
  json.member("openapi", "3.1.0").name("info").begin_object().member("title", "Keywright");
  json.member("version", version)
      .member("summary", "Keeps, uses, versions and rotates keys, with proof.");
  json.name("license")
      .begin_object()
      .member("name", "Apache-2.0")
      .member("identifier", "Apache-2.0")
      .end_object()
      .end_object();
  json.name("servers").begin_array().begin_object().member("url", "/").end_object().end_array();
  json.name("security")
      .begin_array()
      .begin_object()
      .name("token")
      .begin_array()
      .end_array()
      .end_object();
  json.begin_object().name("certificate").begin_array().end_array().end_object().end_array();
}

void write_tags(JsonWriter& json) {
  std::set<std::string_view> kinds;
  for (const Operation& operation : service::operations()) kinds.insert(operation.kind);
  json.name("tags").begin_array();
  for (const std::string_view kind : kinds)
    json.begin_object()
        .member("name", kind)
        .member("description", "Operations on " + std::string(kind))
        .end_object();
  json.end_array();
}

void write_paths(JsonWriter& json) {
  std::map<std::string_view, std::vector<const Operation*>> paths;
  for (const Operation& operation : service::operations())
    paths[operation.path].push_back(&operation);
  json.name("paths").begin_object();
  for (const auto& [path, operations] : paths) {
    json.name(plain_path(path)).begin_object();
    for (const Operation* operation : operations) {
      json.name(lower(operation->method));
      write_operation(json, *operation);
    }
    json.end_object();
  }
  json.end_object();
}

}  // namespace

std::string openapi_json(std::string_view version) {
  JsonWriter json;
  json.begin_object();
  write_info(json, version);
  write_tags(json);
  write_paths(json);
  json.name("components").begin_object().name("securitySchemes").begin_object();
  json.name("token").begin_object().member("type", "http").member("scheme", "bearer").end_object();
  json.name("certificate").begin_object().member("type", "mutualTLS").end_object().end_object();
  json.name("parameters").raw(kHeaders);
  json.name("schemas").raw(component_schemas()).end_object().end_object();
  return std::string(json.text());
}

}  // namespace kw::api::rest
