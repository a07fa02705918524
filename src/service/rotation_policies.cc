#include "service/rotation_policies.h"

#include <algorithm>

#include "cluster/cluster.h"
#include "rotation/policy_check.h"
#include "rotation/policy_merge.h"
#include "service/rotation_inventory.h"

namespace kw::service {

namespace {

using rotation::PolicyDocument;
using rotation::StoredPolicy;
using rotation::SubjectFacts;
using Documents = std::vector<PolicyDocument>;

constexpr std::size_t kSubjectsMax = 20'000;
constexpr std::size_t kRotationsMax = 1'000'000;
constexpr std::size_t kSampleMax = 10;

// The wording of the rest of the service for an object that moved on.
template <typename T>
Result<T> as_stale(Result<T> outcome) {
  if (outcome || outcome.error().reason != "epoch_moved") return outcome;
  return error(Code::kAborted, "stale_epoch", outcome.error().message);
}

// The documents in force, with `draft` instead of the one that it would replace.
Result<Documents> as_if_in_force(House& house, const Call& call, PolicyDocument draft) {
  if (!call.tenant.empty()) draft.applies_to.tenants = {call.tenant};
  KW_TRY(const auto present, house.rotation.policies.documents());
  Documents all;
  const std::vector<std::string> owner = draft.applies_to.tenants;
  for (const PolicyDocument& each : *present)
    if (each.name != draft.name || each.applies_to.tenants != owner) all.push_back(each);
  all.push_back(std::move(draft));
  return all;
}

using Slowest = std::map<rotation::Subject, rotation::ConsumerTiming>;

// Schedules pass fast on a development server only: its consumers are on the same machine.
std::vector<rotation::ConsumerTiming> consumers_of(const House& house, const Slowest& slowest,
                                                   const rotation::Subject& subject) {
  const auto found = slowest.find(subject);
  if (found == slowest.end()) return {};
  rotation::ConsumerTiming timing = found->second;
  if (house.rotation.schedule_rate.rate > 1) timing.clock_skew = rotation::Seconds(0);
  return {timing};
}

class Judge {
 public:
  Judge(House& house, const Call& call, const Documents& documents)
      : house_(house), call_(call), documents_(documents) {}

  /// Judges every subject that the last document applies to.
  Result<PolicyVerdict> verdict() {
    KW_TRY(const Inventory inventory, read_inventory(house_, call_.tenant, kSubjectsMax));
    PolicyVerdict verdict;
    verdict.whole = inventory.whole;
    for (const SubjectFacts& facts : inventory.subjects) {
      if (!documents_.back().applies_to.matches(facts)) continue;
      KW_OK(judge(facts));
      ++verdict.subjects;
      if (verdict.sample.size() < kSampleMax) verdict.sample.push_back(facts.subject.text());
    }
    return verdict;
  }

 private:
  Status judge(const SubjectFacts& facts) {
    KW_TRY(const Slowest* slowest, timings(facts.subject.tenant));
    const auto consumers = consumers_of(house_, *slowest, facts.subject);
    Status met = rotation::check_policy(rotation::effective_policy(documents_, facts), facts,
                                        house_.clock.wall(), consumers);
    if (met) return met;
    Error named = met.error();
    named.message = facts.subject.text() + ": " + named.message;
    return named;
  }

  Result<const Slowest*> timings(const std::string& tenant) {
    if (const auto known = timings_.find(tenant); known != timings_.end()) return &known->second;
    KW_OK(house_.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(timings_[tenant], house_.rotation.consumers.slowest(reader, tenant));
      return ok();
    }));
    return &timings_[tenant];
  }

  House& house_;
  const Call& call_;
  const Documents& documents_;
  std::map<std::string, Slowest> timings_;
};

Result<PolicyVerdict> judge(House& house, const Call& call, const PolicyDocument& draft) {
  KW_OK(rotation::check_document(draft, house.clock.wall()));
  KW_TRY(const Documents documents, as_if_in_force(house, call, draft));
  return Judge(house, call, documents).verdict();
}

Result<CheckedPolicy> checked(House& house, const Call& call, std::string_view document) {
  KW_TRY(PolicyDocument draft, rotation::parse_policy_document(document, "policy"));
  KW_TRY(PolicyVerdict verdict, judge(house, call, draft));
  return CheckedPolicy{std::move(draft), std::move(verdict)};
}

Result<std::int64_t> present_epoch(House& house, const Call& call, std::string_view name) {
  const auto present = house.rotation.policies.show(call.tenant, name);
  if (present) return present->epoch;
  if (present.error().code == Code::kNotFound) return std::int64_t{0};
  return present.error();
}

void in_force_now(House& house) {
  house.rotation.policies.forget();
  house.rotation.engine.look_again();
}

}  // namespace

Result<std::vector<StoredPolicy>> list_rotation_policies(House& house, Call& call,
                                                         std::string_view after, int limit) {
  using Policies = std::vector<StoredPolicy>;
  return consulted<Policies>(house, call, [&]() -> Result<Policies> {
    rotation::PolicyBook& book = house.rotation.policies;
    const auto slash = after.find('/');
    const std::string_view from = slash == after.npos ? "" : after.substr(0, slash);
    const std::string_view name = slash == after.npos ? after : after.substr(slash + 1);
    Policies policies;
    if (from.empty()) {
      KW_TRY(policies, book.list("", name, limit));
    }
    const int room = limit - static_cast<int>(policies.size());
    if (call.tenant.empty() || room == 0) return policies;
    KW_TRY(Policies own, book.list(call.tenant, from.empty() ? "" : name, room));
    policies.insert(policies.end(), std::make_move_iterator(own.begin()),
                    std::make_move_iterator(own.end()));
    return policies;
  });
}

