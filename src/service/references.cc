#include "service/references.h"

#include <algorithm>
#include <set>

#include "keys/usage.h"

namespace kw::service {

namespace {

using keys::VersionState;
using rotation::Reference;

/// What is known of a version in one place.
struct Count {
  std::int64_t items = 0;
  WallTime first_at, second_at;
};

std::vector<std::string> stores_of(const House& house, const keys::Key& key) {
  std::vector<std::string> names;
  for (const connectors::DataPlace& place : house.rotation.places.all())
    if (place.tenant == key.tenant_name && place.key == key.name) names.push_back(place.name);
  return names;
}

// From when on nobody writes under the version any more; nothing while somebody may. A version that
// never was primary has protected only where it was named.
std::optional<WallTime> write_fence(const keys::Key& key, const keys::Version& version) {
  const auto state = version.state;
  if (state == VersionState::kPrimary || state == VersionState::kActive ||
      state == VersionState::kPending)
    return std::nullopt;
  return version.demoted_at ? *version.demoted_at + key.lease_grace : version.created_at;
}

// A count is of a whole place: a version that it does not mention was not there.
std::optional<Count> count_of(const std::vector<Reference>& references, std::string_view place,
                              std::uint32_t version) {
  std::optional<Count> newest;
  for (const Reference& row : references) {
    if (row.place != place) continue;
    if (row.version == version) return Count{row.items, row.first_at, row.second_at};
    if (!newest || row.second_at > newest->second_at)
      newest = Count{0, row.first_at, row.second_at};
  }
  return newest;
}

// For the proof: the silence of a count, spelled out.
std::vector<Reference> spelled_out(const std::vector<Reference>& references,
                                   const std::vector<std::string>& stores, std::uint32_t version) {
  std::vector<Reference> all = references;
  for (const std::string& store : stores) {
    const auto count = count_of(references, store, version);
    const bool there = std::any_of(references.begin(), references.end(), [&](const auto& row) {
      return row.place == store && row.version == version;
    });
    if (!count || there) continue;
    Reference zero;
    zero.place = store;
    zero.version = version;
    zero.first_at = count->first_at;
    zero.second_at = count->second_at;
    all.push_back(zero);
  }
  return all;
}

Result<rotation::ReferenceProof> prove(House& house, const keys::Key& key,
                                       const keys::Version& version,
                                       const std::vector<std::string>& stores,
                                       const std::vector<Reference>& references) {
  const WallTime now = house.clock.wall();
  rotation::ReferenceFacts facts;
  facts.version = version.number;
  facts.fenced_at = write_fence(key, version);
  if (facts.fenced_at && *facts.fenced_at > now) facts.fenced_at.reset();
  facts.places = stores;
  facts.references = spelled_out(references, stores, version.number);
  facts.meter_since = key.created_at;  // every use is counted from the first on
  KW_TRY(const auto rows, house.usage.usage(key.id, now - facts.quiet));
  for (const keys::UsageRow& row : rows) {
    if (row.version != version.number) continue;
    facts.last_processed = std::max(facts.last_processed.value_or(row.last_at), row.last_at);
  }
  return rotation::ReferenceProof::of(facts, now);
}

keys::Blocker blocker(const std::string& store, std::int64_t items, const std::string& clears) {
  return {"references", store, items, clears};
}

}  // namespace

Result<ReferenceReport> key_references(House& house, Call& call,
                                       std::optional<std::uint32_t> version) {
  using Key = std::shared_ptr<const keys::Key>;
  return consulted_key<ReferenceReport>(
      house, call, [&](const Key& key) -> Result<ReferenceReport> {
        ReferenceReport report;
        report.stores = stores_of(house, *key);
        KW_TRY(report.references,
               house.rotation.reencryption.references(key->tenant_name, key->name));
        if (!version) return report;
        const keys::Version* found = key->version(*version);
        if (found == nullptr) return not_found();
        KW_TRY(report.proof, prove(house, *key, *found, report.stores, report.references));
        return report;
      });
}

Status add_reference_blockers(House& house, const keys::Key& key, const keys::Version& version,
                              VersionState target, keys::Readiness& readiness) {
  if (target != VersionState::kArchived && target != VersionState::kDestroying) return ok();
  KW_TRY(const auto references, house.rotation.reencryption.references(key.tenant_name, key.name));
  std::set<std::string> stores;
  for (const std::string& store : stores_of(house, key)) stores.insert(store);
  const std::set<std::string> registered = stores;
  for (const Reference& row : references) stores.insert(row.place);
  const auto fence = write_fence(key, version);
  for (const std::string& store : stores) {
    const auto count = count_of(references, store, version.number);
    const std::string job = "keywright job start " + store;
    if (count && count->items > 0) {
      readiness.blockers.push_back(blocker(store, count->items, "re-encrypted: " + job));
    } else if (!registered.contains(store)) {
      continue;  // counted to zero once, and not configured any more
    } else if (!count) {
      readiness.blockers.push_back(blocker(store, 0, "counted: " + job));
    } else if (!fence || count->first_at < *fence) {
      std::string wanted = "counted";
      if (fence) wanted.append(" after ").append(rfc3339(*fence));
      readiness.blockers.push_back(blocker(store, 0, wanted.append(": ").append(job)));
    }
  }
  readiness.ready = readiness.blockers.empty();
  return ok();
}

}  // namespace kw::service
