// Collects the bytes of requests and cuts them into heads and bodies. Does no input or output
// itself.
#pragma once

#include <optional>
#include <span>

#include "net/exchange.h"
#include "net/head_scanner.h"
#include "net/input_buffer.h"
#include "net/request_parser.h"

namespace kw::net {

/// One per connection: what is left over after a request begins the next (pipelining). Each take_
/// function first uses what is there and says whether more bytes are needed. Not thread-safe.
class RequestReader {
 public:
  enum class Progress { kNeedsMore, kDone, kRefused };

  /// @param header_max  bytes of a head with its request line; also the most that is ever buffered.
  explicit RequestReader(std::size_t header_max) : bytes_(header_max) {}

  bool empty() const { return bytes_.empty(); }
  std::span<char> room() { return bytes_.room(); }
  void filled(std::size_t count) { bytes_.filled(count); }

  void begin_request() { scanner_.reset(); }
  /// Moves a complete head into the exchange, from which `head` borrows, and parses it.
  Progress take_head(Reply::Target& exchange, RequestHead& head, MessageFacts& facts);
  /// Moves up to `length` bytes that are there already to the end of `body`.
  void take_ready(std::size_t length, WipedText& body);
  /// Appends the content of chunks to `body`.
  Progress take_chunks(std::size_t body_max, WipedText& body);
  /// Why, after kRefused.
  const Refusal& refusal() const { return refusal_; }

 private:
  Progress refuse(const Refusal& refusal);

  InputBuffer bytes_;
  HeadScanner scanner_;
  RequestParser parser_;
  Refusal refusal_;
};

}  // namespace kw::net
