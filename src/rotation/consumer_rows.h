// Consumers, what they use and what they acknowledged, as rows.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "rotation/acknowledgement_gate.h"
#include "rotation/consumer.h"

namespace kw::rotation {

Status put_consumer(store::Tx& tx, const Consumer& consumer);
/// @returns how many were there: 0 or 1.
Result<std::int64_t> delete_consumer(store::Tx& tx, std::string_view tenant, std::string_view name);
/// With its subjects.
Result<std::optional<Consumer>> load_consumer(store::Reader& reader, std::string_view tenant,
                                              std::string_view name);
Result<std::optional<std::string>> load_speaker(store::Reader& reader, std::string_view tenant,
                                                std::string_view name);
/// Without their subjects, by name.
Result<std::vector<Consumer>> select_consumers(store::Reader& reader, std::string_view tenant,
                                               std::string_view after, int limit);
/// @returns rows changed: 0 when there is no such consumer.
Result<std::int64_t> touch_consumer(store::Tx& tx, std::string_view tenant, std::string_view name,
                                    WallTime now);
Result<bool> is_canary_of(store::Reader& reader, const Subject& subject, std::string_view consumer);
Result<bool> is_used_by(store::Reader& reader, const Subject& subject, std::string_view consumer);

struct AckRow {
  std::string_view consumer, instance;
  std::uint32_t version = 0;
  Grade grade = Grade::kLoaded;
  WallTime observed_at;
};
/// @returns true when this grade was new.
Result<bool> put_ack(store::Tx& tx, const Subject& subject, const AckRow& ack, WallTime now);
Result<std::int64_t> count_instances(store::Reader& reader, const Subject& subject,
                                     std::string_view consumer);

/// Everyone who uses the subject, and what they said; at most 10,000 of each.
Result<Consumption> load_consumption(store::Reader& reader, const Subject& subject, WallTime now);
/// Those of the subjects that somebody uses.
Result<std::set<Subject>> used_subjects(store::Reader& reader,
                                        std::span<const Subject* const> subjects);
/// Of each used subject of a tenant the slowest consumer.
Result<std::map<Subject, ConsumerTiming>> slowest_consumers(store::Reader& reader,
                                                            std::string_view tenant);
/// The longest refresh of the subject's consumers; 0 without any.
Result<Seconds> longest_refresh(store::Reader& reader, const Subject& subject);

}  // namespace kw::rotation
