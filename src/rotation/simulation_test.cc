#include "rotation/simulation.h"

#include <chrono>
#include <map>

#include "codec/json.h"
#include "rotation/subject_for_tests.h"
#include "rotation/time_zone.h"

namespace kw::rotation {
namespace {

const WallTime kStart = at("2027-01-01T00:00:00Z");
const WallTime kEnd = at("2032-01-01T00:00:00Z");  // with the leap days of 2028 (and 2032 ahead)

SimulationReport run(std::span<const SubjectFacts> inventory,
                     std::span<const PolicyDocument> documents, int per_hour,
                     WallTime until = kEnd) {
  auto report = simulate(inventory, documents, kStart, until, {per_hour, 20'000'000}, seed());
  EXPECT_TRUE(report.has_value());
  return report ? *std::move(report) : SimulationReport{};
}

int busiest_hour(const SimulationReport& report) {
  std::map<std::int64_t, int> hours;
  int most = 0;
  for (const SimulatedRotation& one : report.rotations)
    most = std::max(most, ++hours[to_micros(one.began) / 3'600'000'000]);
  return most;
}

std::vector<SubjectFacts> inventory_of(int count) {
  constexpr const char* kTypes[] = {"dek", "dek", "signing", "mac",
                                    "jwt", "kek", "derive",  "deterministic"};
  std::vector<SubjectFacts> inventory;
  for (int i = 0; i < count; ++i) {
    SubjectFacts facts =
        subject("key-" + std::to_string(i), kTypes[i % 8],
                std::string(kClassifications[static_cast<std::size_t>(i / 8 % 4)]));
    // Made over the month before, as in a migration.
    facts.created_at = facts.primary_since = kStart - std::chrono::minutes(i % 40'000);
    inventory.push_back(facts);
  }
  return inventory;
}

// The acceptance of the room: every rotation on time and no hour above the rate.
TEST(Simulation, five_years_of_ten_thousand_keys_under_pci_are_on_time) {
  const auto inventory = inventory_of(10'000);
  const PolicyDocument pci = document("name: p\nextends: [pci-dss-4.0.1]");
  const auto begin = std::chrono::steady_clock::now();
  const SimulationReport report = run(inventory, std::span(&pci, 1), 60);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  RecordProperty("seconds", std::to_string(seconds));
  RecordProperty("rotations", std::to_string(report.rotations.size()));
  std::printf("%zu rotations in %.1f s, busiest hour %d, waited %zu\n", report.rotations.size(),
              seconds, report.busiest.empty() ? 0 : report.busiest[0].rotations, report.waited);
  EXPECT_EQ(report.subjects, 10'000U);
  EXPECT_EQ(report.never, 0U);
  EXPECT_TRUE(report.problems.empty());
  EXPECT_EQ(report.late, 0U);
  EXPECT_EQ(report.overlaps, 0U);
  EXPECT_EQ(report.forced, 0U);
  EXPECT_LE(busiest_hour(report), 60);
  EXPECT_GT(report.rotations.size(), 200'000U);
  // Judged by the facts, not by the report's own word: no primary is older than its maximum.
  std::vector<WallTime> since(inventory.size());
  for (std::size_t i = 0; i < inventory.size(); ++i) since[i] = inventory[i].primary_since;
  for (const SimulatedRotation& one : report.rotations) {
    const std::string& type = inventory[one.subject].type;
    const bool long_lived = type == "kek" || type == "derive" || type == "deterministic";
    ASSERT_LE(one.promoted - since[one.subject], (long_lived ? 365 : 90) * kDay);
    since[one.subject] = one.promoted;
  }
  for (std::size_t i = 0; i < since.size(); ++i) {
    const std::string& type = inventory[i].type;
    const bool long_lived = type == "kek" || type == "derive" || type == "deterministic";
    ASSERT_LE(kEnd - since[i], (long_lived ? 365 : 90) * kDay) << "it never stops";
  }
}

TEST(Simulation, the_hourly_limit_spreads_what_is_due_at_once) {
  std::vector<SubjectFacts> inventory;
  inventory.reserve(500);
  for (int i = 0; i < 500; ++i) inventory.push_back(subject("k" + std::to_string(i)));
  const PolicyDocument policy = document("name: p\ninterval: 30d\njitter: 0s");
  EXPECT_EQ(busiest_hour(run(inventory, std::span(&policy, 1), 0, kStart + 40 * kDay)), 500);
  const SimulationReport limited = run(inventory, std::span(&policy, 1), 20, kStart + 40 * kDay);
  EXPECT_EQ(busiest_hour(limited), 20);
  EXPECT_EQ(limited.rotations.size(), 500U);
  EXPECT_EQ(limited.waited, 480U);
  EXPECT_GT(limited.late, 0U) << "without jitter they cannot all be on time, and it says so";
}

TEST(Simulation, those_with_the_earlier_deadline_go_first) {
  std::vector<SubjectFacts> inventory = {subject("later"), subject("sooner")};
  inventory[0].primary_since += std::chrono::minutes(10);
  const PolicyDocument policy =
      document("name: p\ninterval: 30d\njitter: 0s\nrollout: {steps: [100]}");
  const SimulationReport report = run(inventory, std::span(&policy, 1), 1, kStart + 35 * kDay);
  ASSERT_EQ(report.rotations.size(), 2U);
  EXPECT_EQ(report.rotations[0].subject, 1U);
  EXPECT_LT(report.rotations[0].began, report.rotations[1].began);
}

TEST(Simulation, cron_times_keep_to_the_clock_through_daylight_saving_and_leap_days) {
  const SubjectFacts facts = subject("k");
  const PolicyDocument policy = document(
      "name: p\njitter: 0s\nrollout: {steps: [100]}\n"
      "crons: [{cron: \"30 2 * * sun\", zone: Europe/Berlin}, {cron: \"0 4 29 2 *\", zone: "
      "Europe/Berlin}]");
  const SimulationReport report = run(std::span(&facts, 1), std::span(&policy, 1), 0);
  const TimeZone berlin = *TimeZone::find("Europe/Berlin");
  int sundays = 0, leap_days = 0, after_gaps = 0;
  for (const SimulatedRotation& one : report.rotations) {
    const LocalTime local = berlin.local(one.began);
    if (local.month == 2 && local.day == 29 && local.hour == 4) {
      ++leap_days;
    } else if (local.hour == 3 && local.minute == 0) {
      ++after_gaps;
    } else {
      EXPECT_EQ(local.hour * 60 + local.minute, 150) << rfc3339(one.began);
      ++sundays;
    }
    EXPECT_FALSE(one.late);
  }
  EXPECT_EQ(leap_days, 1);
  EXPECT_EQ(after_gaps, 5) << "one gap a year";
  EXPECT_EQ(sundays + after_gaps, 261);
}

TEST(Simulation, a_full_window_is_reported_as_missed) {
  std::vector<SubjectFacts> inventory;
  inventory.reserve(10);
  for (int i = 0; i < 10; ++i) inventory.push_back(subject("k" + std::to_string(i)));
  const PolicyDocument policy =
      document("name: p\ninterval: 30d\njitter: 0s\nwindows: [{cron: \"0 2 * * *\", length: 1h}]");
  const SimulationReport report = run(inventory, std::span(&policy, 1), 4, kStart + 40 * kDay);
  EXPECT_EQ(report.rotations.size(), 10U);
  EXPECT_EQ(report.missed_windows, 6U);
  for (const SimulatedRotation& one : report.rotations)
    EXPECT_EQ(std::chrono::floor<std::chrono::hours>(one.began) -
                  std::chrono::floor<std::chrono::days>(one.began),
              std::chrono::hours(2));
}

TEST(Simulation, limits_hold_and_the_report_has_a_json_form) {
  const SubjectFacts facts = subject("k");
  const PolicyDocument policy = document("name: p\ninterval: 1h\noverlap: {min: 0s}");
  const auto report =
      simulate(std::span(&facts, 1), std::span(&policy, 1), kStart, kEnd, {0, 1'000}, seed());
  EXPECT_EQ(reason_of(report), "simulation_too_large");
  EXPECT_EQ(reason_of(simulate({}, {}, kStart, kStart, {}, seed())), "bad_range");
  EXPECT_EQ(reason_of(simulate({}, {}, kStart, at("2038-01-01T00:00:01Z"), {}, seed())),
            "bad_range");
  const SimulationReport small = run(std::span(&facts, 1), std::span(&policy, 1), 0, kStart + kDay);
  const auto json = codec::JsonDocument::parse(simulation_json(small, std::span(&facts, 1), 5));
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(*json->root().integer("rotations"), static_cast<std::int64_t>(small.rotations.size()));
}

}  // namespace
}  // namespace kw::rotation
