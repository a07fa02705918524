// What an access log's folder holds when it is opened: how far it is good, and whether it is still
// the log it was.
#pragma once

#include <string>
#include <vector>

#include "audit/merkle.h"
#include "base/result.h"

namespace kw::audit {

struct Recovered {
  Frontier frontier;                ///< of all good records
  bool begun = false;               ///< the segment of the next record exists
  std::uint64_t segment_bytes = 0;  ///< its good bytes
  std::vector<Hash> hashes;         ///< its leaf hashes
  std::uint64_t cut_bytes = 0;      ///< what lies behind them, moved to a file cut-<index>
};

/// Scans from the segment that `head` ends in.
/// @errors kDataLoss(audit_truncated): records are missing that `head` or the newest checkpoint
/// counts.
///   kDataLoss(audit_tampered): records differ from them. kUnavailable(io_error)
Result<Recovered> recover(const std::string& folder, const Frontier& head);

/// The last whole note of `checkpoints`, "" when there is none; what follows it is cut off.
/// @errors kUnavailable(io_error)
Result<std::string> recover_notes(const std::string& folder);

}  // namespace kw::audit
