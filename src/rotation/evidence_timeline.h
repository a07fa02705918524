// Timelines as rows: table evidence_entry. Inside the room only; thread-safe.
#pragma once

#include <vector>

#include "rotation/evidence.h"
#include "store/store.h"

namespace kw::rotation {

/// Appends a line; its time is that of the line before when the clock went back.
/// @param detail  cut at 2,000 bytes; invalid UTF-8 and control characters become U+FFFD.
/// @errors kResourceExhausted(timeline_full): 100,000 lines
Result<TimelineEntry> append_entry(store::Tx& tx, std::string_view id, TimelineEntry entry);
/// The line that append_entry would write.
Result<TimelineEntry> next_entry(store::Reader& reader, std::string_view id, TimelineEntry entry);
/// In order. @errors kDataLoss(broken_timeline)
Result<std::vector<TimelineEntry>> read_timeline(store::Reader& reader, std::string_view id);

}  // namespace kw::rotation
