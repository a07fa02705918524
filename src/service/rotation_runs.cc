#include "service/rotation_runs.h"

#include <algorithm>

#include "crypto/digest.h"
#include "rotation/incident_runs.h"
#include "service/rotation_inventory.h"

namespace kw::service {

namespace {

using rotation::Run;
using rotation::RunState;

constexpr std::chrono::hours kEmergencyTime{1};
constexpr std::chrono::hours kVoteValid{24};
constexpr int kEmergencyApprovals = 2;
constexpr std::string_view kRunApproval = "run:approve";

// A vote is for one run's plan as it was shown.
crypto::Digest256 plan_digest(const Run& run) {
  ByteWriter text;
  text.field("keywright/run-plan/v1").raw(run.id.bytes()).field(run.plan_hash);
  return crypto::sha256(text.bytes());
}

// The scheduler asks for many runs at once: each is a requester of its own.
std::string requester_of(const Run& run) {
  return run.requested_by == "scheduler" ? "scheduler:" + run.id.text() : run.requested_by;
}

auth::Approval wanted_approval(const Run& run) {
  auth::Approval wanted;
  wanted.operation = kRunApproval;
  wanted.tenant = run.subject.tenant;
  wanted.object = run.id.text();
  wanted.summary = "rotate " + run.subject.text() + " from @" + std::to_string(run.from_version) +
                   ", plan " + run.plan_hash.substr(0, 12);
  wanted.request_hash = plan_digest(run);
  wanted.requester = requester_of(run);
  wanted.needed = run.policy.approvals;
  return wanted;
}

rotation::StartOptions options_of(const House& house, const RunOrder& order) {
  rotation::StartOptions options;
  options.reason = order.reason;
  options.algorithm = order.algorithm;
  options.emergency = order.emergency;
  if (!order.emergency) return options;
  const rotation::ReplaceOrder replace{house.clock.wall() + kEmergencyTime, false, false};
  options.policy = rotation::emergency_policy(replace, kEmergencyTime);
  return options;
}

Status check_plan_seen(const Run& run, std::string_view plan_hash) {
  if (run.state != RunState::kApprove)
    return error(Code::kFailedPrecondition, "invalid_run_transition",
                 "the run is in state " + std::string(rotation::run_state_name(run.state)) +
                     " and waits for no approval");
  if (run.plan_hash != plan_hash)
    return error(Code::kFailedPrecondition, "plan_changed",
                 "the run's plan is not the one that you saw: look at it again");
  return ok();
}

Result<Run> spend(House& house, keys::Change change, const Run& run,
                  const auth::Approval& approval) {
  KW_OK(house.approvals.consume(change.tx, approval.id, approval.requester, plan_digest(run)));
  return house.rotation.runs.approve({change.tx, change.by}, run.id, approval.id.text(),
                                     run.plan_hash);
}

Status leave_vote(House& house, keys::Change change, const Run& run, const std::string& approval) {
  audit::Event event = change.by;
  event.action = "run.vote";
  event.tenant = run.subject.tenant;
  event.kind = "run";
  const std::string id = run.id.text();
  event.object = id;
  event.approval = approval;
  KW_OK(house.changes.append(change.tx, event));
  return ok();
}

// One person plays all roles on a development server: one word is enough, and it leaves its leaf.
Result<RunVote> vote_in_development(House& house, keys::Change change, const Run& run) {
  KW_TRY(Run approved,
         house.rotation.runs.approve({change.tx, change.by}, run.id, "development", run.plan_hash));
  return RunVote{std::move(approved), "development", 1, 1};
}

Result<RunVote> vote_for(House& house, keys::Change change, const Run& run,
                         const std::string& voter) {
  if (house.options.development) return vote_in_development(house, change, run);
  KW_TRY(const auth::Approval open,
         house.approvals.open(change.tx, wanted_approval(run), kVoteValid));
  KW_TRY(const auth::Approval voted, house.approvals.approve(change.tx, open.id, voter));
  const std::string id = voted.id.text();
  KW_OK(leave_vote(house, change, run, id));
  RunVote vote{run, id, static_cast<int>(voted.approvers.size()), voted.needed};
  if (voted.state != auth::ApprovalState::kApproved) return vote;
  KW_TRY(vote.run, spend(house, change, run, voted));
  return vote;
}

Facts facts_of(const rotation::SubjectFacts& facts) {
  return {{"classification", facts.classification}, {"owner", facts.owner}};
}

Result<Run> steered(rotation::Runs& runs, rotation::Change change, const RunId& id,
                    RunSteering steering) {
  switch (steering) {
    case RunSteering::kPause:
      return runs.pause(change, id);
    case RunSteering::kResume:
      return runs.resume(change, id);
    case RunSteering::kAbort:
      return runs.abort(change, id);
    case RunSteering::kRollBack:
      return runs.roll_back(change, id);
    case RunSteering::kRetry:
      break;
  }
  return runs.retry(change, id);
}

std::optional<RunSubject> subject_now(House& house, const Run& run) {
  const auto facts = read_subject(house, run.subject);
  if (!facts) return std::nullopt;
  return RunSubject{facts->primary, rotatable_of(house, run.subject.kind)->traits(*facts)};
}

// What stands in the way of a new run.
Status require_way(House& house, Call& call, store::Reader& reader,
                   const rotation::Subject& subject) {
  KW_OK(require_thawed(house, call, reader, subject));
  return require_no_run(house, call, reader, subject);
}

}  // namespace

Result<Run> start_run(House& house, Call& call, const RunOrder& order,
                      const Wording<Run>& wording) {
  return recorded<Run>(house, call, [&]() -> Result<Run> {
    KW_OK(require_open(house));
    const auto facts = read_subject(house, order.subject);
    KW_OK(authorise(house, call, facts ? facts_of(*facts) : Facts{}));
    if (!facts) return facts.error().code == Code::kNotFound ? not_found() : facts.error();
    Guarded guarded;
    if (order.emergency && !house.options.development) guarded.approvals = kEmergencyApprovals;
    guarded.summary = "emergency rotation of " + order.subject.text();
    guarded.epoch = facts->epoch;
    // Nobody is asked to approve what would be refused anyway.
    if (guarded.approvals > 0 && call.approval.empty())
      KW_OK(house.store.read(
          [&](store::Reader& reader) { return require_way(house, call, reader, order.subject); }));
    std::optional<Run> run;
    KW_OK(transact(house, call, guarded, [&](keys::Change change) -> Status {
      KW_OK(require_way(house, call, change.tx, order.subject));
      KW_TRY(run, house.rotation.runs.start({change.tx, change.by}, order.subject,
                                            options_of(house, order)));
      keep(call, wording, *run);
      return ok();
    }));
    house.rotation.engine.wake();
    return *std::move(run);
  });
}

Result<std::vector<Run>> list_runs(House& house, Call& call, rotation::RunFilter filter) {
  using Runs = std::vector<Run>;
  filter.tenant = call.tenant;
  return consulted<Runs>(house, call, [&]() -> Result<Runs> {
    Runs runs;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(runs, house.rotation.runs.list(reader, filter));
      return ok();
    }));
    return runs;
  });
}

