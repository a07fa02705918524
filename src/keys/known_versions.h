// What is known of a key's versions before they are read: of a key that is held only those that may
// have changed since are read (ADR 25). Private to the rows.
#pragma once

#include <memory>
#include <vector>

#include "keys/rows.h"

namespace kw::keys::rows {

/// What is known of a key's versions without reading them: those before `from`.
struct Known {
  std::shared_ptr<const Key> held;
  std::uint32_t from = 1;
  bool all = false;  ///< nothing has changed since

  std::vector<Version> versions() const;
};

Known known_of(Source source, const KeyRow& row);
/// Those that are known, and those that are read; ascending.
Result<std::vector<Version>> read_versions(Source source, const KeyRow& row, const Known& known);
/// The whole key. Where `versions` do not fit its row, what was known was wrong: all are read.
Result<Key> completed(Source source, KeyRow row, const Known& known, std::vector<Version> versions);
/// True when the versions (ascending) are all that the row counts, and agree with it.
bool fits(const KeyRow& row, const std::vector<Version>& versions);

}  // namespace kw::keys::rows
