// The retirement gate: may this version be retired, archived or destroyed now, and if not, what is
// in the way.
#pragma once

#include <string>
#include <vector>

#include "keys/keyring.h"
#include "keys/usage.h"

namespace kw::keys {

/// One thing in the way. `kind` is stable: "in_use", "wraps", "lease_grace", "primary", "holder".
struct Blocker {
  std::string kind;
  std::string where;        ///< caller, table or key that it concerns
  std::int64_t amount = 0;  ///< uses in the window, sealed objects, seconds of grace left
  std::string clears_when;  ///< one phrase: "no use for 1 h", "2026-11-20T14:05:00Z"
};
struct Readiness {
  bool ready = false;
  std::optional<WallTime> not_before;
  std::vector<Blocker> blockers;
};

/// Which uses are in the way.
enum class Counted : std::uint8_t {
  kEvery,
  kProtecting,  ///< what a retired version may not do any more
};

/// @param target  retired, archived or destroying.  @param quiet  how long there must have been no
/// use (default 1 h; archive 24 h;
///   destroy 30 d; never less than the key's lease grace).
Result<Readiness> readiness(const Key& key, const Version& version, VersionState target,
                            UsageLedger& usage, const Clock& clock,
                            std::optional<std::chrono::seconds> quiet,
                            Counted counted = Counted::kEvery);

}  // namespace kw::keys
