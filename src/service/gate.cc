#include "service/gate.h"

#include <algorithm>
#include <future>

#include "crypto/digest.h"
#include "service/idempotency.h"

namespace kw::service {

namespace {

constexpr std::chrono::seconds kApprovalValid{24 * 3600};
// What an approval is bound to: the exact request, for the object in its present state.
crypto::Digest256 approved_digest(const Call& call, std::int64_t epoch) {
  ByteWriter text;
  text.field("keywright/approval/v2").field(request_digest(call));
  text.u64(static_cast<std::uint64_t>(epoch));
  return crypto::sha256(text.bytes());
}

Status open_approval(House& house, Call& call, const Guarded& guarded) {
  auth::Approval wanted;
  wanted.operation = call.operation->action;
  wanted.tenant = call.tenant;
  wanted.object = call.object;
  wanted.summary = guarded.summary;
  wanted.request_hash = approved_digest(call, guarded.epoch);
  wanted.requester = call.caller->name;
  wanted.needed = guarded.approvals;
  std::string id;
  KW_OK(house.store.write([&](store::Tx& tx) -> Status {
    KW_TRY(auth::Approval opened, house.approvals.open(tx, wanted, kApprovalValid));
    id = opened.id.text();
    audit::Event event = event_of(call);
    event.action = "approval.open";
    event.kind = "approval";
    event.object = id;
    event.note = call.operation->name;
    KW_OK(house.changes.append(tx, event));
    return ok();
  }));
  call.details.approval_id = id;
  call.details.approvals_needed = guarded.approvals;
  return error(Code::kFailedPrecondition, "approval_required",
               "other people must approve this first; repeat the request with the approval's id");
}

Status spend_approval(House& house, store::Tx& tx, const Call& call, const Guarded& guarded) {
  if (guarded.approvals == 0) return ok();
  KW_TRY(const ApprovalId id, ApprovalId::parse(call.approval));
  KW_OK(house.approvals.consume(tx, id, call.caller->name, approved_digest(call, guarded.epoch)));
  return ok();
}

// " acme:orders", " acme" or "".
std::string object_text(const Call& call) {
  std::string text = call.tenant;
  if (!call.object.empty() && call.object != call.tenant)
    text += (text.empty() ? "" : ":") + call.object;
  return text.empty() ? text : " " + text;
}

bool sees_tenant(const auth::Principal& caller, std::string_view tenant) {
  return std::any_of(caller.grants.begin(), caller.grants.end(), [&](const auth::Grant& grant) {
    return grant.tenant == "*" || grant.tenant == tenant;
  });
}

}  // namespace

Error not_found() {
  return error(Code::kNotFound, "not_found", "there is no such object");
}

Facts facts_of(const keys::Key& key) {
  return {{"classification", std::string(keys::classification_name(key.classification))},
          {"owner", key.owner},
          {"purpose", std::string(crypto::purpose_name(key.purpose))}};
}

audit::Event event_of(const Call& call) {
  audit::Event event;
  event.action = call.operation->event;
  event.request_id = call.request_id;
  event.tenant = call.tenant;
  event.actor = call.caller ? std::string_view(call.caller->name) : "anonymous";
  event.method = call.caller ? std::string_view(call.caller->method) : "none";
  event.peer = call.peer;
  event.kind = call.operation->kind;
  event.object = call.object;
  event.approval = call.approval;
  event.note = call.note;
  return event;
}

Status require_open(House& house) {
  if (house.barrier.sealed())
    return error(Code::kUnavailable, "sealed",
                 "the server is sealed; give it its shares with: keywright seal unseal");
  if (house.feed.fenced())
    return error(Code::kUnavailable, "fenced",
                 "this node lost touch with the store and refuses to use keys");
  return ok();
}

Result<std::shared_ptr<const keys::Key>> visible_key(House& house, Call& call) {
  KW_OK(require_open(house));
  auto found = house.keyring.find(call.tenant, call.object);
  KW_OK(authorise(house, call, found ? facts_of(**found) : Facts{}));
  if (!found && found.error().code == Code::kNotFound) return not_found();
  return found;
}

Status authorise(House& house, Call& call, const Facts& facts) {
  if (call.operation->plane == Plane::kPublic) return ok();
  if (!call.caller)
    return error(Code::kUnauthenticated, "token_missing", "send a token or a client certificate");
  auth::Question question;
  question.action = call.operation->action;
  question.tenant = call.tenant;
  question.kind = call.operation->kind;
  question.name = call.object;
  question.roles = default_roles(*call.operation);
  question.facts = facts;
  const auth::Decision decision = house.access.decide(*call.caller, question);
  if (decision.allowed) return ok();
  // Who holds nothing in a tenant must not learn what exists there: a foreign object looks like a
  // missing one.
  if (!call.tenant.empty() && !sees_tenant(*call.caller, call.tenant)) return not_found();
  if (may(house, call, OperationId::access_policy_list)) call.details.why = decision.because;
  return error(
      Code::kPermissionDenied, "permission_denied",
      call.caller->name + " may not " + std::string(call.operation->action) + object_text(call));
}

bool may(const House& house, const Call& call, OperationId other, std::string_view name) {
  const Operation& asked = operation(other);
  auth::Question question;
  question.action = asked.action;
  question.tenant = call.tenant;
  question.kind = asked.kind;
  question.name = name;
  question.roles = default_roles(asked);
  return house.access.decide(*call.caller, question).allowed;
}

int approvals_needed(const House& house, OperationId operation, bool override_readiness) {
  if (house.options.development) return 0;
  if (override_readiness) return 2;
  switch (operation) {
    case OperationId::key_import:
    case OperationId::key_export:
    case OperationId::version_restore:
    case OperationId::version_revoke:
    case OperationId::seal_reseal:
    case OperationId::secret_destroy:
      return 1;
    case OperationId::version_destroy:
      return 2;
    default:
      return 0;
  }
}

namespace {
void count_call(House& house, const Call& call, const Status& outcome) {
  const bool timed = call.started != SteadyTime();
  const double seconds =
      timed ? std::chrono::duration<double>(house.clock.steady() - call.started).count() : 0;
  house.operation_metrics.count(*call.operation, outcome, seconds);
}
}  // namespace

Status transact(House& house, Call& call, const Guarded& guarded, const Work& work) {
  KW_OK(require_open(house));
  if (guarded.approvals > 0 && call.approval.empty()) return open_approval(house, call, guarded);
  const std::string policy = house.access.policy_hash();
  KW_OK(house.store.write([&](store::Tx& tx) -> Status {
    KW_OK(claim(house, tx, call));
    KW_OK(spend_approval(house, tx, call, guarded));
    audit::Event event = event_of(call);
    event.policy = policy;
    KW_OK(work(keys::Change{tx, event}));
    return settle(house, tx, call);
  }));
  count_call(house, call, ok());
  return ok();
}

void record(House& house, const Call& call, const Status& outcome, std::int64_t version,
            std::int64_t count, std::function<void(Status)> release) {
  audit::Event event = event_of(call);
  event.version = version;
  event.count = count;
  if (!outcome) {
    const bool denied = outcome.error().code == Code::kPermissionDenied ||
                        outcome.error().code == Code::kUnauthenticated;
    event.outcome = denied ? audit::Outcome::kDenied : audit::Outcome::kFailed;
    event.reason = outcome.error().reason;
  }
  count_call(house, call, outcome);
  house.accesses.append(event, std::move(release));
}

Status record_and_wait(House& house, const Call& call, const Status& outcome, std::int64_t count,
                       std::int64_t version) {
  std::promise<Status> durable;
  record(house, call, outcome, version, count,
         [&durable](Status status) { durable.set_value(std::move(status)); });
  return durable.get_future().get();
}

}  // namespace kw::service
