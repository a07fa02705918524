// What an audit record says. Typed fields only: there is no place for a secret or a free-form blob.
//
//   Event event;
//   event.action = "key.version.promoted";
//   event.tenant = "acme";
//   KW_OK(change_log.append(tx, event));
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace kw::audit {

enum class Outcome : std::uint8_t { kOk, kDenied, kFailed };

/// One event. Views are borrowed for the call. Empty fields are left out of the record.
struct Event {
  std::string_view action;  ///< from operations.def, or "seal.unseal.share", "kek.rewrap.batch" …
  Outcome outcome = Outcome::kOk;
  std::string_view reason;  ///< stable reason of a refusal or failure
  std::string_view request_id;
  std::string_view tenant;
  std::string_view actor;   ///< principal name; "anonymous" when unauthenticated
  std::string_view method;  ///< "token", "certificate", "internal", "none"
  std::string_view peer;    ///< socket address
  std::string_view
      kind;  ///< "key", "tenant", "kek", "token", "policy", "approval", "seal", "job" …
  std::string_view object;      ///< name or id; for "key-version" "<tenant>/<key>"
  std::int64_t version = 0;     ///< object version; 0: none
  std::string_view from_state;  ///< "none" for a new object
  std::string_view to_state;
  std::string_view policy;    ///< hex of the policy set's hash that decided
  std::string_view approval;  ///< approval id
  std::string_view note;      ///< stable word or number from our own code, never caller text
  std::int64_t demoted = 0;  ///< this version of the object went from primary to secondary; 0: none
  std::int64_t count = 0;    ///< items of a batch, rows of a job; 0: none
};

/// A text field is cut at this many bytes, at a character's boundary, and marked with "…".
inline constexpr std::size_t kFieldBytesMax = 512;
inline constexpr std::size_t kLeafBytesMax = 8192;

/// The canonical JSON leaf: the event, "time", "node", "salt" (16 random bytes, hex). One line of
/// valid UTF-8: control characters are escaped, malformed UTF-8 becomes U+FFFD. Numbers beyond 2^53
/// - 1 are written as 2^53 - 1. An event whose escapes would not fit in kLeafBytesMax has its
/// fields cut shorter.
/// @source RFC 8785 (members sorted, no white space), RFC 3339.
std::string leaf_json(const Event& event, WallTime time, std::string_view node);

}  // namespace kw::audit
