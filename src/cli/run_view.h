// A run as people see it: the ladder of its states, what it waits for, its checklist. Pure text
// from the API's JSON.
#pragma once

#include <string>
#include <vector>

#include "codec/json.h"

namespace kw::cli {

/// "key:acme/orders @1 -> @2"
std::string run_title(const codec::JsonView& run);
/// "✓plan ✓approve ▸ROLLOUT ·promote …", within `columns`.
std::string run_ladder(const codec::JsonView& run, std::size_t columns);
/// "[████░░░░] 25 %"
std::string run_bar(std::int64_t percent);
/// The lines of the live view: title, ladder, rollout, what it waits for, times.
std::vector<std::string> run_screen(const codec::JsonView& run, const std::string& clock);
/// One line per change, for pipes: "13:42:10Z  drain 100 %  waits for …".
std::string run_line(const codec::JsonView& run, const std::string& clock);
/// Everything about a run, for `run show`.
std::vector<std::string> run_pages(const codec::JsonView& run);
/// The last words: how it ended.
std::string run_end(const codec::JsonView& run);

bool run_finished(const std::string& state);

}  // namespace kw::cli
