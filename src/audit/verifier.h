// The offline verifier: no server, no database. Names the first bad record.
//
//   KW_TRY(auto report, verify({"/media/usb/audit-export", pinned_vkey}));
//   if (!report.good()) …  // report.logs[0].first_bad, .place, .problem
//
// What it can find depends on what was signed. A record is named exactly when its stored leaf hash
// is intact (hash tiles, .hash files); when those were rewritten too, the first record behind the
// last checkpoint that still holds is named: the range up to the next checkpoint is in doubt.
// Records behind the newest checkpoint and anchor are read but not proven. A history that was
// rolled back as a whole, checkpoints included, needs a witness.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace kw::audit {

/// What was found in one log. Only the first problem is told.
struct LogReport {
  std::string name;             ///< "change log", "access log node-1"
  std::uint64_t leaves = 0;     ///< leaves hashed
  std::uint64_t proven = 0;     ///< leaves covered by a good signed checkpoint or anchor
  std::string root_hex;         ///< over all leaves hashed
  std::string checkpoint_time;  ///< of the newest good checkpoint's last leaf
  bool good = false;
  std::int64_t first_bad = -1;  ///< index of the first bad record; -1 when none
  std::string place;            ///< "tile/entries/352 entry 199"
  /// Stable: hash_differs, truncated, not_canonical, sequence, illegal_transition, bad_signature,
  /// fork, not_anchored, unproven (nothing in it is signed). Empty when good.
  std::string problem;
};
struct VerifyReport {
  std::vector<LogReport> logs;  ///< the change log first
  double seconds = 0;
  bool good() const;
};

struct VerifyOptions {
  std::string directory;
  /// Pinned vkey line of the change log; empty: the directory's own `vkey` file (weaker: said in
  /// the output).
  std::string verifier_key;
};
/// Accepts an export (ChangeLog::export_to, with access/ beside it), a live data directory's audit
/// folder or one node's folder in it. Checks hashes, order, signatures, consistency of every
/// checkpoint, canonical form, legal state transitions and anchors. With an access/ folder, every
/// node that the change log anchors must be in it. Reads one bundle or segment buffer at a time;
/// memory grows with the number of key versions and checkpoints.
/// @errors kInvalidArgument(not_an_audit_directory | bad_verifier_key), kUnavailable(io_error)
Result<VerifyReport> verify(const VerifyOptions& options);

}  // namespace kw::audit
