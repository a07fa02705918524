// What a person reads when something failed: what, why, and what to type next. At most four lines.
#pragma once

#include <string>

#include "base/error.h"
#include "client/connection.h"

namespace kw::cli {

/// What is known about a failure beyond itself (hints.h). Empty texts say nothing.
struct Hints {
  std::string what;     ///< in place of the failure's own message
  std::string why;      ///< one cause
  std::string attempt;  ///< in place of the usual next thing to type
};

/// "error: WHAT [reason]", "  why: …" and "  try: …" as far as there is something to say.
std::string advice(const Error& failure, const client::Problem& problem, bool verbose,
                   const Hints& hints = {});

}  // namespace kw::cli
