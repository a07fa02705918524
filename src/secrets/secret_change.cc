#include "secrets/secret_change.h"

#include "base/failpoint.h"
#include "cluster/cluster.h"
#include "secrets/fingerprint.h"
#include "secrets/followers.h"

namespace kw::secrets {

namespace {

using enum VersionState;

bool sets_aside(VersionState state) {
  return state == kSuspended || state == kDestroying;
}

// What a version remembers when it moves from `from` to `to`.
void remember(Version& version, VersionState from, VersionState to, WallTime now) {
  const VersionState former = version.state_before;
  if (sets_aside(to)) version.state_before = from;
  if (to == kDestroying && from == kSuspended) version.suspended_from = former;
  if (to == kSuspended && from == kDestroying) version.state_before = version.suspended_from;
  if (to == kPrimary) {
    version.promoted_at = now;
    version.demoted_at.reset();
  }
  if (from == kPrimary || (from == kActive && to == kRetired)) version.demoted_at = now;
  if (from == kDestroying && to != kDestroyed) version.destroy_after.reset();
}

// A reason explains a stop as long as it lasts; that of a revocation outlives a later destruction.
void give_reason(Version& version, VersionState from, VersionState to, std::string_view reason) {
  const bool stopped = sets_aside(to) || to == kRevoked || to == kDestroyed;
  const bool keeps = from == kDestroying || (from == kRevoked && !version.reason.empty());
  if (!stopped) {
    version.reason.clear();
  } else if (!keeps && !reason.empty()) {
    version.reason = reason;
  }
}

std::string_view way_to(VersionState first) {
  if (first == kPrimary) return "via pending,active";
  return first == kActive ? "via pending" : "";
}

// The states that lead from `from` to `to`; empty: it is there, or there is no way.
std::vector<VersionState> way(VersionState from, VersionState to) {
  if (from == to) return {};
  if (rotation::find_transition(from, to)) return {to};
  if (from == kSecondary || from == kActive) {
    if (to == kArchived) return {kRetired, kArchived};
    if (to == kDestroying) return {kRetired, kArchived, kDestroying};
  }
  if (from == kRetired && to == kDestroying) return {kArchived, kDestroying};
  if (from == kPrimary && to == kDestroying) return {kSuspended, kDestroying};
  return {to};  // refused, with the pair in its words
}

}  // namespace

Status Leaves::write(audit::ChangeLog& log, Change change) const {
  std::vector<audit::Event> events;
  events.reserve(leaves_.size());
  for (const Leaf& leaf : leaves_) {
    audit::Event event = change.by;
    event.kind = leaf.kind;
    event.object = leaf.object;
    event.tenant = leaf.tenant;
    event.version = leaf.version;
    event.from_state = leaf.from;
    event.to_state = leaf.to;
    if (!leaf.reason.empty()) event.reason = leaf.reason;
    if (!leaf.note.empty()) event.note = leaf.note;
    events.push_back(event);
  }
  if (events.empty()) return ok();
  KW_OK(log.append_all(change.tx, events));
  return ok();
}

seal::SealContext seal_context(const Secret& secret, std::uint32_t version) {
  seal::SealContext context;
  context.label = "secret-version";
  context.object = secret.id.bytes();
  context.version = version;
  context.purpose = shape_name(secret.shape);
  context.exportable = true;
  return context;
}

Result<Value> open_value(rows::Source source, const Secret& secret, const Version& version) {
  if (version.cell == 0)
    return error(Code::kFailedPrecondition, "version_state", "the version was destroyed");
  KW_TRY(SecretBytes form,
         source.barrier.get(source.reader, version.cell, seal_context(secret, version.number)));
  return Value::from_sealed(secret.shape, std::move(form));
}

SecretChange::SecretChange(const Foundations& on, store::Tx& tx, Leaves& leaves, Secret before)
    : on_(on), tx_(tx), leaves_(leaves), secret_(std::move(before)), now_(on.clock.wall()) {}

Result<Version> SecretChange::seal(const Value& value, std::string_view origin) {
  Version version;
  version.number = static_cast<std::uint32_t>(secret_.versions.size()) + 1;
  version.origin = origin;
  version.created_at = now_;
  version.epoch = 1;
  KW_TRY(version.cell, on_.barrier.put(tx_, secret_.tenant, seal_context(secret_, version.number),
                                       value.sealed_form()));
  KW_OK(index_value(tx_, on_.barrier, secret_.id, version.number, value));
  KW_FAILPOINT("secrets.version.sealed");
  return version;
}

Result<std::uint32_t> SecretChange::add(Version version, VersionState state) {
  version.state = state;
  if (state == kPrimary) {
    version.promoted_at = now_;
    secret_.primary = version.number;
  }
  KW_OK(rows::insert_version(sink(), secret_.id, version));
  KW_FAILPOINT("secrets.version.written");
  leaves_.add({"secret-version", object(), secret_.tenant_name, "none",
               std::string(rotation::state_name(state)), "", std::string(way_to(state)),
               version.number});
  secret_.versions.push_back(std::move(version));
  return secret_.versions.back().number;
}

Result<Version*> SecretChange::version(std::uint32_t number) {
  const Version* found = secret_.version(number);
  if (found == nullptr) return error(Code::kNotFound, "not_found", "no such version");
  return const_cast<Version*>(found);
}

Status SecretChange::transition(Version& version, VersionState to, std::string_view reason) {
  const VersionState from = version.state;
  KW_OK(rotation::find_transition(from, to));
  remember(version, from, to, now_);
  give_reason(version, from, to, reason);
  version.state = to;
  if (to == kPrimary) secret_.primary = version.number;
  if (from == kPrimary && secret_.primary == version.number) secret_.primary = 0;
  KW_OK(rows::update_version(sink(), secret_.id, version));
  KW_FAILPOINT("secrets.version.moved");
  leaves_.add({"secret-version", object(), secret_.tenant_name,
               std::string(rotation::state_name(from)), std::string(rotation::state_name(to)),
               std::string(reason), "", version.number});
  return ok();
}

Status SecretChange::lead(Version& version, VersionState to, std::string_view reason) {
  for (const VersionState next : way(version.state, to)) KW_OK(transition(version, next, reason));
  return ok();
}

Status SecretChange::promote(std::uint32_t number) {
  KW_TRY(Version * next, version(number));
  if (next->state == kPending) KW_OK(transition(*next, kActive));
  KW_OK(rotation::find_transition(next->state, kPrimary));
  if (secret_.primary != 0) {
    KW_TRY(Version * old, version(secret_.primary));
    KW_OK(transition(*old, kSecondary));
    KW_FAILPOINT("secrets.promote.demoted");
  }
  return transition(*next, kPrimary);
}

Status SecretChange::mark(Version& version, std::optional<WallTime> since) {
  version.compromised_at = since;
  return rows::update_version(sink(), secret_.id, version);
}

Result<Value> SecretChange::value(const Version& version) {
  return open_value({tx_, on_.barrier}, secret_, version);
}

Status SecretChange::retire_others(std::uint32_t kept) {
  for (Version& each : secret_.versions)
    if (each.state == kSecondary && each.number != kept) KW_OK(transition(each, kRetired));
  return ok();
}

Status SecretChange::erase(Version& version) {
  KW_OK(on_.barrier.erase(tx_, version.cell));
  KW_OK(unindex_version(tx_, secret_.id, version.number));
  KW_FAILPOINT("secrets.version.erased");
  version.cell = 0;
  return ok();
}

void SecretChange::leaf_about(std::uint32_t version, std::string_view note) {
  leaves_.add({version == 0 ? "secret" : "secret-version", object(), secret_.tenant_name, "", "",
               "", std::string(note), version});
}

Status SecretChange::announce() {
  return cluster::announce(tx_, "secret:" + secret_.id.text());
}

Result<Secret> SecretChange::finish_new() {
  KW_TRY(const bool written, rows::insert_secret(sink(), secret_));
  if (!written)
    return error(Code::kAlreadyExists, "already_exists", "a secret with this path exists");
  KW_FAILPOINT("secrets.secret.written");
  KW_OK(announce());
  return std::move(secret_);
}

Result<Secret> SecretChange::finish() {
  KW_OK(rows::update_secret(sink(), secret_));
  KW_FAILPOINT("secrets.secret.changed");
  KW_OK(announce());
  KW_OK(follow(on_, tx_, leaves_, secret_));
  KW_FAILPOINT("secrets.secret.followed");
  return std::move(secret_);
}

}  // namespace kw::secrets
