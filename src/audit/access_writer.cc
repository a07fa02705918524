#include "audit/access_writer.h"

#include <algorithm>

#include "base/failpoint.h"

namespace kw::audit {

void Group::clear() {
  bytes.clear();
  ends.clear();
  hashes.clear();
  callbacks.clear();
}

Result<AccessWriter> AccessWriter::open(std::string folder, HeadFile head, Recovered recovered) {
  AccessWriter writer(std::move(folder), std::move(head));
  writer.frontier_ = std::move(recovered.frontier);
  if (recovered.begun) {
    const std::uint64_t first = segment_first(writer.frontier_.size());
    KW_TRY(writer.segment_,
           Segment::open(writer.folder_, first, Segment::Mode::kContinue, recovered.segment_bytes));
    // After a power loss the hashes may be behind the records.
    writer.segment_.put_hashes(first, recovered.hashes);
    KW_OK(writer.segment_.sync());
  }
  writer.head_.write(writer.frontier_);
  return writer;
}

Status AccessWriter::write(const Group& group, std::size_t& done) {
  KW_FAILPOINT("audit.append");
  while (done < group.size()) {
    const std::uint64_t index = frontier_.size();
    const bool fits = segment_.is_open() && segment_.first() == segment_first(index);
    if (!fits) KW_OK(rotate());
    const std::uint64_t room = segment_.first() + kSegmentRecords - index;
    const std::size_t end = std::min<std::uint64_t>(group.size(), done + room);
    KW_OK(write_part(group, done, end));
    done = end;
  }
  return ok();
}

Status AccessWriter::rotate() {
  KW_FAILPOINT("audit.segment.rotate");
  segment_.sync_hashes();
  KW_TRY(segment_,
         Segment::open(folder_, segment_first(frontier_.size()), Segment::Mode::kCreate, 0));
  return ok();
}

Status AccessWriter::write_part(const Group& group, std::size_t begin, std::size_t end) {
  const std::size_t from = begin == 0 ? 0 : group.ends[begin - 1];
  KW_OK(segment_.append(ByteView(group.bytes).subspan(from, group.ends[end - 1] - from)));
  KW_FAILPOINT("audit.fdatasync");
  KW_OK(segment_.sync());
  if (!segment_.intact())
    return error(Code::kUnavailable, "io_error",
                 "another program has removed, replaced or changed the access log's segment");
  const std::uint64_t index = frontier_.size();
  const auto hashes = std::span(group.hashes).subspan(begin, end - begin);
  for (const Hash& hash : hashes) frontier_.add(hash);
  segment_.put_hashes(index, hashes);
  head_.write(frontier_);
  return ok();
}

}  // namespace kw::audit
