#include "rotation/evidence_timeline.h"

#include <algorithm>

#include "observe/plain_text.h"

namespace kw::rotation {
namespace {

constexpr std::size_t kDetailBytesMax = 2'000;
constexpr std::int64_t kEntriesMax = 100'000;

// A line is read on terminals and pasted into reports.
std::string one_line(std::string_view text) {
  std::string out;
  while (!text.empty() && out.size() < kDetailBytesMax) {
    const observe::Character next = observe::first_character(text);
    const bool plain =
        next.point >= 0x20 && (next.point < 0x7F || next.point > 0x9F) && next.point != 0xFFFD;
    out += plain ? text.substr(0, next.length) : std::string_view("\xEF\xBF\xBD");
    text.remove_prefix(next.length);
  }
  return out;
}

}  // namespace

Result<TimelineEntry> next_entry(store::Reader& reader, std::string_view id, TimelineEntry entry) {
  KW_TRY(const auto last, reader.query_one("SELECT seq, at, hash FROM evidence_entry"
                                           " WHERE object = $1 ORDER BY seq DESC LIMIT 1",
                                           {id}));
  entry.seq = last ? last->integer(0) + 1 : 1;
  if (entry.seq > kEntriesMax)
    return error(Code::kResourceExhausted, "timeline_full", "a timeline has 100,000 lines");
  if (last) entry.at = std::max(entry.at, from_micros(last->integer(1)));
  entry.who = one_line(entry.who);
  entry.what = one_line(entry.what);
  entry.detail = one_line(entry.detail);
  entry.hash = timeline_hash(last ? last->text(2) : timeline_start(id), entry);
  return entry;
}

Result<TimelineEntry> append_entry(store::Tx& tx, std::string_view id, TimelineEntry entry) {
  KW_TRY(TimelineEntry next, next_entry(tx, id, std::move(entry)));
  KW_OK(
      tx.execute("INSERT INTO evidence_entry (object, seq, at, who, what, detail, hash)"
                 " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                 {id, next.seq, to_micros(next.at), next.who, next.what, next.detail, next.hash}));
  return next;
}

Result<std::vector<TimelineEntry>> read_timeline(store::Reader& reader, std::string_view id) {
  KW_TRY(const auto rows, reader.query("SELECT seq, at, who, what, detail, hash FROM"
                                       " evidence_entry WHERE object = $1 ORDER BY seq",
                                       {id}));
  std::vector<TimelineEntry> entries;
  entries.reserve(rows.size());
  for (const store::Row& row : rows)
    entries.push_back({row.integer(0), from_micros(row.integer(1)), row.text(2), row.text(3),
                       row.text(4), row.text(5)});
  if (!timeline_problem(id, entries).empty())
    return error(Code::kDataLoss, "broken_timeline",
                 "a stored timeline does not match its hashes: it was changed");
  return entries;
}

}  // namespace kw::rotation
