#include "cli/permit.h"

#include <algorithm>
#include <map>
#include <vector>

#include "codec/json.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using Parameters = std::map<std::string, std::string>;

std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at != path.npos;) {
    const auto end = path.find('/', at);
    parts.emplace_back(path.substr(at, end == path.npos ? path.npos : end - at));
    at = end == path.npos ? end : end + 1;
  }
  return parts;
}

// "{key}:rotate" against "orders:rotate".
bool segment_matches(const std::string& pattern, const std::string& given, Parameters& found) {
  const auto close = pattern.find('}');
  if (pattern.empty() || pattern.front() != '{' || close == pattern.npos) return pattern == given;
  const std::string verb = pattern.substr(close + 1);
  const auto colon = given.find(':');
  if (verb != (colon == given.npos ? "" : given.substr(colon))) return false;
  found[pattern.substr(1, close - 1)] = given.substr(0, colon);
  return true;
}

// The path of a secret takes all segments that are left.
std::vector<std::string> folded(std::vector<std::string> parts,
                                const std::vector<std::string>& wanted) {
  while (wanted.back().starts_with("{path}") && parts.size() > wanted.size()) {
    parts[wanted.size() - 1] += "/" + parts[wanted.size()];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(wanted.size()));
  }
  return parts;
}

bool path_matches(const std::string& pattern, const std::string& given, Parameters& found) {
  const auto wanted = segments(pattern), parts = folded(segments(given), wanted);
  if (wanted.size() != parts.size()) return false;
  found.clear();
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (!segment_matches(wanted[i], parts[i], found)) return false;
  return true;
}

// Where the path does not name the tenant, the query may.
void add_tenant(const std::string& path, Parameters& parameters) {
  constexpr std::string_view kName = "tenant=";
  const auto begin = path.find(kName, std::min(path.find('?'), path.size()));
  if (begin == path.npos) return;
  const auto value = begin + kName.size();
  parameters.emplace("tenant", path.substr(value, path.find('&', value) - value));
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

std::string text_of(const JsonView& object, std::string_view name) {
  const auto text = object.text(name);
  return text ? std::string(*text) : std::string();
}

// The object that policies match: what the path names, else what the body names.
std::string object_name(const Parameters& parameters, std::string_view body) {
  for (const char* name : {"key", "alias", "policy", "principal", "accessor", "approval", "job",
                           "run", "consumer", "hook", "incident", "ceremony", "path", "target", "lease_role", "lease"})
    if (const auto found = parameters.find(name); found != parameters.end()) return found->second;
  const auto document = codec::JsonDocument::parse(body.empty() ? "{}" : body);
  if (!document) return "";
  return text_of(document->root(), document->root().has("name") ? "name" : "principal");
}

std::string own_name(client::Connection& connection) {
  client::Request request;
  request.path = "/api/v1/tokens/self";
  const auto self = connection.send(request);
  return self ? text_of(self->json.root(), "principal") : "NAME";
}

std::string roles_of(const JsonView& operation) {
  std::string text;
  const auto roles = operation.find("x-keywright-roles");
  if (!roles) return text;
  for (const JsonView& role : roles->elements())
    text += (text.empty() ? "" : ", ") + std::string(role.text() ? *role.text() : "");
  return text;
}

std::string permit(const JsonView& operation, const Parameters& parameters,
                   const std::string& object, const std::string& caller) {
  const std::string action = text_of(operation, "x-keywright-action");
  if (action.empty()) return "# needs no permission";
  const auto tenant = parameters.find("tenant");
  if (tenant == parameters.end())
    return "# " + action + " is about all tenants: it needs a role for *, one of " +
           roles_of(operation);
  std::string kind;
  if (const auto tags = operation.find("tags"); tags && !tags->elements().empty())
    if (const auto tag = tags->elements().front().text()) kind = std::string(*tag);
  std::string text = "statements:\n  - effect: permit\n    principals: [" + caller + "]\n";
  text += "    actions: [" + action + "]\n    tenant: " + tenant->second + "\n    kind: " + kind;
  if (!object.empty()) text += "\n    names: [" + object + "]";
  return text;
}

}  // namespace

Result<std::string> permit_for(client::Connection& connection, const std::string& method,
                               const std::string& path, std::string_view body) {
  client::Request request;
  request.path = "/api/v1/openapi.json";
  KW_TRY(const client::Answer described, connection.send(request));
  KW_TRY(const JsonView paths, described.json.root().member("paths"));
  const std::string plain = path.substr(0, path.find('?'));
  for (const auto& [pattern, methods] : paths.members()) {
    Parameters parameters;
    if (!path_matches(std::string(pattern), plain, parameters)) continue;
    const auto operation = methods.find(lower(method));
    if (!operation) continue;
    add_tenant(path, parameters);
    return permit(*operation, parameters, object_name(parameters, body), own_name(connection));
  }
  return error(Code::kNotFound, "no_such_route", "the server does not know this request");
}

}  // namespace kw::cli
