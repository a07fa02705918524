// One request as the service sees it: typed, parsed once, with who asks and for what.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "auth/principal.h"
#include "crypto/digest.h"
#include "keys/readiness.h"
#include "service/operation.h"

namespace kw::service {

/// What a refusal tells beside its reason; the dialect shows it.
struct RefusalDetails {
  std::string approval_id;
  int approvals_needed = 0;
  std::vector<keys::Blocker> blockers;
};

struct Call {
  const Operation* operation = nullptr;
  std::shared_ptr<const auth::Principal> caller;  ///< null only on kPublic operations
  SteadyTime started;
  std::string request_id;
  std::string peer;
  std::string tenant;  ///< "" for system-wide objects
  std::string
      object;  ///< name that policies match and the audit record shows; "" for the kind as a whole
  std::string approval;         ///< id that the caller presents, or ""
  std::string idempotency_key;  ///< or ""
  crypto::Digest256
      body_digest{};       ///< SHA-256 of the request's body: binds approvals and idempotency to it
  RefusalDetails details;  ///< filled by a refusal
};

}  // namespace kw::service
