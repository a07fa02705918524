// Incidents as people look at them: the forecast, the phases with a clock, the acknowledgement
// board, the blast radius.
#pragma once

#include <string>

#include "cli/session.h"

namespace kw::cli {

/// What a person decides by before and after it was opened. @param request  has mode,
/// compromised_since and drill. @param items  how many are frozen.
void print_forecast(const codec::JsonView& request, const codec::JsonView& radius,
                    const std::string& deadline, std::size_t items);
/// "0 of 2; …", or who let it go on.
std::string approval_text(const codec::JsonView& view);
/// Phases, what it waits for, items, the board, what to type next.
void print_incident(const codec::JsonView& view);
/// "T+00:12" between two RFC 3339 times.
std::string clock_text(const std::string& opened_at, const std::string& at);
/// The lines of the timeline behind `seq` that people follow; single versions and runs are left
/// out. @returns the last seq.
std::int64_t print_timeline(const codec::JsonView& view, std::int64_t after);
/// The blast radius report.
void print_report(const codec::JsonView& report);

}  // namespace kw::cli
