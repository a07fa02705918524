#include <algorithm>

#include "audit/files.h"
#include "audit/segment.h"
#include "audit/verify_log.h"

namespace kw::audit {

namespace {

constexpr std::size_t kHashesBytesMax = kSegmentRecords * sizeof(Hash);

class AccessLogCheck {
 public:
  AccessLogCheck(std::string folder, const Claims& claims, LogReport& report)
      : folder_(std::move(folder)), report_(report), tree_(claims.list(), report) {}

  Status run() {
    KW_TRY(const auto segments, list_segments(folder_));
    bool whole = true;
    for (std::size_t i = 0; whole && i < segments.size(); ++i) {
      if (segments[i] != tree_.size()) return end_early(name(segment_first(tree_.size())));
      KW_TRY(whole, segment(segments[i], i + 1 == segments.size()));
    }
    if (whole) tree_.finish();
    return ok();
  }

 private:
  static std::string name(std::uint64_t first) { return segment_path("", first).substr(1); }
  // Records are missing before the last segment.
  Status end_early(std::string place) {
    tree_.finish();
    tell_record(report_, "truncated", tree_.size(), std::move(place));
    return ok();
  }
  Result<bool> segment(std::uint64_t first, bool last);
  bool record(std::uint64_t first, std::string_view text, ByteView hashes);

  std::string folder_;
  LogReport& report_;
  TreeCheck tree_;
  Lifecycles lifecycles_;
};

// Hashes that a power loss has left unwritten read as zeros or are missing: they say nothing.
bool differs(ByteView hashes, std::uint64_t record, const Hash& hash) {
  if (hashes.size() < (record + 1) * sizeof(Hash)) return false;
  const ByteView stored = hashes.subspan(record * sizeof(Hash), sizeof(Hash));
  return !same_bytes(stored, hash) && !same_bytes(stored, Hash{});
}

bool AccessLogCheck::record(std::uint64_t first, std::string_view text, ByteView hashes) {
  const std::uint64_t index = tree_.size();
  const Hash hash = leaf_hash(as_bytes(text));
  const bool suspect = differs(hashes, index - first, hash);
  const auto leaf = parse_leaf(text);
  const std::string place = leaf ? "" : name(first) + " record " + std::to_string(index - first);
  // A record that also differs from its hash is told as such, by the claim that does not hold.
  if (!leaf && !suspect) tell_record(report_, "not_canonical", index, place);
  return tree_.add(hash, leaf ? leaf->time : "", suspect, nullptr);
}

Result<bool> AccessLogCheck::segment(std::uint64_t first, bool last) {
  KW_TRY(const Bytes hashes, read_if_present(hashes_path(folder_, first), kHashesBytesMax));
  KW_TRY(SegmentReader reader, SegmentReader::open(segment_path(folder_, first)));
  std::string_view text;
  KW_TRY(auto got, reader.next(text));
  while (got == SegmentReader::Got::kRecord) {
    if (tree_.size() - first == kSegmentRecords) {
      tell_record(report_, "sequence", tree_.size(), name(first) + " has too many records");
      return false;
    }
    if (!record(first, text, hashes)) return false;
    KW_TRY(got, reader.next(text));
  }
  // A live log may end inside a record that is being written; what was promised is checked at the
  // end.
  if (last || tree_.size() - first == kSegmentRecords) return true;
  KW_OK(end_early(name(first)));
  return false;
}

// The access log signs under its own name, "<cluster>/access/<node>", with the change log's key.
std::optional<VerifierKey> access_key(const std::optional<VerifierKey>& key, std::string_view notes,
                                      const std::string& node) {
  const auto all = split_notes(notes);
  if (!key || all.empty()) return std::nullopt;
  const std::string_view origin = all.front().substr(0, all.front().find('\n'));
  const std::string suffix = "access/" + node;
  const bool ours = origin.size() >= suffix.size() && is_key_name(origin) &&
                    origin.substr(origin.size() - suffix.size()) == suffix;
  if (!ours) return std::nullopt;
  return VerifierKey{std::string(origin), key->public_key};
}

}  // namespace

Status verify_access_log(const std::string& folder, const std::string& node,
                         const std::optional<VerifierKey>& key, const std::vector<Anchor>& anchors,
                         LogReport& report) {
  Claims claims;
  KW_TRY(const Bytes notes, read_if_present(folder + "/checkpoints", kNotesFileBytesMax));
  claims.add_notes(as_text(notes), access_key(key, as_text(notes), node), report);
  for (const Anchor& anchor : anchors)
    if (anchor.node == node)
      claims.add(anchor.claim, "anchor of size " + std::to_string(anchor.claim.size), report);
  return AccessLogCheck(folder, claims, report).run();
}

}  // namespace kw::audit
