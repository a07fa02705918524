// How far a compromise reaches: who held it, what it could do, who used it, what can be read with
// it. A value, and its two texts; docs/guide/emergency.md shows one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "rotation/incident_ports.h"

namespace kw::rotation {

struct BlastSubject {
  Subject subject;
  bool suspect = false;
  std::vector<VersionFacts> versions;  ///< all that are not destroyed
  std::vector<Holder> holders;
  std::vector<std::string> abilities;
  std::size_t descendants = 0;
  std::map<std::string, std::size_t> descendants_by_kind;
  std::vector<Use> uses;               ///< in the window
  std::int64_t uses_after_revoke = 0;  ///< tries that were refused
  std::vector<Readable> readable;
  /// Principals in `uses` that are registered consumers, and those that are not; consumers that
  /// did not use it.
  std::vector<std::string> expected, unknown, absent;
};

struct BlastRadius {
  std::string incident;
  WallTime made_at, from, to;  ///< the window of uses
  std::vector<BlastSubject> subjects;
  std::vector<std::string> outside;  ///< nodes that are only told
  std::vector<std::string> gaps;     ///< what could not be found out, and why: never silent

  /// Tenants whose ciphertext can be read, with counts.
  std::map<std::string, std::int64_t> readable_by_tenant() const;
};

/// Asks the ports about every subject. A port that fails is a gap, not an error.
struct BlastQuestion {
  std::string incident;
  WallTime from, to;
  std::vector<std::pair<Subject, bool>> subjects;  ///< and whether it is a suspect
  std::vector<std::string> outside;
};
BlastRadius measure_blast_radius(Compromise& compromise, UseHistory& history,
                                 const GraphModel& graph, const BlastQuestion& question);

std::string blast_radius_json(const BlastRadius& radius);
/// Plain text for a terminal; names that people chose are made harmless.
std::string blast_radius_table(const BlastRadius& radius);

}  // namespace kw::rotation