Result<StoredPolicy> show_rotation_policy(House& house, Call& call, const ObjectName& name) {
  return consulted<StoredPolicy>(house, call, [&]() -> Result<StoredPolicy> {
    if (const PolicyDocument* built_in = rotation::find_template(name.text()))
      return StoredPolicy{"", *built_in, 0, {}, {}};
    auto found = house.rotation.policies.show(call.tenant, name.text());
    if (found || call.tenant.empty() || found.error().code != Code::kNotFound) return found;
    return house.rotation.policies.show("", name.text());
  });
}

Result<Documents> list_rotation_templates(House& house, Call& call) {
  return consulted<Documents>(house, call, []() -> Result<Documents> {
    const auto all = rotation::policy_templates();
    return Documents(all.begin(), all.end());
  });
}

Result<PolicyChange> put_rotation_policy(House& house, Call& call, const ObjectName& name,
                                         std::string_view document,
                                         std::optional<std::int64_t> expected_epoch,
                                         const Wording<PolicyChange>& wording) {
  return recorded<PolicyChange>(house, call, [&]() -> Result<PolicyChange> {
    KW_OK(authorise(house, call, {}));
    if (!call.tenant.empty()) KW_OK(house.keyring.tenant(call.tenant));
    KW_TRY(CheckedPolicy draft, checked(house, call, document));
    if (draft.document.name != name.text())
      return error(Code::kInvalidArgument, "bad_policy",
                   "the document says \"name: " + draft.document.name + "\", the request says " +
                       name.text());
    KW_TRY(const std::int64_t present, present_epoch(house, call, name.text()));
    const std::int64_t expected = expected_epoch.value_or(present);
    PolicyChange changed;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(const std::int64_t epoch,
             as_stale(house.rotation.policies.put(change.tx, change.by, call.tenant, draft.document,
                                                  expected)));
      const WallTime now = house.clock.wall();
      changed = {{call.tenant, draft.document, epoch, now, now}, draft.verdict};
      keep(call, wording, changed);
      return cluster::announce(change.tx, kPoliciesChanged);
    }));
    in_force_now(house);
    return changed;
  });
}

Status remove_rotation_policy(House& house, Call& call, const ObjectName& name,
                              std::optional<std::int64_t> expected_epoch,
                              const Wording<Done>& wording) {
  const auto outcome = recorded<Done>(house, call, [&]() -> Result<Done> {
    KW_OK(authorise(house, call, {}));
    KW_TRY(const std::int64_t present, present_epoch(house, call, name.text()));
    if (present == 0) return not_found();
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      const Status removed = house.rotation.policies.remove(
          change.tx, change.by, call.tenant, name.text(), expected_epoch.value_or(present));
      if (!removed && removed.error().reason == "epoch_moved")
        return error(Code::kAborted, "stale_epoch", removed.error().message);
      KW_OK(removed);
      keep(call, wording, Done{});
      return cluster::announce(change.tx, kPoliciesChanged);
    }));
    in_force_now(house);
    return Done{};
  });
  return status_of(outcome);
}

Result<CheckedPolicy> check_rotation_policy(House& house, Call& call, std::string_view document) {
  return consulted<CheckedPolicy>(house, call, [&] { return checked(house, call, document); });
}

Result<Explanation> explain_rotation(House& house, Call& call, const rotation::Subject& subject) {
  return consulted<Explanation>(house, call, [&]() -> Result<Explanation> {
    rotation::PolicyBook& book = house.rotation.policies;
    Explanation all;
    KW_TRY(all.facts, read_subject(house, subject));
    KW_TRY(all.policy, book.effective(all.facts));
    KW_TRY(all.due, rotation::next_due(all.facts, all.policy, house.clock.wall(),
                                       house.rotation.jitter_seed, house.rotation.schedule_rate));
    KW_TRY(const auto documents, book.documents_for(all.facts));
    for (const PolicyDocument& each : documents) all.documents.push_back(each.name);
    std::vector<rotation::ConsumerTiming> consumers;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(const auto slowest, house.rotation.consumers.slowest(reader, subject.tenant));
      consumers = consumers_of(house, slowest, subject);
      KW_TRY(all.run, house.rotation.runs.open_run(reader, subject));
      return ok();
    }));
    const Status met = rotation::check_policy(all.policy, all.facts, house.clock.wall(), consumers);
    if (!met) all.unmet = met.error();
    return all;
  });
}

Result<Simulated> simulate_rotation(House& house, Call& call, const SimulationOrder& order) {
  return consulted<Simulated>(house, call, [&]() -> Result<Simulated> {
    KW_TRY(Inventory inventory, read_inventory(house, call.tenant, kSubjectsMax));
    if (!inventory.whole)
      return error(Code::kResourceExhausted, "inventory_too_large",
                   "a simulation looks at 20,000 subjects at most; name a tenant");
    KW_TRY(const auto present, house.rotation.policies.documents());
    Documents documents = *present;
    if (!order.document.empty()) {
      KW_TRY(CheckedPolicy draft, checked(house, call, order.document));
      KW_TRY(documents, as_if_in_force(house, call, std::move(draft.document)));
    }
    const WallTime from = house.clock.wall();
    rotation::SimulationLimits limits;
    limits.per_hour = order.per_hour;
    limits.rotations_max = kRotationsMax;
    KW_TRY(rotation::SimulationReport report,
           rotation::simulate(inventory.subjects, documents, from,
                              from + std::chrono::days(365) * order.years, limits,
                              house.rotation.jitter_seed));
    report.problems.insert(report.problems.begin(), inventory.problems.begin(),
                           inventory.problems.end());
    return Simulated{std::move(report), std::move(inventory.subjects)};
  });
}

}  // namespace kw::service