// Runs are named by id; who may see one depends on its tenant, which only the stored run tells.
Result<Run> visible_run(House& house, Call& call, const RunId& id) {
  KW_OK(require_open(house));
  std::optional<Run> run;
  const Status read = house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(run, house.rotation.runs.show(reader, id));
    return ok();
  });
  if (run) call.tenant = run->subject.tenant;
  KW_OK(authorise(house, call, {}));
  if (run) return *std::move(run);
  return read.error().code == Code::kNotFound ? not_found() : read.error();
}

Result<RunView> show_run(House& house, Call& call, const RunId& id) {
  Result<RunView> view = [&]() -> Result<RunView> {
    KW_TRY(Run run, visible_run(house, call, id));
    RunView all{std::move(run), {}, {}};
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(all.steps, house.rotation.runs.steps(reader, id));
      return ok();
    }));
    all.report = report_of(all.run, all.steps, subject_now(house, all.run), house.clock.wall());
    return all;
  }();
  KW_OK(record_and_wait(house, call, status_of(view)));
  return view;
}

Result<Run> steer_run(House& house, Call& call, const RunId& id, RunSteering steering,
                      const Wording<Run>& wording) {
  return recorded<Run>(house, call, [&]() -> Result<Run> {
    KW_OK(visible_run(house, call, id));
    std::optional<Run> run;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(run, steered(house.rotation.runs, {change.tx, change.by}, id, steering));
      keep(call, wording, *run);
      return ok();
    }));
    house.rotation.engine.wake();
    return *std::move(run);
  });
}

Result<RunVote> approve_run(House& house, Call& call, const RunId& id, std::string_view plan_hash,
                            const Wording<RunVote>& wording) {
  return recorded<RunVote>(house, call, [&]() -> Result<RunVote> {
    KW_OK(visible_run(house, call, id));
    std::optional<RunVote> vote;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(const Run run, house.rotation.runs.show(change.tx, id));
      KW_OK(check_plan_seen(run, plan_hash));
      KW_TRY(vote, vote_for(house, change, run, call.caller->name));
      keep(call, wording, *vote);
      return ok();
    }));
    house.rotation.engine.wake();
    return *std::move(vote);
  });
}

Status pass_on_to_run(House& house, keys::Change change, const auth::Approval& approval) {
  if (approval.operation != kRunApproval || approval.state != auth::ApprovalState::kApproved)
    return ok();
  KW_TRY(const RunId id, RunId::parse(approval.object));
  KW_TRY(const Run run, house.rotation.runs.show(change.tx, id));
  if (run.state != RunState::kApprove || plan_digest(run) != approval.request_hash)
    return error(Code::kFailedPrecondition, "plan_changed",
                 "the run does not wait for the approval of this plan any more");
  KW_OK(spend(house, change, run, approval));
  return ok();
}

Status confirm_rotation_clock(House& house, Call& call) {
  const auto outcome = recorded<Done>(house, call, [&]() -> Result<Done> {
    KW_OK(require_open(house));
    KW_OK(authorise(house, call, {}));
    KW_OK(house.rotation.engine.confirm_clock(event_of(call)));
    return Done{};
  });
  return status_of(outcome);
}

Status require_no_run(House& house, Call& call, store::Reader& reader,
                      const rotation::Subject& subject) {
  KW_TRY(const auto open, house.rotation.runs.open_run(reader, subject));
  if (!open) return ok();
  call.details.run_id = open->id.text();
  return error(Code::kFailedPrecondition, "run_open",
               "run " + open->id.text() + " of " + subject.text() + " is open (" +
                   std::string(rotation::run_state_name(open->state)) +
                   "): wait for its end, roll it back or abort it");
}

Status require_thawed(House& house, Call& call, store::Reader& reader,
                      const rotation::Subject& subject) {
  KW_TRY(const auto incident, house.emergency.incidents.frozen_by(reader, subject));
  if (!incident) return ok();
  call.details.incident_id = incident->text();
  return error(Code::kFailedPrecondition, "frozen_by_incident",
               "incident " + incident->text() + " has frozen " + subject.text() +
                   " and alone rotates it until it is closed or withdrawn");
}

}  // namespace kw::service
