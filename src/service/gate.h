// THE gate. Every operation goes through exactly one of its functions: none reaches keys, access or
// audit another way.
//
// Order: sealed or fenced? -> authorised? -> in one transaction: idempotency key, approvals, the
// work with its audit leaf, the kept answer. Refusals are recorded too (access log). Source of the
// duties: docs/threat_model.md.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "audit/event.h"
#include "keys/keyring.h"
#include "service/call.h"
#include "service/house.h"

namespace kw::service {

/// Facts about the object that policies may compare ("classification", "owner", "algorithm").
using Facts = std::map<std::string, std::string>;
Facts facts_of(const keys::Key& key);

/// The audit event of a call, without its outcome. Borrows from `call`.
audit::Event event_of(const Call& call);

/// @errors kUnavailable(sealed | fenced)
Status require_open(House& house);
/// May this caller do this to this object? @errors kPermissionDenied(permission_denied),
/// kUnauthenticated(token_missing)
Status authorise(House& house, Call& call, const Facts& facts);

/// Whether the caller, who is known, may also do another operation in the call's tenant.
/// @param name  of the object; "": the kind as a whole
bool may(const House& house, const Call& call, OperationId other, std::string_view name = {});

/// The one answer for what does not exist and for what the caller may not know of.
Error not_found();
/// The key that the call names, after authorisation against its facts. @errors as authorise;
/// kNotFound(not_found)
Result<std::shared_ptr<const keys::Key>> visible_key(House& house, Call& call);

/// How many approvals an operation needs from others; 0 on a development server.
int approvals_needed(const House& house, OperationId operation, bool override_readiness);

/// What a change needs beside its work.
struct Guarded {
  int approvals = 0;
  std::string summary;  ///< what approvers read: one sentence from our own code
  std::int64_t epoch =
      0;  ///< of the object: an approval given for another state of it does not count
};

using Work = std::function<Status(keys::Change)>;
/// Runs `work` in one transaction with approvals and idempotency. Call it inside `recorded`.
/// @errors what work returns; kFailedPrecondition(approval_required: call.details has the id),
///   those of claim (idempotency.h).
Status transact(House& house, Call& call, const Guarded& guarded, const Work& work);

/// Records a finished read or use in the access log; `release` is called when the record is
/// durable.
void record(House& house, const Call& call, const Status& outcome, std::int64_t version,
            std::int64_t count, std::function<void(Status)> release);
/// The same, waiting: for workers.
Status record_and_wait(House& house, const Call& call, const Status& outcome,
                       std::int64_t count = 0, std::int64_t version = 0);

template <typename T>
Status status_of(const Result<T>& result) {
  if (result) return ok();
  return result.error();
}

/// Runs a change; a refusal or failure leaves its record (a success left its leaf in the
/// transaction).
template <typename T, typename Body>
Result<T> recorded(House& house, Call& call, const Body& body) {
  Result<T> outcome = body();
  if (!outcome) KW_OK(record_and_wait(house, call, status_of(outcome)));
  return outcome;
}

/// Runs a read after authorisation and records it, whatever came out.
template <typename T, typename Body>
Result<T> consulted(House& house, Call& call, const Body& body) {
  Result<T> outcome = [&]() -> Result<T> {
    KW_OK(require_open(house));
    KW_OK(authorise(house, call, {}));
    return body();
  }();
  KW_OK(record_and_wait(house, call, status_of(outcome)));
  return outcome;
}

/// Runs a read of the key that the call names, after authorisation against the key's facts, and
/// records it.
template <typename T, typename Body>
Result<T> consulted_key(House& house, Call& call, const Body& body) {
  Result<T> outcome = [&]() -> Result<T> {
    KW_TRY(const std::shared_ptr<const keys::Key> key, visible_key(house, call));
    return body(key);
  }();
  KW_OK(record_and_wait(house, call, status_of(outcome)));
  return outcome;
}

/// The room's schema.
std::span<const store::Migration> migrations();

}  // namespace kw::service
