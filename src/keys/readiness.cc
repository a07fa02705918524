#include "keys/readiness.h"

#include <algorithm>
#include <map>

namespace kw::keys {

namespace {

using std::chrono::seconds;

// Quiet times before a version may go (docs/guide/keys.md); never less than its lease grace.
seconds quiet_time(VersionState target, const Key& key, std::optional<seconds> wanted) {
  constexpr seconds kRetire{3600};
  constexpr seconds kArchive{24 * 3600};
  constexpr seconds kDestroy{30LL * 24 * 3600};
  const seconds standard = target == VersionState::kRetired    ? kRetire
                           : target == VersionState::kArchived ? kArchive
                                                               : kDestroy;
  return std::max(wanted.value_or(standard), key.lease_grace);
}

std::string seconds_text(seconds time) {
  return "no use for " + std::to_string(time.count()) + " s";
}

}  // namespace

Result<Readiness> readiness(const Key& key, const Version& version, VersionState target,
                            UsageLedger& usage, const Clock& clock, std::optional<seconds> quiet,
                            Counted counted) {
  const WallTime now = clock.wall();
  const seconds needed = quiet_time(target, key, quiet);
  Readiness result;
  const auto not_before = [&](WallTime time) {
    result.not_before = std::max(result.not_before.value_or(time), time);
  };

  if (version.state == VersionState::kPrimary)
    result.blockers.push_back({"primary", key.name, 1, "another version is primary"});

  if (version.state == VersionState::kSecondary && version.demoted_at) {
    const WallTime closes = *version.demoted_at + key.lease_grace;
    if (closes > now) {
      result.blockers.push_back({"lease_grace", key.name,
                                 std::chrono::ceil<seconds>(closes - now).count(),
                                 rfc3339(closes)});
      not_before(closes);
    }
  }

  KW_TRY(const auto rows, usage.usage(key.id, now - needed));
  struct Seen {
    std::int64_t uses = 0;
    WallTime last;
  };
  std::map<std::string, Seen> callers;
  for (const UsageRow& row : rows) {
    if (row.version != version.number || row.last_at <= now - needed) continue;
    if (counted == Counted::kProtecting && !protects(row.operation)) continue;
    Seen& seen = callers[row.caller];
    seen.uses += row.count;
    seen.last = std::max(seen.last, row.last_at);
  }
  for (const auto& [caller, seen] : callers) {
    result.blockers.push_back({"in_use", caller, seen.uses, seconds_text(needed)});
    not_before(seen.last + needed);
  }
  result.ready = result.blockers.empty();
  return result;
}

}  // namespace kw::keys
