#include "cli/advice.h"

#include <map>

namespace kw::cli {

namespace {

constexpr std::size_t kColumns = 80;

// The next thing to type, by reason. One row per mistake that people make.
const std::map<std::string, std::string, std::less<>>& tries() {
  static const std::map<std::string, std::string, std::less<>> kTries = {
      {"token_missing", "keywright context create NAME --url URL --token-stdin"},
      {"token_invalid", "keywright context show   (which token is used, and where it comes from)"},
      {"token_expired",
       "ask a security officer for a new token; if KEYWRIGHT_TOKEN is set: unset KEYWRIGHT_TOKEN"},
      {"token_revoked", "ask a security officer for a new token"},
      {"no_server",
       "keywright server --dev   or   keywright context create NAME --url URL --token-stdin"},
      {"no_tenant", "the same with -t TENANT or TENANT:NAME   (keywright tenant list shows them)"},
      {"no_such_check", "keywright doctor"},
      {"no_such_context", "keywright context list"},
      {"unreachable", "is the server running? keywright doctor"},
      {"tls_untrusted", "keywright context trust FINGERPRINT   if the server shows the same one"},
      {"sealed", "keywright seal unseal   (asks for a share)"},
      {"not_found", "keywright key list   (names are case-sensitive; -t names the tenant)"},
      {"permission_denied", "ask a security officer for a role or an access policy"},
      {"decrypt_failed", "wrong key, changed file or associated data: keywright key inspect FILE"},
      {"not_ready", "keywright key readiness KEY@N   (what is in the way, and when it clears)"},
      {"approval_required", "when it is approved: the same command with --approval ID"},
      {"approval_open", "keywright approval show ID   (who approved, who is missing)"},
      {"invalid_transition", "keywright key show KEY   (the states of its versions)"},
      {"key_exhausted", "keywright key rotate KEY"},
      {"protect_blocked", "keywright key rotate KEY"},
      {"no_primary", "keywright key promote KEY@N, or keywright key rotate KEY"},
      {"rate_limited", "wait a moment, then again"},
      {"duties_conflict", "give the two roles to two people"},
      {"incident_moved", "keywright incident show ID   (what was decided, and by whom)"},
      {"incident_open", "keywright incident watch ID   (it is signed when the incident closes)"},
      {"not_reported", "keywright incident watch ID   (it is reported after containment)"},
      {"outside_tenant", "a security officer of all tenants does this"},
      {"own_request", "somebody else must do this"},
      {"graph_cycle", "declare one of these edges with --break"},
      {"wrong_order", "keywright ceremony show ID   (who is next)"},
      {"operation_changed", "cancel this ceremony and open another one"},
      {"plan_stale", "keywright key rotate KEY --dry-run   (a plan of how it is now)"},
      {"run_open", "keywright run list --open   (its run goes on by itself)"},
      {"no_drill", "keywright incident start --scope key:KEY --reason drill --drill"},
      {"not_your_consumer",
       "a key admin says who speaks for it: keywright consumer add NAME --uses KEY --principal "
       "NAME"},
      {"not_a_webhook", "keywright secret edit PATH --type webhook   (or webhook-inbound)"},
      {"bad_webhook_secret", "keywright secret put PATH --generate webhook"},
      {"plan_changed", "keywright run show RUN   (the plan as it is now)"},
      {"invalid_run_transition", "keywright run show RUN   (its state, and what it waits for)"},
      {"bad_policy", "keywright policy show defaults   (a policy with every kind of clause)"},
      {"stale_epoch", "read it again (keywright key show KEY), then repeat the change"},
      {"already_exists", "choose another name, or look at what is there"},
      {"unknown_algorithm", "keywright help algorithms"},
      {"not_an_audit_directory",
       "keywright audit export --dir DIR   (verify reads what it writes)"},
      {"algorithm_unavailable", "needs a newer OpenSSL; keywright help algorithms"},
  };
  return kTries;
}

std::string attempt(const Error& failure, const client::Problem& problem) {
  if (failure.reason == "approval_required" && !problem.approval_id.empty())
    return "they type: keywright approval approve " + problem.approval_id +
           "   then you: the same with --approval " + problem.approval_id;
  if (failure.reason == "run_open" && !problem.run_id.empty())
    return "keywright run watch " + problem.run_id +
           "   (wait for its end; or: keywright run rollback " + problem.run_id + ", run abort)";
  if (failure.reason == "frozen_by_incident" && !problem.incident_id.empty())
    return "keywright incident watch " + problem.incident_id + "   (the freeze ends with it)";
  const auto found = tries().find(failure.reason);
  return found == tries().end() ? "" : found->second;
}

std::string why(const client::Problem& problem) {
  if (problem.blockers.empty()) return problem.why;
  const client::Blocker& first = problem.blockers.front();
  std::string text = first.kind + " by " + first.where + " (" + std::to_string(first.amount) +
                     "), clears when: " + first.clears_when;
  if (problem.blockers.size() > 1)
    text += ", and " + std::to_string(problem.blockers.size() - 1) + " more";
  return text;
}

}  // namespace

std::string advice(const Error& failure, const client::Problem& problem, bool verbose,
                   const Hints& hints) {
  std::string first = "error: " + (hints.what.empty() ? failure.message : hints.what);
  std::string cause = hints.why.empty() ? why(problem) : hints.why;
  if (!cause.empty()) cause = "\n  why: " + cause;
  // The reason stands where it still fits into a line.
  const std::string reason = " [" + failure.reason + "]";
  const bool fits = cause.empty() || first.size() + reason.size() <= kColumns;
  (fits ? first : cause) += reason;
  std::string text = first + cause;
  const std::string next = hints.attempt.empty() ? attempt(failure, problem) : hints.attempt;
  if (!next.empty()) text += "\n  try: " + next;
  if (verbose && !problem.request_id.empty()) text += "\n  request: " + problem.request_id;
  return text;
}

}  // namespace kw::cli
