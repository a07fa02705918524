// What PostgreSQL's SQLSTATEs mean to the store.
#pragma once

#include <string_view>

#include "store/session.h"

namespace kw::store::engines {

/// `message` is the server's primary message; it is shown only where it cannot hold values.
/// @source PostgreSQL 15, appendix A (error codes).
Failure postgres_failure(std::string_view state, std::string_view message);

}  // namespace kw::store::engines
