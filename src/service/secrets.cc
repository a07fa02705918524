#include "service/secrets.h"

#include "secrets/generator.h"
#include "service/rotation_house.h"
#include "service/secret_house.h"

namespace kw::service {

namespace {

using secrets::Secret;
using secrets::Secrets;

Facts facts_of(const Secret& secret) {
  return {{"classification", secret.metadata.classification}, {"owner", secret.metadata.owner}};
}

rotation::Subject subject_of(const Call& call) {
  return {"secret", call.tenant, call.object};
}

// Who puts a value for which a rotation waits means the rotation.
Status require_no_task(House& house, store::Reader& reader, const rotation::Subject& subject) {
  KW_TRY(const auto run, house.rotation.runs.open_run(reader, subject));
  const bool waits =
      run && run->state == rotation::RunState::kGenerate && rotation::is_task_stage(run->problem);
  if (!waits) return ok();
  return error(Code::kFailedPrecondition, "task_open",
               "a rotation waits for this value: complete its task");
}

Result<std::shared_ptr<const secrets::Fields>> generated(std::string_view text) {
  KW_TRY(const secrets::Generator generator, secrets::parse_generator(text));
  KW_TRY(secrets::Fields made, secrets::generate(generator));
  if (!generator.field.empty()) made.front().first = generator.field;
  return std::make_shared<const secrets::Fields>(std::move(made));
}

// The engine waits for the canaries at the first step of a rollout: they get it there.
Result<bool> reads_as_canary(House& house, const Call& call, std::string_view consumer) {
  bool canary = false;
  KW_OK(house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(canary, house.rotation.consumers.is_canary(reader, subject_of(call), consumer));
    return ok();
  }));
  return canary;
}

}  // namespace

// Runs `body` on the secret as the transaction sees it, and never beside a rotation of it (I5).
Result<Secret> change_secret(House& house, Call& call, const Guarded& guarded,
                             const SecretChange& body, const Wording<Secret>& wording) {
  return recorded<Secret>(house, call, [&]() -> Result<Secret> {
    KW_OK(visible_secret(house, call));
    std::optional<Secret> changed;
    KW_OK(transact(house, call, guarded, [&](keys::Change change) -> Status {
      KW_TRY(const Secret current, house.secrets.secrets.load(change.tx, call.tenant, call.object));
      KW_OK(require_no_run(house, call, change.tx, subject_of(call)));
      KW_TRY(changed, body({change.tx, change.by}, current));
      keep(call, wording, *changed);
      return ok();
    }));
    return *std::move(changed);
  });
}

Result<Secret> visible_secret(House& house, Call& call) {
  KW_OK(require_open(house));
  auto found = house.secrets.secrets.find(call.tenant, call.object);
  KW_OK(authorise(house, call, found ? facts_of(*found) : Facts{}));
  if (!found && found.error().code == Code::kNotFound) return not_found();
  return found;
}

Status may_write_secret(House& house, Call& call) {
  KW_OK(require_open(house));
  const auto found = house.secrets.secrets.find(call.tenant, call.object);
  return authorise(house, call, found ? facts_of(*found) : Facts{});
}

Result<Secret> put_secret(House& house, Call& call, const SecretPath& path, const SecretPut& wanted,
                          const Wording<Secret>& wording) {
  return recorded<Secret>(house, call, [&]() -> Result<Secret> {
    KW_OK(may_write_secret(house, call));
    // Made before the transaction: an RSA key would hold up every other write for a second.
    secrets::Put put = wanted.put;
    if (wanted.generate) {
      KW_TRY(put.generated, generated(*wanted.generate));
      // "" would mean: by hand.
      put.metadata.generator = wanted.generate->empty() ? "password" : *wanted.generate;
    }
    std::optional<Secret> made;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_OK(require_no_task(house, change.tx, subject_of(call)));
      KW_OK(require_no_run(house, call, change.tx, subject_of(call)));
      KW_TRY(made, house.secrets.secrets.put({change.tx, change.by}, call.tenant, path, put));
      keep(call, wording, *made);
      return ok();
    }));
    return *std::move(made);
  });
}

