// What a failure is: a canonical code that each dialect maps, and a stable reason that callers
// react to.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace kw {

/// The canonical failure classes. Every API dialect maps exactly these rows.
enum class Code {
  kInvalidArgument,     ///< malformed or out of range, whatever the state of the system (HTTP 400)
  kUnauthenticated,     ///< no valid credential (401)
  kPermissionDenied,    ///< known caller, not allowed (403)
  kNotFound,            ///< no such object, or one that the caller may not know of (404)
  kAlreadyExists,       ///< (409)
  kFailedPrecondition,  ///< the state of the object or a guard forbids it now (409)
  kAborted,             ///< lost a compare-and-swap; try the whole read-change-write again (409)
  kResourceExhausted,   ///< quota, rate or size limit (429; 413 for sizes)
  kTooLarge,            ///< request larger than its limit (413)
  kUnavailable,         ///< sealed, shutting down, store busy or failing: retry later (503)
  kDeadlineExceeded,    ///< (504)
  kDataLoss,            ///< stored data failed authentication or is missing (500)
  kUnimplemented,       ///< capability absent in this build or library (501)
  kInternal,            ///< a bug (500)
};

/// The code's stable lower-case name, for example "failed_precondition".
std::string_view code_name(Code code);

/// A failure. `reason` is a stable identifier (lower-case, underscores) that a program may branch
/// on; `message` is one sentence for people; neither may hold secret or caller-chosen binary data.
struct Error {
  Code code = Code::kInternal;
  std::string reason;
  std::string message;
  std::optional<std::chrono::seconds> retry_after;
};

/// Builds an Error; short at call sites: `return error(Code::kNotFound, "not_found", "no key with
/// this name");`
inline Error error(Code code, std::string_view reason, std::string_view message) {
  return Error{code, std::string(reason), std::string(message), std::nullopt};
}

}  // namespace kw
