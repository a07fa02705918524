// From method and path to an operation and its typed parameters. Paths are matched as they came:
// nothing is decoded or cleaned. A last parameter "{name*}" takes one or more segments as they are.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "service/operation.h"

namespace kw::api::rest {

/// Path parameters in the order of the template, borrowed from the path.
struct Match {
  const service::Operation* operation = nullptr;
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  std::string_view parameter(
      std::string_view name) const;  ///< "" when the template has none of that name
};

/// Immutable after construction; thread-safe.
class Router {
 public:
  Router();
  /// @errors kNotFound(no_such_route), kInvalidArgument(method_not_allowed: the message lists the
  /// allowed ones)
  Result<Match> match(std::string_view method, std::string_view path) const;

 private:
  struct Route {
    const service::Operation* operation;
    std::vector<std::string_view>
        segments;           // "{name}" is a parameter; the last may be "{name}:verb"
    std::string_view verb;  // after the ':' of the last segment, or ""
  };
  const std::vector<Route>& bucket(std::size_t segments, std::string_view verb) const;
  const std::vector<Route>& tails(std::string_view verb) const;
  std::map<std::pair<std::size_t, std::string_view>, std::vector<Route>> routes_;
  std::map<std::string_view, std::vector<Route>> tails_;  // by verb
  std::vector<Route> none_;
};

}  // namespace kw::api::rest
