// The access log: one per node, for data-plane operations. Append-only files with group commit; no
// answer leaves before its record is durable. Its signed checkpoints become leaves of the change
// log (anchors).
//
// Directory <dir>/<node>/ (0700, files 0600, held by one process through a lock):
//   segment-<first index, 12 digits>.log   records of u16 length | leaf, 65,536 per segment
//   segment-<first index, 12 digits>.hash  the records' leaf hashes, 32 bytes each: an aid that
//   names the first bad record checkpoints                            signed notes, each followed
//   by an empty line head                                   size and tree edge of the last group: a
//   hint that makes opening fast reserve                                bytes given up on ENOSPC,
//   so that refusals can still be recorded vkey                                   verifier key line
//   of the checkpoints cut-<index>                            what a crash left behind the last
//   whole record, moved out of the way at open
//
// An error of fdatasync, and a segment that was removed, replaced or changed by someone else, are
// fatal: from then on the log answers kUnavailable(audit_unavailable). On a full disk it refuses
// records with Outcome::kOk in the same words, records refusals into the space of the reserve, and
// goes on by itself when space is back.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "audit/event.h"
#include "base/result.h"
#include "crypto/signing.h"

namespace kw::audit {

class ChangeLog;

/// Thread-safe. Borrows the clock. Destruction writes what was accepted.
class AccessLog {
 public:
  struct Options {
    std::string directory;
    std::string node;                       ///< an ObjectName: it is also the folder's name
    std::string origin;                     ///< checkpoint origin line, "<cluster>/access/<node>"
    std::chrono::microseconds linger{200};  ///< how long a group may wait for company; 0 to 2 ms
    std::size_t group_max = 1024;           ///< records per fdatasync; 1 to 65,536
    std::size_t reserve_bytes = 64u << 20;
  };
  using Durable = std::function<void(Status)>;

  /// Takes the folder over. Reads the last segment, compares it with `head` and the newest
  /// checkpoint, and moves a torn tail out of the way (recorded as "audit.tail_cut").
  /// @errors kInvalidArgument(bad_access_log), kFailedPrecondition(audit_in_use),
  ///   kDataLoss(audit_truncated | audit_tampered): never cut, never continued.
  ///   kUnavailable(io_error)
  static Result<std::unique_ptr<AccessLog>> open(Options options, const Clock& clock);
  ~AccessLog();

  /// Queues a record (serialised by the caller's thread); `durable` is called once from the log's
  /// thread after fdatasync, or with an error at once from this thread when the record is refused.
  /// It must not block. At most 65,536 records or 64 MiB wait: beyond that
  /// kUnavailable(audit_backlog).
  void append(const Event& event, Durable durable);
  /// The same, waiting. Not from the log's thread (a Durable).
  Status append_and_wait(const Event& event);

  /// Durable records.
  std::uint64_t size() const;
  /// Records that an anchor in the change log commits to; 0 until the first anchor of this process.
  std::uint64_t anchored() const;
  /// Signs the durable head, appends the note to `checkpoints` and returns it. A log that has not
  /// grown answers its newest note. @errors kUnavailable(sealed | audit_unavailable)
  Result<std::string> checkpoint();
  void unlock(std::shared_ptr<const crypto::SigningKey> signer);  ///< nullptr at sealing
  /// False once the log has failed, and while its disk is full.
  bool healthy() const;
  /// As healthy, with the cause. @errors kUnavailable(audit_unavailable)
  Status health() const;
  /// Leaves with index in [first, first + count) for replay and queries; fewer at the end. `count`
  /// at most 10,000. Reading on from where the last call ended is cheap. @errors
  /// kDataLoss(audit_tampered), kUnavailable(io_error)
  Result<std::vector<std::string>> read(std::uint64_t first, std::size_t count) const;
  /// Copies durable segments, hashes, checkpoints and vkey into <directory>/access/<node>, beside a
  /// change log's export. Whole segments that are there already are kept. Export the change log
  /// first: a copy that is older than the anchors in the change log does not verify. @errors
  /// kUnavailable(export_failed)
  Status export_to(const std::string& directory) const;
  /// What a copy of the records is held against, as it lies in the log's folder; empty before the
  /// first checkpoint.
  struct Promises {
    std::string verifier_key;
    std::string checkpoints;
  };
  /// @errors kUnavailable(io_error)
  Result<Promises> promises() const;
  const std::string& node() const;

 private:
  friend Status anchor(ChangeLog& change_log, AccessLog& access_log);
  struct State;
  explicit AccessLog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Signs a checkpoint of the access log and appends its size and root to the change log. Does
/// nothing when the access log has not grown since this process's last anchor.
/// @audit audit.anchor: kind "access-log", note = node, object = base64 root, count = size.
/// @errors kUnavailable(sealed | audit_unavailable), those of the store.
Status anchor(ChangeLog& change_log, AccessLog& access_log);

}  // namespace kw::audit
