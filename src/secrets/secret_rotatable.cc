#include "secrets/secret_rotatable.h"

#include <algorithm>

#include "secrets/manual.h"
#include "secrets/rotation_scene.h"
#include "secrets/run_steps.h"
#include "secrets/secret_facts.h"

namespace kw::secrets {

namespace {

using rotation::Performed;
using rotation::Run;
using rotation::SubjectFacts;
using rotation::Verb;

constexpr std::size_t kHoldersMax = 20;
constexpr std::chrono::hours kReadsLooked{30 * 24};

struct NewValue final : rotation::Carried {
  NewValue(Value made, std::string who) : value(std::move(made)), principal(std::move(who)) {}
  Value value;
  std::string principal;
};

Performed refused(std::string_view reason) {
  return {Outcome::kDefiniteFail, std::string(reason), nullptr};
}
Performed later(std::string_view reason) {
  return {Outcome::kUnknown, std::string(reason), nullptr};
}

std::string_view action_of(Verb verb) {
  switch (verb) {
    case Verb::kCreatePending:
      return "secret.rotate.create";
    case Verb::kInstall:
      return "secret.rotate.install";
    case Verb::kTest:
      return "secret.rotate.test";
    case Verb::kSetRollout:
      return "secret.rotate.rollout";
    case Verb::kPromote:
      return "secret.rotate.promote";
    case Verb::kDisableOld:
      return "secret.rotate.stop";
    case Verb::kRestoreOld:
      return "secret.rotate.restore";
    case Verb::kDemote:
      return "secret.rotate.demote";
    case Verb::kRevokeOld:
      return "secret.rotate.revoke";
    case Verb::kRemovePending:
      return "secret.rotate.discard";
    case Verb::kDispose:
      break;
  }
  return "secret.rotate.dispose";
}

Result<std::optional<Value>> present_value(Targets& targets, const Secret& secret) {
  const Version* primary = secret.version(secret.primary);
  if (primary == nullptr || primary->cell == 0) return std::optional<Value>();
  std::optional<Value> value;
  KW_OK(targets.secrets().foundations().store.read([&](store::Reader& reader) -> Status {
    KW_TRY(value, targets.secrets().open(reader, secret, *primary));
    return ok();
  }));
  return value;
}

// Principals that are still accepted, newest first.
std::vector<std::string> taken_principals(const Secret& secret,
                                          const std::optional<Credential>& old) {
  std::vector<std::string> taken;
  for (auto each = secret.versions.rbegin(); each != secret.versions.rend(); ++each)
    if (readable(each->state) && !each->principal.empty()) taken.push_back(each->principal);
  if (old && !old->principal.empty() &&
      std::find(taken.begin(), taken.end(), old->principal) == taken.end())
    taken.push_back(old->principal);
  return taken;
}

std::uint32_t next_number(const Secret& secret) {
  return static_cast<std::uint32_t>(secret.versions.size()) + 1;
}

Result<Credential> minted(const Run& run, const Scene& scene) {
  const auto taken = taken_principals(scene.secret, scene.old);
  const Minting minting{next_number(scene.secret), taken};
  Result<Credential> made = error(Code::kInternal, "no_admin", "nobody asked the target");
  const auto ask = [&](const Place& place) -> Answer {
    made = scene.binding->connector->create_pending(call_of(run), place, minting);
    return made ? Answer::ok() : Answer::definite_fail(made.error().reason);
  };
  as_admin(scene, ask);
  return made;
}

// What the target made, or what we make by the rule of the secret or of the connector.
Result<Fields> material_of(const Scene& scene, Credential& credential) {
  Fields parts;
  if (!credential.secret.empty()) {
    parts.emplace_back(secret_field(scene.secret), std::move(credential.secret));
    return parts;
  }
  const std::string text = !scene.secret.generator.empty()
                               ? scene.secret.generator
                               : std::string(scene.binding->connector->generator());
  KW_TRY(const Generator generator, parse_generator(text));
  KW_TRY(parts, generate(generator));
  if (parts.size() == 1) parts.front().first = secret_field(scene.secret);
  return parts;
}

Result<Value> bound_value(const Scene& scene, const std::optional<Value>& before,
                          Credential& made) {
  KW_TRY(Fields parts, material_of(scene, made));
  if (scene.secret.shape == Shape::kValue) return Value::of_bytes(std::move(parts.front().second));
  if (!made.principal.empty())
    parts.emplace_back("username", SecretBytes::copy_of(as_bytes(made.principal)));
  return before ? before->with(std::move(parts)) : Value::of_fields(std::move(parts));
}

// Who refuses the new version by itself still needs the old one.
Result<Drain> taken_by(const Run& run, const Scene& scene) {
  const Answer answer = as_admin(scene, [&](const Place& place) {
    return scene.binding->connector->test(call_of(run), place, *scene.fresh, Probe::kPositive);
  });
  if (answer.outcome == Outcome::kUnknown)
    return error(Code::kUnavailable, answer.reason, answer.detail);
  Drain drain;
  drain.quality = Drain::Quality::kExact;
  if (answer.outcome == Outcome::kOk) return drain;
  drain.in_use = 1;
  drain.holders.push_back(scene.binding->target.name);
  return drain;
}

bool exists(const Version* version) {
  return version != nullptr && version->state != VersionState::kDestroyed;
}

}  // namespace

SecretRotatable::SecretRotatable(Targets& targets, ReadLedger& reads,
                                 std::chrono::seconds destroy_wait)
    : targets_(targets), reads_(reads), destroy_wait_(destroy_wait) {}

rotation::Traits SecretRotatable::traits(const SubjectFacts& facts) const {
  std::optional<Binding> binding;
  const Status read =
      targets_.secrets().foundations().store.read([&](store::Reader& reader) -> Status {
        KW_TRY(const Secret secret,
               targets_.secrets().load(reader, facts.subject.tenant, facts.subject.name));
        KW_TRY(binding, targets_.binding_of(reader, secret));
        return ok();
      });
  rotation::Traits traits{.soft_disable = true, .canaries_first = true};
  traits.external = traits.revocable = !read || binding;
  if (!binding) return traits;
  const Capabilities can = binding->connector->describe(binding->place(nullptr));
  traits.soft_disable = can.soft_disable;
  traits.rollout = !single_slot(can);
  traits.target = "secret:" + binding->target.tenant_name + "/" + binding->target.name;
  return traits;
}

Result<std::vector<SubjectFacts>> SecretRotatable::inventory(const rotation::Subject* after,
                                                             int limit) {
  const std::string tenant = after == nullptr ? "" : after->tenant;
  const std::string path = after == nullptr ? "" : after->name;
  KW_TRY(const auto found, targets_.secrets().rotating(tenant, path, limit));
  std::vector<SubjectFacts> all;
  all.reserve(found.size());
  for (const Secrets::Placed& each : found)
    all.push_back(each.secret ? facts_of(*each.secret)
                              : rotation::damaged_facts({"secret", each.tenant, each.path}));
  return all;
}

Status SecretRotatable::look_at_target(const Run& run, const Scene& scene,
                                       rotation::Observed& seen) {
  std::vector<const Credential*> known;
  if (scene.fresh) known.push_back(&*scene.fresh);
  if (scene.old) known.push_back(&*scene.old);
  const int threshold = scene.can().lockout_threshold;
  const auto account = [&](const Credential& each) {
    return scene.binding->target.name + "/" + each.principal;
  };
  for (const Credential* each : known)
    if (!targets_.budget().allows(account(*each), threshold))
      return error(Code::kUnavailable, "lockout_budget",
                   "more failed logins could lock the account: wait");
  Result<Observed> found = error(Code::kInternal, "no_admin", "nobody asked the target");
  as_admin(scene, [&](const Place& place) -> Answer {
    found = scene.binding->connector->inspect(call_of(run), place, known);
    return found ? Answer::ok() : Answer::definite_fail(found.error().reason);
  });
  KW_OK(found);
  const auto accepted = [&](std::size_t i) -> Result<bool> {
    if (i >= found->accepted.size() || found->accepted[i] == Observed::Accepted::kUnknown)
      return error(Code::kUnavailable, "target_unknown",
                   "the target did not say whether it accepts the credential");
    if (found->accepted[i] == Observed::Accepted::kYes) return true;
    if (threshold > 0) targets_.budget().failed(account(*known[i]));
    return false;
  };
  std::size_t at = 0;
  seen.pending_accepted = seen.old_accepted = false;
  if (scene.fresh) {
    KW_TRY(seen.pending_accepted, accepted(at++));
  }
  if (scene.old) {
    KW_TRY(seen.old_accepted, accepted(at++));
  }
  seen.free_slot = found->free_slot;
  if (!found->drift.empty()) seen.drift = found->drift;
  return ok();
}

Result<rotation::Observed> SecretRotatable::inspect(const Run& run) {
  KW_TRY(const Scene scene, scene_of(targets_, run));
  if (scene.secret.deleted_at || scene.secret.shape == Shape::kTemplate) return not_found();
  const Secret& secret = scene.secret;
  rotation::Observed seen;
  seen.facts = facts_of(secret);
  const Version* next = secret.version(run.to_version);
  const Version* old = secret.version(run.from_version);
  seen.pending_exists = exists(next);
  seen.pending_accepted = next != nullptr && readable(next->state);
  seen.pending_primary = run.to_version != 0 && secret.primary == run.to_version;
  seen.old_accepted = old != nullptr && readable(old->state);
  const bool known = secret.primary == run.from_version || seen.pending_primary;
  if (run.from_version != 0 && !known) seen.drift = "primary_changed";
  // Where the consumer takes values itself, our rows alone say what is applied.
  const bool asks = scene.binding && run.id != RunId() && !scene.can().consumer_takes;
  if (asks) KW_OK(look_at_target(run, scene, seen));
  return seen;
}

Performed SecretRotatable::create(const Run& run, const Scene& scene) {
  if (run.to_version != 0) return {};
  if (manual_terms(scene.secret)) return later("secret_unreadable");  // asked for its task
  const auto before = present_value(targets_, scene.secret);
  if (!before) return failed(before.error());
  Performed done;
  if (!scene.binding) {
    if (scene.secret.generator.empty()) return refused("no_generator");
    const auto generator = parse_generator(scene.secret.generator);
    if (!generator) return failed(generator.error());
    auto value = generate_value(*generator, *before ? &**before : nullptr);
    if (!value) return failed(value.error());
    done.carried = std::make_shared<const NewValue>(*std::move(value), "");
    return done;
  }
  auto credential = minted(run, scene);
  if (!credential) return failed(credential.error());
  const std::string principal = credential->principal;
  auto value = bound_value(scene, *before, *credential);
  if (!value) return failed(value.error());
  done.carried = std::make_shared<const NewValue>(*std::move(value), principal);
  return done;
}

bool SecretRotatable::first_negative(const Run& run) {
  const std::scoped_lock lock(mutex_);
  if (negative_done_.size() > 10'000) negative_done_.clear();
  return negative_done_.emplace(run.id, run.to_version).second;
}

// Positive and permission at every call; the wrong secret once, for it costs a failed login.
Performed SecretRotatable::test(const Run& run, const Scene& scene) {
  if (scene.swaps()) return {};
  const Credential& fresh = *scene.fresh;
  const std::string account = scene.binding->target.name + "/" + fresh.principal;
  const int threshold = scene.can().lockout_threshold;
  if (!targets_.budget().allows(account, threshold)) return later("lockout_budget");
  const auto probe = [&](Probe kind) {
    return as_admin(scene, [&](const Place& place) {
      return scene.binding->connector->test(call_of(run), place, fresh, kind);
    });
  };
  for (const Probe kind : {Probe::kPositive, Probe::kPermission}) {
    if (scene.can().consumer_takes) break;  // not yet: the old version carries until it has it
    const Answer answer = probe(kind);
    if (answer.outcome == Outcome::kOk) continue;
    if (threshold > 0 && answer.outcome == Outcome::kDefiniteFail)
      targets_.budget().failed(account);
    return performed(answer);
  }
  if (!first_negative(run)) return {};
  if (threshold > 0) targets_.budget().failed(account);
  const Answer negative = probe(Probe::kNegative);
  if (negative.outcome == Outcome::kUnknown) {
    const std::scoped_lock lock(mutex_);
    negative_done_.erase({run.id, run.to_version});
  }
  return performed(negative);
}

// The one moment in which a single slot changes hands. Proved at once: who reads next gets it.
Performed SecretRotatable::swap(const Run& run, const Scene& scene, const Credential& to,
                                const Credential* from) {
  if (!scene.binding->swap_allowed) return refused("consent_needed");
  Connector& connector = *scene.binding->connector;
  const Answer done = as_admin(
      scene, [&](const Place& place) { return connector.install(call_of(run), place, to, from); });
  if (done.outcome != Outcome::kOk) return performed(done);
  return performed(as_admin(scene, [&](const Place& place) {
    return connector.test(call_of(run), place, to, Probe::kPositive);
  }));
}

// A run that ends before the target's answer to create_pending came. What cannot be looked for is
// told; it holds nothing up.
Performed SecretRotatable::remove_lost(const Run& run, const Scene& scene) {
  if (run.to_version != 0 || !scene.can().self_generates) return {};
  const Credential lost{next_number(scene.secret), "", {}};
  const Credential* old = scene.old ? &*scene.old : nullptr;
  const Answer answer = as_admin(scene, [&](const Place& place) {
    return scene.binding->connector->remove_pending(call_of(run), place, lost, old);
  });
  if (answer.outcome == Outcome::kUnknown) return performed(answer);
  Performed done;
  if (answer.outcome != Outcome::kOk) done.warning = answer.reason;
  return done;
}

Performed SecretRotatable::at_target(Verb verb, const Run& run, const Scene& scene) {
  Connector& connector = *scene.binding->connector;
  const Credential* old = scene.old ? &*scene.old : nullptr;
  if (verb == Verb::kSetRollout || verb == Verb::kDispose) return {};
  if (verb == Verb::kRemovePending && !scene.fresh) return remove_lost(run, scene);
  if (!scene.fresh) return refused("version_state");
  const Credential& fresh = *scene.fresh;
  const auto ask = [&](const std::function<Answer(const Context&, const Place&)>& call) {
    return performed(
        as_admin(scene, [&](const Place& place) { return call(call_of(run), place); }));
  };
  switch (verb) {
    case Verb::kInstall:
      if (scene.swaps()) return {};
      return ask([&](const auto& c, const auto& p) { return connector.install(c, p, fresh, old); });
    case Verb::kTest:
      return test(run, scene);
    case Verb::kPromote:
      if (scene.swaps()) return swap(run, scene, fresh, old);
      return ask([&](const auto& c, const auto& p) { return connector.promote(c, p, fresh, old); });
    case Verb::kRemovePending:
      return ask(
          [&](const auto& c, const auto& p) { return connector.remove_pending(c, p, fresh, old); });
    default:
      break;
  }
  if (old == nullptr) return {};  // the first version has no old one
  switch (verb) {
    case Verb::kDemote:
      if (scene.swaps()) return swap(run, scene, *old, &fresh);
      return ask(
          [&](const auto& c, const auto& p) { return connector.promote(c, p, *old, &fresh); });
    case Verb::kDisableOld:
      return ask(
          [&](const auto& c, const auto& p) { return connector.disable_old(c, p, *old, fresh); });
    case Verb::kRestoreOld:
      return ask(
          [&](const auto& c, const auto& p) { return connector.restore_old(c, p, *old, fresh); });
    case Verb::kRevokeOld: {
      const bool wanted =
          scene.binding->end_sessions || run.trigger == rotation::Trigger::kEmergency;
      const Capabilities can = scene.can();
      const bool beyond = wanted && can.sessions_survive_revoke && !can.ends_sessions;
      Performed done = ask([&](const auto& c, const auto& p) {
        return connector.revoke_old(c, p, *old, fresh, wanted && !beyond);
      });
      // Who is in stays in: no reason to hold the run up, but one to be told.
      if (beyond && done.outcome == Outcome::kOk) done.warning = "sessions_survive";
      return done;
    }
    default:
      return {};
  }
}

// A secret that cannot be read now is asked for by perform() again, which says why.
std::optional<rotation::ManualTask> SecretRotatable::manual_task(Verb verb, const Run& run) {
  if (verb != Verb::kCreatePending || run.to_version != 0) return std::nullopt;
  const auto secret = targets_.secrets().find(run.subject.tenant, run.subject.name);
  if (!secret || secret->deleted_at) return std::nullopt;
  return task_of(*secret, run);
}

Performed SecretRotatable::perform(Verb verb, const Run& run) {
  const auto scene = scene_of(targets_, run);
  if (!scene) return failed(scene.error());
  if (scene->secret.deleted_at) return refused("secret_deleted");
  if (verb == Verb::kCreatePending) return create(run, *scene);
  if (scene->binding) return at_target(verb, run, *scene);
  if (verb == Verb::kRevokeOld) return refused("not_revocable");
  return {};
}

Status SecretRotatable::settle(Verb verb, store::Tx& tx, const audit::Event& by, Run& run,
                               const Performed& performed) {
  const std::string id = run.id.text();
  audit::Event event = by;
  event.action = action_of(verb);
  event.request_id = id;
  RunSteps steps(targets_.secrets(), {tx, event}, run);
  switch (verb) {
    case Verb::kCreatePending: {
      const auto* made = dynamic_cast<const NewValue*>(performed.carried.get());
      return made == nullptr ? ok() : steps.create(made->value, "generated", made->principal);
    }
    case Verb::kInstall:
      return steps.install();
    case Verb::kTest:
      return steps.tested();
    case Verb::kSetRollout:
      return steps.set_rollout();
    case Verb::kPromote:
      return steps.promote();
    case Verb::kDemote:
      return steps.demote();
    case Verb::kDisableOld:
      return steps.stop_old();
    case Verb::kRestoreOld:
      return steps.restore_old();
    case Verb::kRevokeOld:
      return steps.revoked();
    case Verb::kRemovePending:
      return steps.discard();
    case Verb::kDispose:
      break;
  }
  return steps.dispose(run.policy.old_version, destroy_wait_);
}

// Reads come from the store: there is nothing to forget.
void SecretRotatable::settled(const Run&) {}

Result<rotation::Drain> SecretRotatable::measure_drain(const Run& run) {
  KW_TRY(const Scene scene, scene_of(targets_, run));
  if (scene.binding && scene.fresh && scene.can().consumer_takes) return taken_by(run, scene);
  if (scene.binding && scene.old && scene.can().meter != Drain::Quality::kNone) {
    Result<Drain> measured = error(Code::kInternal, "no_admin", "nobody asked the target");
    as_admin(scene, [&](const Place& place) -> Answer {
      measured = scene.binding->connector->measure_drain(call_of(run), place, *scene.old);
      return measured ? Answer::ok() : Answer::definite_fail(measured.error().reason);
    });
    return measured;
  }
  // A target without a meter proves nothing: its consumers do. Our own store knows who still reads.
  Drain drain;
  drain.quality = scene.binding ? Drain::Quality::kNone : Drain::Quality::kByAge;
  const WallTime now = targets_.secrets().foundations().clock.wall();
  KW_TRY(const auto reads, reads_.usage(scene.secret.id, now - kReadsLooked));
  for (const UsageRow& row : reads) {
    const bool after = run.promoted_at && row.last_at >= *run.promoted_at;
    if (row.version != run.from_version || !after) continue;
    drain.last_used = std::max(drain.last_used.value_or(row.last_at), row.last_at);
    if (drain.holders.size() < kHoldersMax) drain.holders.push_back(row.caller);
  }
  return drain;
}

// Whether a credential works shows where it is presented, not where it is read.
Result<rotation::Health> SecretRotatable::health(const Run&) {
  return rotation::Health{};
}

}  // namespace kw::secrets
