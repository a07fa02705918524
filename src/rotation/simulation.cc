#include "rotation/simulation.h"

#include <algorithm>
#include <queue>

#include "codec/json.h"
#include "rotation/planner_set.h"
#include "rotation/policy_check.h"

namespace kw::rotation {
namespace {

using std::chrono::hours;
// The system's time zone files end there; later times would know no daylight saving.
constexpr WallTime kZonesEnd = std::chrono::sys_days(std::chrono::year(2038) / 1 / 1);
constexpr std::size_t kProblemsMax = 100;
constexpr std::size_t kBusiestMax = 10;

struct Waiting {
  WallTime when;  ///< when it may begin; once it may, by when it must
  std::uint32_t subject;
  bool operator>(const Waiting& other) const {
    return when != other.when ? when > other.when : subject > other.subject;
  }
};
using Queue = std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>>;

/// One subject on its way through the years.
struct Course {
  SubjectFacts facts;
  std::shared_ptr<const Planner> planner;
  UseRate rate;
  Due due;
  WallTime old_gone;
  bool missed_window = false, waited = false;
};

class Simulation {
 public:
  Simulation(WallTime from, WallTime until, const SimulationLimits& limits) : limits_(limits) {
    report_.from = from;
    report_.until = until;
  }

  void add(const SubjectFacts& facts, Result<std::shared_ptr<const Planner>> planner) {
    courses_.push_back({});
    Course& course = courses_.back();
    course.facts = facts;
    if (!planner) {
      if (report_.problems.size() < kProblemsMax)
        report_.problems.push_back(facts.subject.text() + ": " + planner.error().message);
      return;
    }
    course.planner = *std::move(planner);
    course.rate = UseRate::of(facts, report_.from);
    schedule(static_cast<std::uint32_t>(courses_.size() - 1), report_.from);
    if (!course.due.at) ++report_.never;
  }

  // Earliest deadline first within every hour.
  Result<SimulationReport> run() {
    WallTime hour = report_.from;
    while (!asleep_.empty() || !ready_.empty()) {
      if (ready_.empty())
        hour = std::max(hour, WallTime(std::chrono::floor<hours>(asleep_.top().when)));
      if (hour >= report_.until) break;
      KW_OK(one_hour(hour));
      hour = std::chrono::floor<hours>(hour) + hours(1);
    }
    finish();
    return std::move(report_);
  }

 private:
  void schedule(std::uint32_t index, WallTime now) {
    Course& course = courses_[index];
    course.due = course.planner->next(course.facts, now, course.rate);
    if (course.due.at && *course.due.at < report_.until) asleep_.push({*course.due.at, index});
  }

  // A rotation may make its subject due again within the same hour.
  void wake(WallTime end) {
    while (!asleep_.empty() && asleep_.top().when < end) {
      const std::uint32_t index = asleep_.top().subject;
      asleep_.pop();
      ready_.push({courses_[index].due.by, index});
    }
  }

  Status one_hour(WallTime hour) {
    const WallTime end = std::chrono::floor<hours>(hour) + hours(1);
    int begun = 0;
    wake(end);
    while (!ready_.empty() && (limits_.per_hour == 0 || begun < limits_.per_hour)) {
      const std::uint32_t index = ready_.top().subject;
      ready_.pop();
      KW_OK(rotate(index, std::max(*courses_[index].due.at, hour)));
      ++begun;
      wake(end);
    }
    if (begun > 0) report_.busiest.push_back({std::chrono::floor<hours>(hour), begun});
    if (!ready_.empty()) hold_back(end);
    return ok();
  }

  // Those that found no room: the next hour, or the next window when theirs has closed.
  void hold_back(WallTime end) {
    Queue still;
    for (; !ready_.empty(); ready_.pop()) {
      const std::uint32_t index = ready_.top().subject;
      Course& course = courses_[index];
      course.waited = true;
      if (course.due.forced || course.planner->opening().open_at(end)) {
        still.push(ready_.top());
        continue;
      }
      course.missed_window = true;
      schedule(index, end);
    }
    ready_ = std::move(still);
  }

