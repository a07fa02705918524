#include "service/keys.h"

#include "service/references.h"
#include "service/rotation_runs.h"

namespace kw::service {

namespace {

using keys::VersionState;

constexpr std::size_t kVersionsAtOnce = 64;

using KeyChange = std::function<Result<keys::Key>(keys::Change, const keys::Key&)>;

// Runs `change` on the key as the transaction sees it, then drops our snapshot of it.
Result<keys::Key> change_key(House& house, Call& call, const Guarded& guarded,
                             const KeyChange& body, const Wording<keys::Key>& wording) {
  std::optional<keys::Key> changed;
  KW_OK(transact(house, call, guarded, [&](keys::Change change) -> Status {
    KW_TRY(const keys::Key current, house.keyring.load(change.tx, call.tenant, call.object));
    KW_TRY(changed, body(change, current));
    keep(call, wording, *changed);
    return ok();
  }));
  house.keyring.refresh(changed->id);
  return *std::move(changed);
}

// Each name is asked for: a policy about names holds for a batch too.
Status authorise_each(House& house, Call& call, const std::vector<keys::NewKey>& wanted) {
  for (const keys::NewKey& key : wanted) {
    call.object = key.name.text();
    KW_OK(authorise(house, call, {}));
  }
  call.object.clear();
  return ok();
}

bool gated(VersionState target) {
  return target == VersionState::kRetired || target == VersionState::kArchived ||
         target == VersionState::kDestroying;
}

// The retirement gate. Leaving a stronger stop (suspended, archived) is not a retirement.
Status pass_gate(House& house, Call& call, const keys::Key& key, const VersionMove& wanted) {
  const keys::Version* version = key.version(wanted.version);
  if (version == nullptr) return not_found();
  KW_TRY(const keys::Transition transition, keys::find_transition(version->state, wanted.move.to));
  const bool leaving_a_stop = transition.rule == "S7b" || transition.rule == "S11";
  if (!gated(wanted.move.to) || leaving_a_stop || wanted.override_readiness) return ok();
  KW_TRY(keys::Readiness readiness,
         keys::readiness(key, *version, wanted.move.to, house.usage, house.clock, std::nullopt));
  KW_OK(add_reference_blockers(house, key, *version, wanted.move.to, readiness));
  if (readiness.ready) return ok();
  call.details.blockers = std::move(readiness.blockers);
  return error(Code::kFailedPrecondition, "not_ready",
               "the version is still needed; see its blockers");
}

// While a run of the key is open, the run alone moves its versions and says which one is primary.
// Containment does not wait for it.
Status pass_run(House& house, Call& call, store::Reader& reader, const VersionMove& wanted) {
  if (wanted.move.to == VersionState::kRevoked || wanted.move.to == VersionState::kSuspended)
    return ok();
  const rotation::Subject subject{"key", call.tenant, call.object};
  KW_TRY(const auto run, house.rotation.runs.open_run(reader, subject));
  if (!run) return ok();
  const bool its_own = wanted.version == run->from_version || wanted.version == run->to_version;
  if (!its_own && wanted.move.to != VersionState::kPrimary) return ok();
  return require_no_run(house, call, reader, subject);
}

Status change_alias(House& house, Call& call, const Wording<Done>& wording, const Work& work) {
  const auto body = [&]() -> Status {
    KW_OK(authorise(house, call, {}));
    return transact(house, call, {}, [&](keys::Change change) -> Status {
      keep(call, wording, Done{});
      return work(change);
    });
  };
  Status outcome = body();
  if (!outcome) KW_OK(record_and_wait(house, call, outcome));
  return outcome;
}

std::string summary_of(const Call& call, const VersionMove& wanted) {
  return std::string(call.operation->action) + " " + call.tenant + ":" + call.object + "@" +
         std::to_string(wanted.version) +
         (wanted.override_readiness ? ", overriding its blockers" : "");
}

}  // namespace

Result<keys::Key> create_key(House& house, Call& call, const keys::NewKey& wanted,
                             const Wording<keys::Key>& wording) {
  return recorded<keys::Key>(house, call, [&]() -> Result<keys::Key> {
    KW_OK(authorise(house, call, {}));
    // Generated before the transaction: an RSA key would hold up every other write for seconds.
    keys::NewKey ready = wanted;
    KW_TRY(ready.prepared, keys::Keyring::prepare(wanted.algorithm));
    std::optional<keys::Key> made;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(made, house.keyring.create(change, call.tenant, ready));
      keep(call, wording, *made);
      return ok();
    }));
    house.keyring.forget(made->id);
    return *std::move(made);
  });
}

Result<std::vector<keys::Key>> create_keys(House& house, Call& call,
                                           const std::vector<keys::NewKey>& wanted,
                                           const Wording<std::vector<keys::Key>>& wording) {
  return recorded<std::vector<keys::Key>>(house, call, [&]() -> Result<std::vector<keys::Key>> {
    KW_OK(authorise_each(house, call, wanted));
    std::vector<keys::NewKey> ready = wanted;
    for (keys::NewKey& one : ready) {
      KW_TRY(one.prepared, keys::Keyring::prepare(one.algorithm));
    }
    std::vector<keys::Key> made;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      made.clear();
      for (const keys::NewKey& one : ready) {
        KW_TRY(keys::Key key, house.keyring.create(change, call.tenant, one));
        made.push_back(std::move(key));
      }
      keep(call, wording, made);
      return ok();
    }));
    return made;
  });
}

