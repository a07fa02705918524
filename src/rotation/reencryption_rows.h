// Rows of the quarantine list and of counted references.
#pragma once

#include <span>
#include <vector>

#include "rotation/reencryption.h"

namespace kw::rotation {

/// Adds or renews entries; first_at of a known entry stays.
Status put_quarantined(store::Tx& tx, const JobId& job, std::span<const Quarantined> entries);
/// Entries whose last pass is `pass`.
Result<std::int64_t> count_quarantined(store::Reader& reader, const JobId& job, int pass);
/// … and whose reason is `reason`.
Result<std::int64_t> count_quarantined(store::Reader& reader, const JobId& job, int pass,
                                       std::string_view reason);
Result<std::vector<Quarantined>> list_quarantined(store::Reader& reader, const JobId& job,
                                                  std::string_view after, int limit);
/// Sets every count of the job's key and place to zero, as counted at these times.
Status forget_references(store::Tx& tx, const Job& job, WallTime first, WallTime second);
Status put_reference(store::Tx& tx, const Reference& reference);
Result<std::vector<Reference>> list_references(store::Reader& reader, std::string_view tenant,
                                               std::string_view subject);

}  // namespace kw::rotation
