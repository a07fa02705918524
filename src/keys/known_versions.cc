#include "keys/known_versions.h"

#include <algorithm>

namespace kw::keys::rows {

bool fits(const KeyRow& row, const std::vector<Version>& versions) {
  if (static_cast<std::int64_t>(versions.size()) + 1 != row.next_version) return false;
  std::uint32_t number = 0, primary = 0;
  std::int64_t changes = 0;
  for (const Version& each : versions) {
    if (each.number != ++number) return false;
    if (each.state == VersionState::kPrimary && primary != 0) return false;
    if (each.state == VersionState::kPrimary) primary = number;
    changes += each.epoch;
  }
  return primary == row.key.primary && changes == row.version_changes;
}

std::vector<Version> Known::versions() const {
  if (!held) return {};
  return {held->versions.begin(), held->versions.begin() + (from - 1)};
}

// A rotation changes the newest versions, and those that are or were offered to callers. This is a
// guess: row MACs and the sum of epochs in the key row prove it, and a wrong one is read in full.
Known known_of(Source source, const KeyRow& row) {
  constexpr std::uint32_t kRecent = 4;
  if (source.held == nullptr) return {};
  auto held = source.held->held(row.key.id);
  if (!held || held->epoch > row.key.epoch) return {};
  const auto count = static_cast<std::uint32_t>(held->versions.size());
  if (held->epoch == row.key.epoch) return {std::move(held), count + 1, true};
  std::uint32_t from = count > kRecent ? count - kRecent + 1 : 1;
  for (const std::uint32_t each :
       {held->primary, row.key.primary, held->rollout.version, row.key.rollout.version})
    if (each != 0) from = std::min(from, each);
  return {std::move(held), from, false};
}

Result<std::vector<Version>> read_versions(Source source, const KeyRow& row, const Known& known) {
  static const std::string kSql = "SELECT " + std::string(kVersionColumns) +
                                  " FROM key_version v WHERE v.key_id = $1 AND v.number >= $2"
                                  " ORDER BY v.number";
  std::vector<Version> versions = known.versions();
  if (known.all) return versions;
  KW_TRY(const store::Rows rows, source.reader.query(kSql, {row.key.id.bytes(), known.from}));
  KW_TRY(seal::RowMacs macs, source.barrier.row_macs());
  versions.reserve(versions.size() + rows.size() + 1);
  for (const store::Row& each : rows) {
    KW_TRY(Version version, version_of(macs, each));
    versions.push_back(std::move(version));
  }
  return versions;
}

Result<Key> completed(Source source, KeyRow row, const Known& known,
                      std::vector<Version> versions) {
  if (known.held && !fits(row, versions)) {
    KW_TRY(versions, read_versions(source, row, Known()));
  }
  return complete_key(std::move(row), std::move(versions));
}

}  // namespace kw::keys::rows
