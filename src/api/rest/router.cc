#include "api/rest/router.h"

#include <optional>

namespace kw::api::rest {

namespace {

// "/a/b:c" -> {"a", "b"} and "c".
std::vector<std::string_view> split(std::string_view path, std::string_view& verb) {
  std::vector<std::string_view> segments;
  segments.reserve(8);
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = path.find('/');
    segments.push_back(path.substr(0, end));
    path = end == path.npos ? std::string_view() : path.substr(end);
  }
  verb = {};
  if (segments.empty()) return segments;
  std::string_view& last = segments.back();
  if (const auto colon = last.find(':'); colon != last.npos) {
    verb = last.substr(colon + 1);
    last = last.substr(0, colon);
  }
  return segments;
}

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{');
}

std::optional<Match> try_route(const service::Operation& operation,
                               const std::vector<std::string_view>& pattern,
                               const std::vector<std::string_view>& segments) {
  Match match{&operation, {}};
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (is_parameter(pattern[i])) {
      if (segments[i].empty()) return std::nullopt;
      match.parameters.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), segments[i]);
    } else if (pattern[i] != segments[i]) {
      return std::nullopt;
    }
  }
  return match;
}

}  // namespace

std::string_view Match::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters)
    if (key == name) return value;
  return {};
}

Router::Router() {
  for (const service::Operation& operation : service::operations()) {
    Route route{&operation, {}, {}};
    route.segments = split(operation.path, route.verb);
    routes_[{route.segments.size(), route.verb}].push_back(std::move(route));
  }
}

const std::vector<Router::Route>& Router::bucket(std::size_t segments,
                                                 std::string_view verb) const {
  const auto found = routes_.find({segments, verb});
  return found == routes_.end() ? none_ : found->second;
}

Result<Match> Router::match(std::string_view method, std::string_view path) const {
  std::string_view verb;
  const std::vector<std::string_view> segments = split(path, verb);
  std::string allowed;
  for (const Route& route : bucket(segments.size(), verb)) {
    auto match = try_route(*route.operation, route.segments, segments);
    if (!match) continue;
    if (route.operation->method == method) return *std::move(match);
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.operation->method);
  }
  if (allowed.empty())
    return error(Code::kNotFound, "no_such_route", "there is nothing at this path");
  return error(Code::kInvalidArgument, "method_not_allowed", "allowed here: " + allowed);
}

}  // namespace kw::api::rest
