#include "base/failpoint.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

namespace kw::failpoint {

namespace {

struct Point {
  std::string action;
  long fire_at = 0;
  long hits = 0;
};

struct Registry {
  std::mutex mutex;
  std::map<std::string, Point, std::less<>> points;
};

Status parse_into(std::map<std::string, Point, std::less<>>& points, std::string_view item) {
  const auto equals = item.find('=');
  const auto at = item.find('@');
  const std::string_view action =
      equals == item.npos ? "" : item.substr(equals + 1, at == item.npos ? at : at - equals - 1);
  if (action != "abort" && action != "error" && action != "delay")
    return error(Code::kInvalidArgument, "bad_failpoint", "use name=abort|error|delay[@hit]");
  Point& point = points[std::string(item.substr(0, equals))];
  point.action = action;
  point.hits = 0;
  point.fire_at =
      at == item.npos ? 0 : std::strtol(std::string(item.substr(at + 1)).c_str(), nullptr, 10);
  return ok();
}

Status arm_in(std::map<std::string, Point, std::less<>>& points, std::string_view specification) {
  while (!specification.empty()) {
    const auto end = specification.find(';');
    const std::string_view item = specification.substr(0, end);
    if (!item.empty()) KW_OK(parse_into(points, item));
    specification = end == specification.npos ? "" : specification.substr(end + 1);
  }
  return ok();
}

// Test builds only; reached through the macro from every room, so it cannot be injected.
Registry& registry() {
  static Registry* instance = [] {
    auto* made = new Registry;
    if (const char* text =
            std::getenv("KEYWRIGHT_FAILPOINTS"))  // NOLINT(concurrency-mt-unsafe): once, at start
      KW_CHECK(arm_in(made->points, text).has_value());
    return made;
  }();
  return *instance;
}

}  // namespace

Status arm(std::string_view specification) {
  Registry& all = registry();
  std::lock_guard lock(all.mutex);
  return arm_in(all.points, specification);
}

void disarm_all() {
  Registry& all = registry();
  std::lock_guard lock(all.mutex);
  for (auto& [name, point] : all.points) point = Point{};
}

Status hit(std::string_view name) {
  Registry& all = registry();
  std::string action;
  {
    std::lock_guard lock(all.mutex);
    auto found = all.points.find(name);
    if (found == all.points.end()) found = all.points.emplace(std::string(name), Point{}).first;
    Point& point = found->second;
    ++point.hits;
    if (point.fire_at == 0 || point.fire_at == point.hits) action = point.action;
  }
  if (action == "abort") kill(getpid(), SIGKILL);
  if (action == "delay") std::this_thread::sleep_for(std::chrono::milliseconds(20));
  if (action == "error")
    return error(Code::kUnavailable, "failpoint", "a test made this step fail");
  return ok();
}

std::vector<std::string> seen() {
  Registry& all = registry();
  std::lock_guard lock(all.mutex);
  std::vector<std::string> names;
  for (const auto& [name, point] : all.points)
    if (point.hits > 0) names.push_back(name);
  return names;
}

}  // namespace kw::failpoint
