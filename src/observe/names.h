// The names of the metrics, each in one place, with its labels and its unit. Counters end in
// `_total`.
#pragma once

#include <string_view>

namespace kw::observe::names {

/// Counter {operation, outcome}: calls of the service. `outcome` is "ok" or the code's name.
inline constexpr std::string_view kOperations = "keywright_operations_total";
/// Histogram {operation}, seconds: from admission to the answer, audit included.
inline constexpr std::string_view kOperationSeconds = "keywright_operation_seconds";
/// Counter {status}: HTTP answers.
inline constexpr std::string_view kHttpRequests = "keywright_http_requests_total";
/// Counter: requests refused by a rate limit, before parsing.
inline constexpr std::string_view kRateLimited = "keywright_rate_limited_total";

/// Counter: audit records made durable.
inline constexpr std::string_view kAuditRecords = "keywright_audit_records_total";
/// Gauge: records in the last group that was made durable at once.
inline constexpr std::string_view kAuditGroupSize = "keywright_audit_group_size";
/// Histogram, seconds: commits of the store.
inline constexpr std::string_view kStoreCommitSeconds = "keywright_store_commit_seconds";

/// Gauge: 1 while sealed, else 0.
inline constexpr std::string_view kSealed = "keywright_sealed";
/// Counter: key versions wrapped anew under a newer key-encryption key.
inline constexpr std::string_view kKekRewrapped = "keywright_kek_rewrapped_total";
/// Counters: key versions found, and not found, in memory.
inline constexpr std::string_view kKeyCacheHits = "keywright_key_cache_hits_total";
inline constexpr std::string_view kKeyCacheMisses = "keywright_key_cache_misses_total";
/// Counter: verifications that named a kid that no version of the key has.
inline constexpr std::string_view kUnknownKid = "rotation_unknown_kid_total";
/// Counter {operation}: uses of revoked versions that were asked for; none was granted.
inline constexpr std::string_view kCompromisedUse = "rotation_compromised_use_total";
/// Gauges: durable records of this node's access log, and those that an anchor in the change log
/// commits to.
inline constexpr std::string_view kAuditDurable = "keywright_audit_durable_records";
inline constexpr std::string_view kAuditAnchored = "keywright_audit_anchored_records";
/// Gauges: open incidents without drills, and seconds to the nearest of their deadlines (0 without
/// any, negative when it has passed).
inline constexpr std::string_view kIncidentsOpen = "rotation_incidents_open";
inline constexpr std::string_view kIncidentSecondsLeft = "rotation_incident_seconds_left";
/// Gauge: when the newest drill was closed, seconds since 1970; 0 when there was none.
inline constexpr std::string_view kDrillAt = "rotation_incident_drill_timestamp_seconds";
/// Gauge: items that running re-encryption jobs have before them.
inline constexpr std::string_view kReencryptRemaining = "rotation_reencrypt_remaining";
/// Gauges: leases of dynamic credentials that are not revoked, and those that are over for more
/// than a minute and may still work: alert when it stays above 0.
inline constexpr std::string_view kLeasesOpen = "secrets_leases_open";
inline constexpr std::string_view kLeasesLate = "secrets_leases_late";
/// Gauge {type}, 0 to 1: uses or bytes of a primary against its policy's limit, the largest of the
/// type.
inline constexpr std::string_view kKeyOpsRatio = "rotation_key_ops_ratio";

}  // namespace kw::observe::names