Result<Secrets::Readout> read_secret(House& house, Call& call, Secrets::Asked asked) {
  Result<Secrets::Readout> outcome = [&]() -> Result<Secrets::Readout> {
    KW_TRY(const Secret secret, visible_secret(house, call));
    if (secret.rollout.open()) {
      KW_TRY(asked.canary, reads_as_canary(house, call, asked.consumer));
    }
    return house.secrets.secrets.read(call.tenant, call.object, asked);
  }();
  if (outcome) house.secrets.reads.count(outcome->secret.id, outcome->version, call.caller->name);
  KW_OK(record_and_wait(house, call, status_of(outcome), 0, outcome ? outcome->version : 0));
  return outcome;
}

Result<Secrets::Page> list_secrets(House& house, Call& call, const Secrets::Filter& filter) {
  return consulted<Secrets::Page>(house, call,
                                  [&] { return house.secrets.secrets.list(call.tenant, filter); });
}

Result<Secret> show_secret(House& house, Call& call) {
  Result<Secret> outcome = visible_secret(house, call);
  KW_OK(record_and_wait(house, call, status_of(outcome)));
  return outcome;
}

Result<std::vector<secrets::UsageRow>> secret_usage(House& house, Call& call,
                                                    std::optional<WallTime> since) {
  using Usage = std::vector<secrets::UsageRow>;
  Result<Usage> outcome = [&]() -> Result<Usage> {
    KW_TRY(const Secret secret, visible_secret(house, call));
    return house.secrets.reads.usage(secret.id,
                                     since.value_or(house.clock.wall() - std::chrono::days(30)));
  }();
  KW_OK(record_and_wait(house, call, status_of(outcome)));
  return outcome;
}

Result<std::vector<Secrets::Found>> find_secrets(House& house, Call& call,
                                                 const SecretBytes& material) {
  return consulted<std::vector<Secrets::Found>>(
      house, call, [&] { return house.secrets.secrets.places(material); });
}

Result<Secret> update_secret(House& house, Call& call, const secrets::MetadataPatch& patch,
                             std::optional<std::int64_t> expected_epoch,
                             const Wording<Secret>& wording) {
  return change_secret(
      house, call, {},
      [&](secrets::Change change, const Secret& current) {
        return house.secrets.secrets.update(change, current, patch, expected_epoch);
      },
      wording);
}

Result<rotation::Run> rotate_secret(House& house, Call& call,
                                    const Wording<rotation::Run>& wording) {
  const auto can = [&]() -> Status {
    KW_TRY(const Secret secret, visible_secret(house, call));
    if (!secret.generator.empty() || !secret.target.empty()) return ok();
    return error(Code::kFailedPrecondition, "no_generator",
                 secret.shape == secrets::Shape::kTemplate
                     ? "a template follows its sources: rotate one of them"
                     : "nothing says how a new value is made: put one, or name a generator");
  };
  if (const Status outcome = can(); !outcome) {
    KW_OK(record_and_wait(house, call, outcome));
    return outcome.error();
  }
  RunOrder order;
  order.subject = subject_of(call);
  return start_run(house, call, order, wording);
}

Result<Secret> roll_back_secret(House& house, Call& call, std::uint32_t to,
                                const Wording<Secret>& wording) {
  return change_secret(
      house, call, {},
      [&](secrets::Change change, const Secret& current) {
        return house.secrets.secrets.roll_back(change, current, to);
      },
      wording);
}

Result<Secret> remove_secret(House& house, Call& call, const Wording<Secret>& wording) {
  return change_secret(
      house, call, {},
      [&](secrets::Change change, const Secret& current) {
        return house.secrets.secrets.remove(change, current);
      },
      wording);
}

Result<Secret> undelete_secret(House& house, Call& call, std::uint32_t version,
                               const Wording<Secret>& wording) {
  return change_secret(
      house, call, {},
      [&](secrets::Change change, const Secret& current) {
        return version == 0 ? house.secrets.secrets.undelete(change, current)
                            : house.secrets.secrets.cancel_destroy(change, current, version);
      },
      wording);
}

Result<Secret> destroy_secret(House& house, Call& call, std::uint32_t version,
                              const Wording<Secret>& wording) {
  Guarded guarded;
  guarded.approvals = approvals_needed(house, call.operation->id, false);
  guarded.summary = "destroy " + call.tenant + ":" + call.object +
                    (version == 0 ? " with all its versions" : "@" + std::to_string(version));
  if (const auto now = house.secrets.secrets.find(call.tenant, call.object))
    guarded.epoch = now->epoch;
  return change_secret(
      house, call, guarded,
      [&](secrets::Change change, const Secret& current) {
        return house.secrets.secrets.destroy(change, current, version);
      },
      wording);
}

}  // namespace kw::service
