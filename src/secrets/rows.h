// How secrets and their versions lie in the store: canonical encodings, row MACs, compare-and-swap.
// Every row that comes out of here has been authenticated. Private to the room.
#pragma once

#include <optional>
#include <vector>

#include "seal/barrier.h"
#include "secrets/model.h"
#include "store/store.h"

namespace kw::secrets::rows {

/// Where rows are read, and what authenticates them.
struct Source {
  store::Reader& reader;
  seal::Barrier& barrier;
};
/// Where rows are written.
struct Sink {
  store::Tx& tx;
  seal::Barrier& barrier;
};

/// The columns that secret_of reads, in order, from `secret_object s`.
inline constexpr std::string_view kSecretColumns =
    "s.id, s.tenant, s.path, s.shape, s.type, s.owner, s.classification, s.description, s.regions, "
    "s.labels, s.generator, s.template, s.target, s.account, s.created_at, s.deleted_at, "
    "s.primary_version, s.rollout_version, s.rollout_percent, s.rollout_salt, s.next_version, "
    "s.version_changes, s.epoch, s.mac, s.tenant_name, "
    "s.instructions";

/// @errors of all reads: kDataLoss(row_tampered), kUnavailable(sealed), and the store's.
Result<std::optional<Secret>> find_secret(Source source, std::int64_t tenant,
                                          std::string_view path);
Result<std::optional<Secret>> find_secret(Source source, const SecretId& id);
/// The secret of this row; its versions are read. @errors kDataLoss(row_tampered): also when rows
/// of versions are missing, older than the secret's row, or disagree on the primary.
Result<Secret> secret_of(Source source, const store::Row& row);
/// @returns false when the path is taken.
Result<bool> insert_secret(Sink sink, const Secret& secret);
/// Writes the row with the epoch raised by one. @errors kAborted(stale_epoch)
Status update_secret(Sink sink, Secret& secret);

Result<std::vector<Version>> versions_of(Source source, const SecretId& id);
Status insert_version(Sink sink, const SecretId& id, const Version& version);
/// Writes the row with the epoch raised by one. @errors kAborted(stale_epoch)
Status update_version(Sink sink, const SecretId& id, Version& version);

/// Replaces what a template refers to.
Status write_references(store::Tx& tx, const Secret& secret, const std::vector<std::string>& paths);
/// The templates that refer to the path; at most 1,000.
Result<std::vector<SecretId>> dependents(store::Reader& reader, std::int64_t tenant,
                                         std::string_view path);

std::string settings_text(const Settings& settings);
Result<Settings> parse_settings(std::string_view text);
std::optional<std::int64_t> micros(const std::optional<WallTime>& time);
std::optional<WallTime> time_of(const std::optional<std::int64_t>& stored);
void write_time(ByteWriter& out, const std::optional<WallTime>& time);

Error tampered();
Error stale_epoch();

}  // namespace kw::secrets::rows
