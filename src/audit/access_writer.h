// The disk side of an access log: groups of records into segments. Used by the log's thread alone.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "audit/access_head.h"
#include "audit/access_recovery.h"
#include "audit/segment.h"

namespace kw::audit {

/// Records that become durable together, as bytes of a segment.
struct Group {
  Bytes bytes;                      ///< u16 length | leaf, one after the other
  std::vector<std::uint32_t> ends;  ///< where each record ends in `bytes`
  std::vector<Hash> hashes;
  std::vector<std::function<void(Status)>> callbacks;

  std::size_t size() const { return ends.size(); }
  /// Empties it; the buffers stay allocated.
  void clear();
};

class AccessWriter {
 public:
  /// @errors kUnavailable(disk_full | io_error)
  static Result<AccessWriter> open(std::string folder, HeadFile head, Recovered recovered);

  /// Makes the records from `done` on durable and counts `done` up to the first that is not.
  /// @errors kUnavailable(disk_full): nothing is lost, try again when there is space. All others
  /// are final.
  Status write(const Group& group, std::size_t& done);
  /// The segment is still ours.
  bool intact() const { return !segment_.is_open() || segment_.intact(); }
  const Frontier& frontier() const { return frontier_; }

 private:
  AccessWriter(std::string folder, HeadFile head)
      : folder_(std::move(folder)), head_(std::move(head)) {}
  Status rotate();
  Status write_part(const Group& group, std::size_t begin, std::size_t end);

  std::string folder_;
  HeadFile head_;
  Segment segment_;
  Frontier frontier_;
};

}  // namespace kw::audit
