// The smallest permit that a request needs, told from the server's own description of its
// interface.
#pragma once

#include <string>

#include "client/connection.h"

namespace kw::cli {

/// A policy text with one statement, or, for what no policy can permit, the roles that may.
/// @param path  with or without its query. @errors those of the connection;
///   kNotFound(no_such_route): the server does not know this request
Result<std::string> permit_for(client::Connection& connection, const std::string& method,
                               const std::string& path, std::string_view body);

}  // namespace kw::cli
