// What becomes of versions and secrets: rolling back, deleting, destroying.
#include "base/failpoint.h"
#include "secrets/followers.h"
#include "secrets/secret_change.h"

namespace kw::secrets {

namespace {

using enum VersionState;

constexpr std::chrono::hours kJumpMax{1};
constexpr std::size_t kNamedMax = 5;

Error refused(std::string_view reason, std::string_view message) {
  return error(Code::kFailedPrecondition, reason, message);
}

Status check_unreferenced(rows::Source source, const Secret& secret) {
  KW_TRY(const auto behind, rows::dependents(source.reader, secret.tenant, secret.path));
  std::string names;
  std::size_t count = 0;
  for (const SecretId& id : behind) {
    KW_TRY(const auto other, rows::find_secret(source, id));
    if (!other || other->deleted_at || ++count > kNamedMax) continue;
    names += (names.empty() ? "" : ", ") + other->path;
  }
  if (count == 0) return ok();
  return refused("secret_referenced", "other secrets are made of it: " + names);
}

struct Due {
  SecretId secret;
  std::uint32_t version = 0;
};

Result<std::vector<Due>> find_due(store::Reader& reader, WallTime now) {
  KW_TRY(const store::Rows found,
         reader.query("SELECT secret_id, number FROM secret_version WHERE state = 'destroying'"
                      " AND destroy_after <= $1 ORDER BY destroy_after, secret_id LIMIT 1000",
                      {to_micros(now)}));
  std::vector<Due> due;
  for (const store::Row& row : found) {
    KW_TRY(const SecretId id, SecretId::from_bytes(row.bytes(0)));
    due.push_back({id, static_cast<std::uint32_t>(row.integer(1))});
  }
  return due;
}

// Reads and checks again inside the transaction: a cancellation may have come first.
Result<bool> destroy_one(const Foundations& on, Change change, const Due& due) {
  KW_TRY(auto secret, rows::find_secret({change.tx, on.barrier}, due.secret));
  if (!secret) return false;
  bool done = false;
  KW_OK(changed(on, change, *secret, [&](SecretChange& edit) -> Status {
    KW_TRY(Version * version, edit.version(due.version));
    const bool waits = version->state == kDestroying && version->destroy_after &&
                       *version->destroy_after <= edit.now();
    if (!waits) return ok();
    KW_OK(edit.erase(*version));
    done = true;
    return edit.transition(*version, kDestroyed);
  }));
  return done;
}

}  // namespace

Result<Secret> Secrets::roll_back(Change change, const Secret& secret, std::uint32_t to) {
  if (secret.deleted_at) return refused("secret_deleted", "the secret was deleted");
  if (!secret.target.empty())
    return refused("bound_secret",
                   "the target decides what it accepts: roll its run back, or rotate again");
  const Version* target = to == 0 ? secret.previous() : secret.version(to);
  if (target == nullptr && to != 0) return not_found();
  if (target == nullptr || target->state != kSecondary)
    return refused("nothing_to_roll_back_to", "only a secondary version can be primary again");
  const std::uint32_t number = target->number;
  return changed(on_, change, secret,
                 [number](SecretChange& edit) { return edit.promote(number); });
}

Result<Secret> Secrets::remove(Change change, const Secret& secret) {
  if (secret.deleted_at) return refused("secret_deleted", "the secret is deleted already");
  if (!secret.target.empty())
    return refused("secret_bound", "the secret is bound to a target: unbind it first");
  KW_OK(check_unreferenced({change.tx, on_.barrier}, secret));
  return changed(on_, change, secret, [](SecretChange& edit) -> Status {
    edit.secret().deleted_at = edit.now();
    edit.leaf_about(0, "deleted");
    return ok();
  });
}

Result<Secret> Secrets::undelete(Change change, const Secret& secret) {
  if (!secret.deleted_at) return refused("not_deleted", "the secret is not deleted");
  Leaves leaves;
  SecretChange edit(on_, change.tx, leaves, secret);
  edit.secret().deleted_at.reset();
  edit.leaf_about(0, "undeleted");
  KW_TRY(Secret after, edit.finish());
  // A template that was away catches up with what it is made of.
  KW_OK(follow_one(on_, change.tx, leaves, after.id));
  KW_OK(leaves.write(on_.log, change));
  return load(change.tx, after.tenant_name, after.path);
}

Result<Secret> Secrets::destroy(Change change, const Secret& secret, std::uint32_t version) {
  if (version == 0 && !secret.deleted_at)
    return refused("not_deleted", "all of a secret is destroyed only when it was deleted before");
  if (version != 0 && secret.version(version) == nullptr) return not_found();
  if (version != 0 && version == secret.primary && !secret.deleted_at)
    return refused("version_is_primary", "the primary version is in use: put another one first");
  return changed(on_, change, secret, [&](SecretChange& edit) -> Status {
    for (Version& each : edit.secret().versions) {
      const bool over = each.state == kDestroyed || each.state == kDestroying;
      if (version == 0 ? over : each.number != version) continue;
      each.destroy_after = edit.now() + options_.destroy_wait;
      if (over) return Status(rotation::find_transition(each.state, kDestroying).error());
      KW_OK(edit.lead(each, kDestroying, "request"));
    }
    return ok();
  });
}

Result<Secret> Secrets::cancel_destroy(Change change, const Secret& secret, std::uint32_t version) {
  const Version* found = secret.version(version);
  if (found == nullptr) return not_found();
  if (found->state != kDestroying)
    return refused("invalid_transition", "the version does not wait for its destruction");
  return changed(on_, change, secret, [&](SecretChange& edit) -> Status {
    KW_TRY(Version * kept, edit.version(version));
    return edit.transition(*kept, kept->state_before);
  });
}

Result<int> Secrets::destroy_due(const audit::Event& by) {
  const auto wall = on_.clock.wall() - wall_at_start_;
  const auto steady = on_.clock.steady() - steady_at_start_;
  if (wall - steady > kJumpMax)
    return refused("clock_jumped",
                   "the wall clock ran ahead of the monotonic clock; nothing is destroyed");
  std::vector<Due> due;
  KW_OK(on_.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(due, find_due(reader, on_.clock.wall()));
    return ok();
  }));
  int destroyed = 0;
  Status outcome;
  for (const Due& each : due) {
    bool done = false;
    Status written = on_.store.write(
        [&](store::Tx& tx) -> Status {
          KW_TRY(done, destroy_one(on_, Change{tx, by}, each));
          return ok();
        },
        store::Priority::kBackground);
    // One damaged secret must not keep the others alive: report it after the rest.
    destroyed += written && done ? 1 : 0;
    if (!written && outcome) outcome = std::move(written);
  }
  KW_OK(outcome);
  return destroyed;
}

}  // namespace kw::secrets
