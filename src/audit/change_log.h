// The change log: one per cluster, in the store; a leaf commits in the same transaction as the
// change it records.
//
// RFC 6962 tree over canonical JSON leaves. Tables: audit_leaf(seq, at, tenant, actor, action,
// kind, object, leaf), audit_head (size and the hashes of its right edge), audit_hash (hashes of
// complete subtrees of 256^n leaves, for proofs in O(log n)), audit_checkpoint(size, note),
// audit_signer. Checkpoints are C2SP signed notes. Thread-safe. Borrows the store and the clock:
// both must outlive it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/event.h"
#include "audit/merkle.h"
#include "base/result.h"
#include "crypto/signing.h"
#include "store/store.h"

namespace kw::seal {
class Barrier;
}

namespace kw::audit {

struct Query {
  std::string tenant, actor, action, kind, object;  ///< "" matches all; `action` may end in ".*"
  std::optional<WallTime> from, to;                 ///< from inclusive, to exclusive
  std::int64_t before = INT64_MAX;  ///< cursor: only leaves with seq < before, newest first
  int limit = 100;                  ///< 1 to 1,000
};
struct Record {
  std::int64_t seq = 0;  ///< the leaf's index in the tree
  std::string leaf;
};

class ChangeLog {
 public:
  /// @param node    this node's name, written into each leaf.
  /// @param origin  the log's name in checkpoints, such as "prod/audit/1": no spaces and no '+'.
  ChangeLog(store::Store& store, const Clock& clock, std::string node, std::string origin);
  ~ChangeLog();

  /// Adds the leaf inside `tx`. The returned index is final only if the transaction commits.
  /// Locks the head row: transactions that append are serialised across nodes.
  /// @errors kDataLoss(bad_frontier), and those of the store.
  Result<std::int64_t> append(store::Tx& tx, const Event& event);
  /// As append, for several leaves at once: the head is locked and written once.
  /// @returns the index of the first one.
  Result<std::int64_t> append_all(store::Tx& tx, std::span<const Event> events);
  /// As append, in a transaction of its own; for refusals and other events without a change.
  Status append(const Event& event);

  /// Loads or makes the signer (sealed under the system tenant 0) once unsealed; nullptr at
  /// sealing.
  /// @errors kInvalidArgument(bad_origin), kDataLoss(signer_mismatch): the stored public key is not
  /// the sealed key's;
  ///   those of the Barrier and the store.
  Status unlock(seal::Barrier* barrier);
  /// Signs the current head and stores the note. Before that the stored leaves are compared with
  /// the head and with the newest checkpoint: a history that was edited is never signed. @errors
  /// kUnavailable(sealed), kDataLoss(audit_tampered)
  Result<std::string> checkpoint();
  /// The newest stored checkpoint note, or "" before the first.
  Result<std::string> latest_checkpoint();
  /// The verifier key line: "<name>+<hash>+<base64 key>" (C2SP signed-note). Works while sealed.
  /// @errors kNotFound(no_signer): before the first unlock.
  Result<std::string> verifier_key();
  /// The signer, for the access logs' checkpoints; nullptr while sealed.
  std::shared_ptr<const crypto::SigningKey> signer() const;

  Result<std::int64_t> size();
  /// @errors kInvalidArgument(bad_limit)
  Result<std::vector<Record>> query(const Query& query);
  Result<std::optional<Record>> record(std::int64_t seq);
  /// RFC 6962 proofs, computed from stored leaves. @errors kInvalidArgument(bad_tree_size)
  Result<Proof> inclusion(std::int64_t index, std::int64_t tree_size);
  Result<Proof> consistency(std::int64_t old_size, std::int64_t new_size);
  /// Entry bundle or hash tile in C2SP tlog-tiles form. Path such as "tile/entries/000" or
  /// "tile/0/000.p/17".
  /// @errors kInvalidArgument(bad_tile_path), kNotFound(tile_not_found): beyond the tree.
  Result<Bytes> tile(std::string_view path);
  /// Writes a verifiable copy: checkpoint, checkpoints, tiles, vkey. The directory must be empty,
  /// absent or an older export of this log, to which only what is new is added. Files are 0600 and
  /// replaced whole; `checkpoint` last.
  /// @errors kFailedPrecondition(not_an_export | foreign_export), kUnavailable(export_failed |
  /// sealed: no checkpoint yet)
  Status export_to(const std::string& directory);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::span<const store::Migration> migrations();

}  // namespace kw::audit
