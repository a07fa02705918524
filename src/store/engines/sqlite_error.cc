#include "store/engines/sqlite_error.h"

#include <sqlite3.h>

#include <string>

namespace kw::store::engines {

namespace {

Error constraint_error(int code, std::string_view detail) {
  const bool unique = code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
                      code == SQLITE_CONSTRAINT_ROWID;
  if (unique) return error(Code::kAlreadyExists, "unique_violation", "this row exists already");
  return error(Code::kInternal, "store_error", detail);
}

}  // namespace

bool is_io_error(int code) {
  return (code & 0xFF) == SQLITE_IOERR;
}

Error sqlite_error(int code, std::string_view detail) {
  switch (code & 0xFF) {
    case SQLITE_CONSTRAINT:
      return constraint_error(code, detail);
    case SQLITE_FULL:
      return error(Code::kUnavailable, "store_full", "the disk of the store is full");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return error(Code::kDataLoss, "store_corrupt", "the database file is damaged");
    case SQLITE_TOOBIG:
      return error(Code::kTooLarge, "value_too_large", "a value or statement is too large");
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_PROTOCOL:
    case SQLITE_INTERRUPT:
      return error(Code::kUnavailable, "store_unavailable",
                   std::string("the store failed for now: ") + sqlite3_errstr(code));
    default:
      return error(Code::kInternal, "store_error", detail);
  }
}

}  // namespace kw::store::engines
