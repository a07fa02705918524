// Why the server itself turns a request away, before or instead of the application.
#pragma once

#include <string_view>

#include "net/http_server.h"

namespace kw::net {

/// An HTTP status with a stable reason. Both are literals of this room, never text of a client.
struct Refusal {
  int status = 0;
  std::string_view reason;
};

/// Not worth an answer: the peer is gone, or never sent a request.
inline constexpr Refusal kHangUp{};

/// The standard phrase of a status, "Unknown" for others. @source RFC 9110 section 15.
std::string_view status_phrase(int status);

/// The answer that tells the client why. @source RFC 9457 (problem details).
Response problem_response(const Refusal& refusal);

}  // namespace kw::net
