// What a person reads when something failed: what, why, and what to type next. At most four lines.
#pragma once

#include <string>

#include "base/error.h"
#include "client/connection.h"

namespace kw::cli {

/// "error: WHAT [reason]", "  why: …" and "  try: …" as far as there is something to say.
std::string advice(const Error& failure, const client::Problem* problem, bool verbose);

}  // namespace kw::cli
