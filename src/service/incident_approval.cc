#include "service/incident_approval.h"

#include "base/bytes.h"
#include "crypto/digest.h"

namespace kw::service {

namespace {

constexpr std::chrono::seconds kValid{24 * 3600};

// The plan's hash covers scope, mode, time, suspects and all that depends on them.
crypto::Digest256 digest_of(const rotation::Incident& incident) {
  ByteWriter text;
  text.field("keywright/incident-approval/v1").field(incident.id.bytes());
  text.field(incident.plan_hash);
  return crypto::sha256(text.bytes());
}

std::string summary_of(const rotation::Incident& incident) {
  const auto& scope = incident.request.scope;
  std::string text = "incident " + std::string(rotation::incident_mode_name(incident.request.mode));
  text += " on " + scope.names.front();
  if (scope.names.size() > 1) text += " and " + std::to_string(scope.names.size() - 1) + " more";
  return text + ", plan " + incident.plan_hash.substr(0, 12);
}

std::string_view tenant_in(std::string_view subject) {
  const auto colon = subject.find(':'), slash = subject.find('/');
  if (colon == subject.npos || slash == subject.npos || slash < colon) return {};
  return subject.substr(colon + 1, slash - colon - 1);
}

}  // namespace

std::string incident_tenant(const rotation::IncidentRequest& request) {
  const auto& names = request.scope.names;
  using Kind = rotation::Scope::Kind;
  if (names.empty() || request.scope.kind == Kind::kCaller) return "";
  if (request.scope.kind == Kind::kTenant) return names.size() == 1 ? names.front() : "";
  const std::string_view tenant = tenant_in(names.front());
  for (const std::string& name : names)
    if (tenant_in(name) != tenant) return "";
  return std::string(tenant);
}

Result<auth::Approval> ask_for_incident(auth::Approvals& approvals, store::Tx& tx,
                                        const rotation::Incident& incident) {
  auth::Approval wanted;
  wanted.operation = "incident:open";
  wanted.tenant = incident_tenant(incident.request);
  wanted.object = incident.id.text();
  wanted.summary = summary_of(incident);
  wanted.request_hash = digest_of(incident);
  wanted.requester = incident.opened_by;
  wanted.needed = kIncidentApprovers;
  return approvals.open(tx, wanted, kValid);
}

Result<rotation::Verdict> spend_for_incident(auth::Approvals& approvals, rotation::Change change,
                                             const rotation::Incident& incident) {
  rotation::Verdict verdict;
  if (incident.approval.empty()) return verdict;
  KW_TRY(const ApprovalId id, ApprovalId::parse(incident.approval));
  const auto spent =
      approvals.consume(change.tx, id, incident.opened_by, digest_of(incident));
  if (!spent) {
    const Error& failure = spent.error();
    const bool not_given = failure.reason == "approval_open" ||
                           failure.reason == "approval_closed" ||
                           failure.reason == "approval_mismatch" || failure.reason == "not_found";
    if (not_given) return verdict;
    return failure;
  }
  verdict.approved = true;
  verdict.id = incident.approval;
  verdict.approvers = spent->approvers;
  return verdict;
}

}  // namespace kw::service
