// Years of schedule on a fake clock in seconds: every rotation, overlap, missed window and load
// peak that an inventory would see under its policies. Pure.
#pragma once

#include <span>

#include "rotation/policy_document.h"
#include "rotation/schedule.h"

namespace kw::rotation {

struct SimulationLimits {
  int per_hour = 0;                        ///< rotations that may begin in one hour; 0: no limit
  std::size_t rotations_max = 20'000'000;  ///< more than that is refused
};

struct SimulatedRotation {
  std::uint32_t subject = 0;  ///< index into the inventory
  Trigger trigger = Trigger::kSchedule;
  bool forced = false;         ///< outside its windows, for the deadline
  bool late = false;           ///< promoted after it was due, or after the deadline
  bool missed_window = false;  ///< the hourly limit pushed it out of a window that was open
  bool overlapping = false;    ///< began before the old version of the last one was gone
  WallTime began, promoted, due, old_gone;
};

struct HourLoad {
  WallTime hour;
  int rotations = 0;
};

struct SimulationReport {
  WallTime from, until;
  std::size_t subjects = 0;
  std::vector<SimulatedRotation> rotations;  ///< by begin
  std::vector<HourLoad> busiest;             ///< at most 10, the busiest first
  std::size_t late = 0, forced = 0, missed_windows = 0, overlaps = 0, waited = 0;
  std::vector<std::string> problems;  ///< subjects that could not be scheduled; at most 100
  std::size_t never = 0;              ///< subjects that nothing rotates
};

/// @param until  at most 2038-01-01: the system's time zone files end there.
/// @errors kInvalidArgument(bad_range), kResourceExhausted(simulation_too_large)
Result<SimulationReport> simulate(std::span<const SubjectFacts> inventory,
                                  std::span<const PolicyDocument> documents, WallTime from,
                                  WallTime until, const SimulationLimits& limits,
                                  ByteView jitter_seed);

/// The numbers of a report and its first `rows_max` late ones as JSON.
std::string simulation_json(const SimulationReport& report, std::span<const SubjectFacts> inventory,
                            std::size_t rows_max);

}  // namespace kw::rotation
