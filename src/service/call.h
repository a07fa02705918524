// One request as the service sees it: typed, parsed once, with who asks and for what.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/principal.h"
#include "crypto/digest.h"
#include "keys/readiness.h"
#include "service/operation.h"

namespace kw::service {

/// An answer in the dialect's own words, kept for a repeat of its request. Never holds a secret.
struct KeptAnswer {
  int status = 0;
  std::string etag;
  std::string body;
};
/// How the dialect words the answer to a change; empty: the answer is not kept.
template <typename T>
using Wording = std::function<KeptAnswer(const T&)>;
/// The outcome of a change that answers with nothing.
struct Done {};

/// What a refusal tells beside its reason; the dialect shows it.
struct RefusalDetails {
  std::string approval_id;
  int approvals_needed = 0;
  std::vector<keys::Blocker> blockers;
  std::string run_id;       ///< of run_open: the run in the way
  std::string incident_id;  ///< of frozen_by_incident
  std::string
      why;  ///< of permission_denied: the nearest statement, for those who may read policies
  std::optional<KeptAnswer> earlier;  ///< of already_done: what the first request was answered
};

struct Call {
  const Operation* operation = nullptr;
  std::shared_ptr<const auth::Principal> caller;  ///< null only on kPublic operations
  SteadyTime started;
  std::string request_id;
  std::string peer;
  std::string path;    ///< as it came: names the version and whatever else the fields below do not
  std::string tenant;  ///< "" for system-wide objects
  std::string
      object;  ///< name that policies match and the audit record shows; "" for the kind as a whole
  std::string note;             ///< what the access log's record says beside: our own words, or ""
  std::string approval;         ///< id that the caller presents, or ""
  std::string idempotency_key;  ///< or ""
  crypto::Digest256
      body_digest{};       ///< SHA-256 of the request's body: binds approvals and idempotency to it
  RefusalDetails details;  ///< filled by a refusal
  std::optional<KeptAnswer> answer;  ///< filled by a change, stored in its transaction
};

/// Words the outcome of a change while its transaction still runs, so that both are kept or none.
template <typename T>
void keep(Call& call, const Wording<T>& wording, const T& outcome) {
  if (wording && !call.idempotency_key.empty()) call.answer = wording(outcome);
}

}  // namespace kw::service
