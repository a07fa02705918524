#include "service/entry.h"

#include "service/access.h"
#include "service/ceremonies.h"
#include "service/hooks.h"
#include "service/idempotency.h"
#include "service/incidents.h"
#include "service/jobs.h"
#include "service/rotation_runs.h"
#include "service/secrets.h"

namespace kw::service {

namespace {

bool names(const Call& call, std::string_view parameter) {
  return call.operation->path.find(parameter) != std::string_view::npos;
}

Status permitted(House& house, Call& call) {
  // Everybody with a credential may ask who they are.
  if (call.operation->id == OperationId::token_self) return require_open(house);
  if (names(call, "{key}")) return status_of(visible_key(house, call));
  if (call.operation->id == OperationId::secret_put) return may_write_secret(house, call);
  if (names(call, "{path*}")) return status_of(visible_secret(house, call));
  if (names(call, "{job}")) {
    KW_TRY(const JobId id, JobId::parse(call.object));
    return status_of(visible_job(house, call, id));
  }
  if (names(call, "{approval}")) {
    KW_TRY(const ApprovalId id, ApprovalId::parse(call.object));
    return status_of(visible_approval(house, call, id));
  }
  if (names(call, "{incident}")) {
    KW_TRY(const IncidentId id, IncidentId::parse(call.object));
    return status_of(visible_incident(house, call, id));
  }
  if (names(call, "{ceremony}")) {
    KW_TRY(const rotation::CeremonyId id, rotation::CeremonyId::parse(call.object));
    return status_of(visible_ceremony(house, call, id));
  }
  if (names(call, "{run}")) {
    KW_TRY(const RunId id, RunId::parse(call.object));
    return status_of(visible_run(house, call, id));
  }
  if (names(call, "{hook}")) {
    KW_TRY(const HookId id, HookId::parse(call.object));
    return status_of(visible_hook(house, call, id));
  }
  KW_OK(require_open(house));
  return authorise(house, call, {});
}

}  // namespace

Status enter(House& house, Call& call) {
  if (call.operation->plane == Plane::kPublic) return ok();
  Status outcome = [&]() -> Status {
    KW_OK(permitted(house, call));
    if (call.operation->plane != Plane::kChange) return ok();
    return not_done_before(house, call);
  }();
  if (!outcome) KW_OK(record_and_wait(house, call, outcome));
  return outcome;
}

}  // namespace kw::service
