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

bool is_tail(std::string_view segment) {
  return segment.ends_with("*}");
}

// The segments from `first` on as one: they lie side by side in the path.
std::string_view joined(const std::vector<std::string_view>& segments, std::size_t first) {
  const char* begin = segments[first].data();
  return {begin, static_cast<std::size_t>(segments.back().data() + segments.back().size() - begin)};
}

// `segments` with all that the tail takes as its last one. @returns empty: there are too few.
std::vector<std::string_view> folded(const std::vector<std::string_view>& segments,
                                     std::size_t count) {
  if (segments.size() < count) return {};
  std::vector<std::string_view> fewer(segments.begin(),
                                      segments.begin() + static_cast<std::ptrdiff_t>(count) - 1);
  fewer.push_back(joined(segments, count - 1));
  return fewer;
}

std::optional<Match> try_route(const service::Operation& operation,
                               const std::vector<std::string_view>& pattern,
                               const std::vector<std::string_view>& segments) {
  Match match{&operation, {}};
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (is_parameter(pattern[i])) {
      if (segments[i].empty()) return std::nullopt;
      const std::size_t marks = is_tail(pattern[i]) ? 3 : 2;
      match.parameters.emplace_back(pattern[i].substr(1, pattern[i].size() - marks), segments[i]);
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
    auto& routes = is_tail(route.segments.back()) ? tails_[route.verb]
                                                  : routes_[{route.segments.size(), route.verb}];
    routes.push_back(std::move(route));
  }
}

const std::vector<Router::Route>& Router::bucket(std::size_t segments,
                                                 std::string_view verb) const {
  const auto found = routes_.find({segments, verb});
  return found == routes_.end() ? none_ : found->second;
}

const std::vector<Router::Route>& Router::tails(std::string_view verb) const {
  const auto found = tails_.find(verb);
  return found == tails_.end() ? none_ : found->second;
}

Result<Match> Router::match(std::string_view method, std::string_view path) const {
  std::string_view verb;
  const std::vector<std::string_view> segments = split(path, verb);
  std::string allowed;
  const auto look = [&](const Route& route,
                        const std::vector<std::string_view>& given) -> std::optional<Match> {
    auto match = try_route(*route.operation, route.segments, given);
    if (!match || route.operation->method == method) return match;
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.operation->method);
    return std::nullopt;
  };
  for (const Route& route : bucket(segments.size(), verb))
    if (auto match = look(route, segments)) return *std::move(match);
  for (const Route& route : tails(verb)) {
    const auto fewer = folded(segments, route.segments.size());
    if (fewer.empty()) continue;
    if (auto match = look(route, fewer)) return *std::move(match);
  }
  if (allowed.empty())
    return error(Code::kNotFound, "no_such_route", "there is nothing at this path");
  return error(Code::kInvalidArgument, "method_not_allowed", "allowed here: " + allowed);
}

}  // namespace kw::api::rest
