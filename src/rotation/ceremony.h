// Key ceremonies: M of N people for operations on KEKs and the root, step by step, each step by
// another person, within a time. Nobody holds two roles. What is executed is exactly what was
// shown to all of them, and a signed transcript proves it offline.
//
//   custody (M of N custodians) -> witness (all) -> operator ready -> complete -> performed
//
// Tables: ceremony, evidence_entry. Rows carry a MAC. Thread-safe. Borrows everything it is given.
// The people are `change.by.actor`: the service has authenticated them. Shares of keys do not pass
// here: they go to the seal.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audit/change_log.h"
#include "base/clock.h"
#include "base/id.h"
#include "rotation/ceremony_rules.h"
#include "rotation/evidence.h"
#include "rotation/runs.h"

namespace kw::rotation {

/// How rows are protected against those who can write the database but not unseal: Barrier::row_mac
/// and check_row, say.
struct RowProof {
  std::function<Result<Bytes>(std::string_view table, ByteView row)> make;
  std::function<Status(std::string_view table, ByteView row, ByteView mac)> check;
};

/// What a ceremony executes. Implemented above this room; thread-safe.
class Perform {
 public:
  virtual ~Perform() = default;
  /// Hex SHA-256 of all that `operation` on `object` would do and hangs on: parameters and the
  /// present state. @errors kInvalidArgument(unknown_operation), kNotFound(not_found)
  virtual Result<std::string> request_hash(store::Reader& reader, std::string_view operation,
                                           std::string_view object) = 0;
  /// Does it, in the transaction that records it: once. What takes longer is a job begun here.
  virtual Status perform(Change change, const Ceremony& ceremony) = 0;
};

struct CeremonyRequest {
  std::string operation;                ///< [a-z][a-z0-9._-]{0,63}: "kek.rotate", "root.reseal" …
  std::string object;                   ///< printable, at most 256 bytes
  int threshold = 2;                    ///< M: 2 to N
  std::vector<std::string> custodians;  ///< N: 2 to 16
  std::vector<std::string> witnesses;   ///< 1 to 8
  std::chrono::seconds valid{3600};     ///< 60 s to 24 h
};

class Ceremonies {
 public:
  Ceremonies(audit::ChangeLog& log, const Clock& clock, Perform& perform, RowProof proof);

  /// The caller is its operator. @audit ceremony.open
  /// @errors kInvalidArgument(bad_ceremony | unknown_operation): also when one person would hold
  ///   two roles (names are compared without case)
  Result<Ceremony> open(Change change, const CeremonyRequest& request);
  /// The caller's step. @param request_hash  what the person was shown.
  /// @errors kFailedPrecondition(wrong_order | already_acknowledged | operation_changed |
  ///   ceremony_closed: done, cancelled or out of time), kPermissionDenied(not_a_participant),
  ///   kNotFound(not_found) @audit ceremony.acknowledge
  Result<Ceremony> acknowledge(Change change, const CeremonyId& id, std::string_view request_hash);
  /// By the operator, when complete. @errors kFailedPrecondition(ceremony_open | ceremony_closed |
  ///   operation_changed), kPermissionDenied(not_the_operator), and those of Perform
  /// @audit ceremony.perform
  Result<Ceremony> perform(Change change, const CeremonyId& id);
  /// By a participant; not after it was performed. @audit ceremony.cancel
  Result<Ceremony> cancel(Change change, const CeremonyId& id);

  /// @errors kNotFound(not_found), kDataLoss(row_tampered)
  Result<Ceremony> show(store::Reader& reader, const CeremonyId& id);
  /// Newest first. @param limit 1 to 1,000
  Result<std::vector<Ceremony>> list(store::Reader& reader, int limit);
  /// The evidence file of a ceremony that was performed. Signs a checkpoint first, so not within a
  /// transaction. @errors kFailedPrecondition(ceremony_open), kUnavailable(sealed)
  Result<std::string> transcript(store::Store& store, const CeremonyId& id);

 private:
  Result<Ceremony> load(store::Reader& reader, const CeremonyId& id);
  Result<Ceremony> save(Change change, Ceremony ceremony, std::string_view what,
                        std::string_view detail);

  audit::ChangeLog& log_;
  const Clock& clock_;
  Perform& perform_;
  RowProof proof_;
};

}  // namespace kw::rotation
