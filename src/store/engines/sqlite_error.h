// What SQLite's result codes mean to the callers of the store.
#pragma once

#include <string_view>

#include "base/error.h"

namespace kw::store::engines {

/// `code` is an extended result code, `detail` SQLite's own message (it holds names, never values).
/// @source https://www.sqlite.org/rescode.html
Error sqlite_error(int code, std::string_view detail);
/// A disk that failed to read, write or sync.
bool is_io_error(int code);

}  // namespace kw::store::engines
