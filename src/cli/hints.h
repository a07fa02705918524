// What the command line finds out about a failure before it speaks: the nearest name, how far an
// unsealing is, which variable hides a good token.
#pragma once

#include <string>
#include <vector>

#include "cli/advice.h"
#include "cli/command.h"
#include "cli/session.h"

namespace kw::cli {

/// Of a file that cannot be read or written: what, why, and what to look at.
Hints file_trouble(const Error& failure);
/// May ask the server; finds nothing rather than failing.
/// @param words  of the command line as typed, without the program's name.
Hints hints_for(Session& session, const Command& command, const Arguments& arguments,
                const std::vector<std::string>& words, const Error& failure);

/// The nearest of `candidates` within an edit distance that a typo explains; "" when none is near.
std::string nearest(const std::string& typed, const std::vector<std::string>& candidates);

}  // namespace kw::cli
