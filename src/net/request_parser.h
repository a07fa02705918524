// From the bytes of a head to a RequestHead, and from a chunked body to its content. The grammar is
// Boost.Beast's; the rules about what a request may say are ours.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/secret_bytes.h"
#include "net/http_server.h"
#include "net/refusal.h"

namespace kw::net {

/// What a head says about the message that follows it.
struct MessageFacts {
  std::uint64_t content_length = 0;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
  bool head_only = false;  ///< the method is HEAD
  bool has_body() const { return chunked || content_length != 0; }
};

/// Parses one request at a time; reused for the next. Not thread-safe.
class RequestParser {
 public:
  static constexpr std::size_t kTargetMax = 8 * 1024;

  RequestParser();
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Parses a head that HeadScanner found complete. `head` borrows from `text`, which must stay
  /// until the answer.
  ///
  /// Refuses: other versions than 1.1 (505), a target over kTargetMax (414) or not canonical, a
  /// missing or odd Host, Transfer-Encoding other than `chunked` or beside Content-Length, two of a
  /// field that must be single, Content-Encoding (415), an Expect other than 100-continue (417).
  /// @source RFC 9112 sections 3, 6 and 7; RFC 9110 section 10.1.1.
  std::optional<Refusal> parse_head(std::string_view text, RequestHead& head, MessageFacts& facts);

  /// Takes the next bytes of a chunked body and appends its content to `body`.
  ///
  /// @param body_max  more content than this is refused with 413 body_too_large.
  /// @param used      how many of `bytes` are done with; offer the rest again with more behind it.
  std::optional<Refusal> feed_chunks(std::string_view bytes, std::size_t body_max, WipedText& body,
                                     std::size_t& used);
  /// True when the last chunk was read.
  bool chunks_done() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kw::net
