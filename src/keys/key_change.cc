#include "keys/key_change.h"

#include "audit/change_log.h"
#include "base/failpoint.h"
#include "cluster/cluster.h"
#include "keys/proof.h"

namespace kw::keys {

namespace {

bool sets_aside(VersionState state) {
  return state == VersionState::kSuspended || state == VersionState::kDestroying;
}

// What a version remembers when it moves from `from` to `to`.
void remember(Version& version, VersionState from, VersionState to, WallTime now) {
  const VersionState former = version.state_before;
  if (sets_aside(to)) version.state_before = from;
  if (to == VersionState::kDestroying && from == VersionState::kSuspended)
    version.suspended_from = former;
  if (to == VersionState::kSuspended && from == VersionState::kDestroying)
    version.state_before = version.suspended_from;
  if (to == VersionState::kPrimary) {
    version.promoted_at = now;
    version.demoted_at.reset();
  }
  // Since then it protects nothing but, for a secondary, what its lease grace allows.
  const bool stops_protecting = from == VersionState::kActive && to == VersionState::kRetired;
  if (from == VersionState::kPrimary || stops_protecting) version.demoted_at = now;
  if (from == VersionState::kDestroying && to != VersionState::kDestroyed)
    version.destroy_after.reset();
}

// A reason explains a stop as long as it lasts. The reason of a revocation outlives a later
// destruction.
void give_reason(Version& version, VersionState from, VersionState to, std::string_view reason) {
  const bool stopped =
      sets_aside(to) || to == VersionState::kRevoked || to == VersionState::kDestroyed;
  const bool keeps = from == VersionState::kDestroying ||
                     (from == VersionState::kRevoked && !version.reason.empty());
  if (!stopped) {
    version.reason.clear();
  } else if (!keeps && !reason.empty()) {
    version.reason = reason;
  }
}

// A new version goes through the states before its first one in the same moment.
std::string_view way_to(VersionState first) {
  if (first == VersionState::kPrimary) return "via pending,active";
  if (first == VersionState::kActive) return "via pending";
  return {};
}

}  // namespace

seal::SealContext seal_context(const Key& key, const Version& version) {
  seal::SealContext context;
  context.label = "key-version";
  context.object = key.id.bytes();
  context.version = version.number;
  context.purpose = crypto::purpose_name(key.purpose);
  context.algorithm = crypto::info(version.algorithm).name;
  context.exportable = key.exportable;
  context.origin = version.origin;
  return context;
}

Result<PreparedPtr> prepared_or_new(const PreparedPtr& prepared, crypto::Algorithm algorithm) {
  if (!prepared) return Keyring::prepare(algorithm);
  if (prepared->algorithm == algorithm) return prepared;
  return error(Code::kInvalidArgument, "prepared_mismatch",
               "the prepared material is of another algorithm");
}

Version next_version(const Key& key, const Prepared& prepared, WallTime now) {
  Version version;
  version.number = static_cast<std::uint32_t>(key.versions.size()) + 1;
  version.algorithm = prepared.algorithm;
  version.origin = prepared.imported ? "imported" : "generated";
  version.public_key = prepared.material.public_key;
  version.created_at = now;
  version.epoch = 1;
  return version;
}

void move_state(Version& version, VersionState to, std::string_view reason, WallTime now) {
  const VersionState from = version.state;
  remember(version, from, to, now);
  give_reason(version, from, to, reason);
  version.state = to;
}

KeyChange::KeyChange(const Foundations& on, Change change, Key before)
    : on_(on), change_(change), key_(std::move(before)), now_(on.clock.wall()) {}

Status KeyChange::leaf(const Version& version, audit::Event event) {
  const std::string name = object();
  event.kind = "key-version";
  event.object = name;
  event.tenant = key_.tenant_name;
  event.version = version.number;
  KW_OK(on_.log.append(change_.tx, event));
  return ok();
}

Status KeyChange::leaf_about(const Version& version) {
  return leaf(version, change_.by);
}

Status KeyChange::leaf_about_key() {
  const std::string name = object();
  audit::Event event = change_.by;
  event.kind = "key";
  event.object = name;
  event.tenant = key_.tenant_name;
  KW_OK(on_.log.append(change_.tx, event));
  return ok();
}

Result<Version> KeyChange::seal(const Prepared& prepared) {
  Version version = next_version(key_, prepared, now_);
  KW_TRY(version.cell, on_.barrier.put(change_.tx, key_.tenant, seal_context(key_, version),
                                       prepared.material.secret));
  KW_FAILPOINT("keys.version.sealed");
  return version;
}

Result<std::uint32_t> KeyChange::add(Version version, VersionState state) {
  version.state = state;
  if (state == VersionState::kPrimary) {
    version.promoted_at = now_;
    key_.primary = version.number;
  }
  KW_OK(rows::insert_version(target(), key_.id, version));
  KW_OK(rows::insert_kid(change_.tx, key_, version));
  KW_FAILPOINT("keys.version.written");
  audit::Event event = change_.by;
  event.from_state = "none";
  event.to_state = state_name(state);
  event.note = way_to(state);
  KW_OK(leaf(version, event));
  key_.versions.push_back(std::move(version));
  return key_.versions.back().number;
}

Result<Version*> KeyChange::version(std::uint32_t number) {
  const Version* found = key_.version(number);
  if (found == nullptr) return error(Code::kNotFound, "not_found", "no such version");
  return const_cast<Version*>(found);
}

Status KeyChange::transition(Version& version, VersionState to, std::string_view reason) {
  const VersionState from = version.state;
  KW_OK(find_transition(from, to));
  move_state(version, to, reason, now_);
  if (to == VersionState::kPrimary) key_.primary = version.number;
  if (from == VersionState::kPrimary && key_.primary == version.number) key_.primary = 0;
  KW_OK(rows::update_version(target(), key_.id, version));
  KW_FAILPOINT("keys.version.moved");
  audit::Event event = change_.by;
  event.from_state = state_name(from);
  event.to_state = state_name(to);
  event.reason = reason;
  return leaf(version, event);
}

Status KeyChange::promote(std::uint32_t number) {
  KW_TRY(Version * next, version(number));
  KW_OK(find_transition(next->state, VersionState::kPrimary));
  if (key_.primary != 0) {
    KW_TRY(Version * old, version(key_.primary));
    KW_OK(transition(*old, VersionState::kSecondary));
    KW_FAILPOINT("keys.promote.demoted");
  }
  return transition(*next, VersionState::kPrimary);
}

Status KeyChange::prove_stored(const Version& version) {
  KW_TRY(const SecretBytes secret,
         on_.barrier.get(change_.tx, version.cell, seal_context(key_, version)));
  KW_TRY(const auto material, crypto::load(version.algorithm, secret));
  return prove(*material, key_.purpose);
}

Status KeyChange::erase(Version& version) {
  KW_OK(on_.barrier.erase(change_.tx, version.cell));
  KW_FAILPOINT("keys.version.erased");
  version.cell = 0;
  return ok();
}

Result<Key> KeyChange::finish_new() {
  KW_TRY(const bool written, rows::insert_key(target(), key_));
  if (!written) {
    return error(Code::kAlreadyExists, "already_exists", "a key with this name exists");
  }
  KW_OK(rows::write_labels(change_.tx, key_));
  KW_FAILPOINT("keys.key.written");
  KW_OK(cluster::announce(change_.tx, "key:" + key_.id.text()));
  return std::move(key_);
}

Result<Key> KeyChange::finish() {
  KW_OK(rows::update_key(target(), key_));
  KW_FAILPOINT("keys.key.changed");
  KW_OK(cluster::announce(change_.tx, "key:" + key_.id.text()));
  KW_FAILPOINT("keys.key.announced");
  return std::move(key_);
}

}  // namespace kw::keys
