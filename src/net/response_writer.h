// Turns a Response into the bytes of an HTTP/1.1 answer: one preformatted piece of memory, no
// serializer.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/secret_bytes.h"
#include "net/http_server.h"

namespace kw::net {

/// What the answer says about the connection, and whether the body is only announced.
struct AnswerForm {
  bool keep_alive = true;
  bool head_only = false;
};

/// One per event loop: it keeps the fields that all answers share, and the Date for one second. Not
/// thread-safe.
class ResponseWriter {
 public:
  explicit ResponseWriter(bool tls) : tls_(tls) {}

  /// Renews the Date when the second changed. @source RFC 9110 section 6.6.1.
  void refresh(WallTime now);
  /// Appends the status line and the header of a response that is_safe().
  /// @returns whether the body must follow.
  bool write_head(const Response& response, const AnswerForm& form, WipedText& out) const;
  /// Appends the head of an event stream of unknown length (chunked).
  void write_stream_head(WipedText& out) const;
  /// Appends one chunk. @source RFC 9112 section 7.1.
  static void write_chunk(std::string_view content, WipedText& out);
  /// False when a header name or value holds what RFC 9110 section 5.5 forbids (line breaks above
  /// all).
  static bool is_safe(const Response& response);

 private:
  void write_shared(WipedText& out) const;

  bool tls_;
  std::int64_t second_ = -1;
  std::string date_;  // "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
};

}  // namespace kw::net