Result<keys::Keyring::Page> list_keys(House& house, Call& call, keys::Keyring::Filter filter) {
  return consulted<keys::Keyring::Page>(house, call, [&] {
    filter.tenant = call.tenant;
    return house.keyring.list(filter);
  });
}

Result<KeyPtr> show_key(House& house, Call& call) {
  return consulted_key<KeyPtr>(house, call,
                               [](const KeyPtr& key) -> Result<KeyPtr> { return key; });
}

bool is_kept(House& house, const Call& call) {
  const KeyPtr kept = house.keyring.kept(call.tenant, call.object);
  return kept != nullptr && kept->versions.size() <= kVersionsAtOnce;
}

Result<keys::Key> update_key(House& house, Call& call, const KeyUpdate& update,
                             const Wording<keys::Key>& wording) {
  return recorded<keys::Key>(house, call, [&]() -> Result<keys::Key> {
    KW_OK(visible_key(house, call));
    const auto body = [&](keys::Change change, const keys::Key& current) {
      keys::Key wanted = current;
      if (update.owner) wanted.owner = *update.owner;
      if (update.classification) wanted.classification = *update.classification;
      if (update.regions) wanted.regions = *update.regions;
      if (update.labels) wanted.labels = *update.labels;
      if (update.lease_grace) wanted.lease_grace = *update.lease_grace;
      return house.keyring.update(change, wanted, update.expected_epoch.value_or(current.epoch));
    };
    return change_key(house, call, {}, body, wording);
  });
}

Result<keys::Key> roll_back_key(House& house, Call& call, std::uint32_t to,
                                const Wording<keys::Key>& wording) {
  return recorded<keys::Key>(house, call, [&]() -> Result<keys::Key> {
    KW_OK(visible_key(house, call));
    const auto body = [&](keys::Change change, const keys::Key& current) -> Result<keys::Key> {
      KW_OK(require_no_run(house, call, change.tx, {"key", call.tenant, call.object}));
      return house.keyring.roll_back(change, current, to);
    };
    return change_key(house, call, {}, body, wording);
  });
}

Result<keys::Key> move_version(House& house, Call& call, const VersionMove& wanted,
                               const Wording<keys::Key>& wording) {
  return recorded<keys::Key>(house, call, [&]() -> Result<keys::Key> {
    KW_TRY(const KeyPtr key, visible_key(house, call));
    KW_OK(pass_gate(house, call, *key, wanted));
    Guarded guarded;
    guarded.approvals = approvals_needed(house, call.operation->id, wanted.override_readiness);
    guarded.summary = summary_of(call, wanted);
    guarded.epoch = key->epoch;
    const auto body = [&](keys::Change change, const keys::Key& current) -> Result<keys::Key> {
      KW_OK(pass_run(house, call, change.tx, wanted));
      return house.keyring.move(change, current, wanted.version, wanted.move);
    };
    return change_key(house, call, guarded, body, wording);
  });
}

Result<keys::Key> cancel_destroy(House& house, Call& call, std::uint32_t version,
                                 const Wording<keys::Key>& wording) {
  return recorded<keys::Key>(house, call, [&]() -> Result<keys::Key> {
    KW_OK(visible_key(house, call));
    const auto body = [&](keys::Change change, const keys::Key& current) {
      return house.keyring.cancel_destroy(change, current, version);
    };
    return change_key(house, call, {}, body, wording);
  });
}

Result<keys::Readiness> key_readiness(House& house, Call& call, std::uint32_t version,
                                      VersionState target,
                                      std::optional<std::chrono::seconds> quiet) {
  return consulted_key<keys::Readiness>(
      house, call, [&](const KeyPtr& key) -> Result<keys::Readiness> {
        const keys::Version* found = key->version(version);
        if (found == nullptr) return not_found();
        KW_TRY(keys::Readiness readiness,
               keys::readiness(*key, *found, target, house.usage, house.clock, quiet));
        KW_OK(add_reference_blockers(house, *key, *found, target, readiness));
        return readiness;
      });
}

Result<std::vector<keys::UsageRow>> key_usage(House& house, Call& call,
                                              std::optional<WallTime> since) {
  using Usage = std::vector<keys::UsageRow>;
  const WallTime from = since.value_or(house.clock.wall() - std::chrono::days(30));
  return consulted_key<Usage>(house, call,
                              [&](const KeyPtr& key) { return house.usage.usage(key->id, from); });
}

Status put_alias(House& house, Call& call, const ObjectName& alias, const ObjectName& key,
                 const Wording<Done>& wording) {
  return change_alias(house, call, wording, [&](keys::Change change) {
    return house.keyring.put_alias(change, call.tenant, alias, key);
  });
}

Status remove_alias(House& house, Call& call, const ObjectName& alias,
                    const Wording<Done>& wording) {
  return change_alias(house, call, wording, [&](keys::Change change) {
    return house.keyring.remove_alias(change, call.tenant, alias);
  });
}

Result<std::vector<keys::Keyring::Alias>> list_aliases(House& house, Call& call) {
  return consulted<std::vector<keys::Keyring::Alias>>(
      house, call, [&] { return house.keyring.aliases(call.tenant); });
}

}  // namespace kw::service
