// Watches a request's head arrive: finds its end and refuses, byte by byte, what must not reach the
// HTTP parser.
#pragma once

#include <cstddef>
#include <string_view>

namespace kw::net {

/// One per request; reset() between requests. Refuses control characters (NUL included), bare CR or
/// LF, folded lines, an empty first line and more than kFieldsMax fields. Each byte is looked at
/// once. Not thread-safe.
///
/// @source RFC 9112 sections 2.2 and 5.2.
class HeadScanner {
 public:
  static constexpr std::size_t kFieldsMax = 100;
  enum class Verdict { kIncomplete, kComplete, kMalformed, kTooManyFields };

  /// Looks at the bytes that came since the last call.
  ///
  /// @param bytes  all bytes of the request so far; may hold more than the head.
  Verdict scan(std::string_view bytes);
  /// Length of the head with its empty line; after kComplete.
  std::size_t head_size() const { return line_start_; }
  /// True until the end of the request line was seen.
  bool in_request_line() const { return lines_ == 0; }
  void reset() { *this = HeadScanner(); }

 private:
  Verdict end_line(std::string_view bytes, std::size_t line_feed);

  std::size_t scanned_ = 0;     // bytes before this are known to be good
  std::size_t line_start_ = 0;  // where the current line began
  std::size_t lines_ = 0;
};

}  // namespace kw::net
