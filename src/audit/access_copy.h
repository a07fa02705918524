// A copy of a node's access log, written from what its API hands out: what makes an export
// complete.
//
//   KW_TRY(AccessCopy copy, AccessCopy::open(directory, node, promises));
//   while (…) KW_OK(copy.add(records_from(copy.size())));
//   KW_OK(copy.finish());
#pragma once

#include <memory>
#include <string>

#include "audit/access_log.h"

namespace kw::audit {

/// Lies in <directory>/access/<node>, where the verifier looks for it. One thread.
class AccessCopy {
 public:
  AccessCopy(AccessCopy&&) noexcept;
  ~AccessCopy();
  /// Goes on with an older copy of the same log.
  /// @param promises  of the log, fetched before its records: the copy then has no checkpoint
  /// beyond
  ///   its records. @errors kInvalidArgument(bad_name), kFailedPrecondition(foreign_export):
  ///   another log's copy is there, or a damaged one; kUnavailable(io_error)
  static Result<AccessCopy> open(const std::string& directory, const std::string& node,
                                 AccessLog::Promises promises);
  /// Records that are there: the next one has this index.
  std::uint64_t size() const;
  /// Adds records in the form of a segment. @errors kInvalidArgument(truncated),
  /// kUnavailable(disk_full | io_error)
  Status add(ByteView records);
  /// Makes everything durable, then writes the promises. @errors kUnavailable(io_error)
  Status finish();

 private:
  struct State;
  explicit AccessCopy(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kw::audit