  Status rotate(std::uint32_t index, WallTime began) {
    if (report_.rotations.size() >= limits_.rotations_max)
      return error(Code::kResourceExhausted, "simulation_too_large",
                   "more rotations than the simulation may report; shorten the time");
    Course& course = courses_[index];
    SimulatedRotation one;
    one.subject = index;
    one.trigger = course.due.trigger;
    one.forced = course.due.forced;
    one.missed_window = std::exchange(course.missed_window, false);
    one.overlapping = began < course.old_gone;
    one.began = began;
    one.promoted = began + planned_until_promoted(course.planner->policy());
    one.due = course.due.by;
    one.late = one.promoted > course.due.by;
    one.old_gone = one.promoted + planned_until_gone(course.planner->policy());
    course.old_gone = one.old_gone;
    note_promotion(course.facts, one.promoted);
    count(one, std::exchange(course.waited, false));
    schedule(index, one.promoted);
    return ok();
  }

  void count(const SimulatedRotation& one, bool waited) {
    report_.late += one.late ? 1 : 0;
    report_.forced += one.forced ? 1 : 0;
    report_.missed_windows += one.missed_window ? 1 : 0;
    report_.overlaps += one.overlapping ? 1 : 0;
    report_.waited += waited ? 1 : 0;
    report_.rotations.push_back(one);
  }

  void finish() {
    report_.subjects = courses_.size();
    std::stable_sort(report_.rotations.begin(), report_.rotations.end(),
                     [](const auto& a, const auto& b) { return a.began < b.began; });
    std::stable_sort(report_.busiest.begin(), report_.busiest.end(),
                     [](const auto& a, const auto& b) { return a.rotations > b.rotations; });
    if (report_.busiest.size() > kBusiestMax) report_.busiest.resize(kBusiestMax);
  }

  SimulationLimits limits_;
  SimulationReport report_;
  std::vector<Course> courses_;
  Queue asleep_, ready_;
};

}  // namespace

Result<SimulationReport> simulate(std::span<const SubjectFacts> inventory,
                                  std::span<const PolicyDocument> documents, WallTime from,
                                  WallTime until, const SimulationLimits& limits,
                                  ByteView jitter_seed) {
  if (until <= from || until > kZonesEnd || limits.per_hour < 0)
    return error(Code::kInvalidArgument, "bad_range",
                 "a simulation ends after it begins, and by 2038-01-01, where the rules of time "
                 "zones end");
  PlannerSet planners(documents, jitter_seed);
  Simulation simulation(from, until, limits);
  for (const SubjectFacts& facts : inventory) simulation.add(facts, planners.of(facts));
  return simulation.run();
}

std::string simulation_json(const SimulationReport& report, std::span<const SubjectFacts> inventory,
                            std::size_t rows_max) {
  const auto number = [](std::size_t value) { return static_cast<std::uint64_t>(value); };
  codec::JsonWriter out;
  out.begin_object().member("from", rfc3339(report.from)).member("until", rfc3339(report.until));
  out.member("subjects", number(report.subjects)).member("never", number(report.never));
  out.member("rotations", number(report.rotations.size())).member("late", number(report.late));
  out.member("forced", number(report.forced)).member("waited", number(report.waited));
  out.member("missed_windows", number(report.missed_windows));
  out.member("overlaps", number(report.overlaps));
  out.name("busiest").begin_array();
  for (const HourLoad& hour : report.busiest) {
    out.begin_object().member("hour", rfc3339(hour.hour)).member("rotations", hour.rotations);
    out.end_object();
  }
  out.end_array().name("late_rotations").begin_array();
  std::size_t rows = 0;
  for (const SimulatedRotation& one : report.rotations) {
    if (!one.late || one.subject >= inventory.size() || rows++ >= rows_max) continue;
    out.begin_object().member("subject", inventory[one.subject].subject.text());
    out.member("due", rfc3339(one.due)).member("began", rfc3339(one.began));
    out.member("promoted", rfc3339(one.promoted)).end_object();
  }
  out.end_array().name("problems").begin_array();
  for (const std::string& problem : report.problems) out.value(problem);
  out.end_array().end_object();
  return std::string(out.text());
}

}  // namespace kw::rotation
