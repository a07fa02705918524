// What was promised about a log: the sizes and roots in its checkpoints and anchors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/note.h"
#include "audit/verifier.h"

namespace kw::audit {

struct Claim {
  std::uint64_t size = 0;
  Hash root{};
};

/// An "audit.anchor" leaf of the change log.
struct Anchor {
  std::string node;
  Claim claim;
};

/// Claims in ascending order of size, one per size.
class Claims {
 public:
  /// Reads the notes of a `checkpoints` file, in which sizes never shrink. Notes that are not
  /// signed by `key` are left out; the first one and the first contradiction are told in `report`.
  void add_notes(std::string_view file, const std::optional<VerifierKey>& key, LogReport& report);
  void add(const Claim& claim, const std::string& place, LogReport& report);
  const std::vector<Claim>& list() const { return claims_; }
  /// The largest size that is claimed; 0 without claims.
  std::uint64_t size() const { return claims_.empty() ? 0 : claims_.back().size; }

 private:
  std::vector<Claim> claims_;
};

/// Tells a problem of the log as a whole, unless one is told already.
void tell(LogReport& report, std::string_view problem, std::string place);
/// Tells a bad record: it outranks problems of the log as a whole, and the first one stays.
void tell_record(LogReport& report, std::string_view problem, std::uint64_t index,
                 std::string place);

}  // namespace kw::audit
