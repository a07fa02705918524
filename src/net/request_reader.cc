#include "net/request_reader.h"

namespace kw::net {

RequestReader::Progress RequestReader::refuse(const Refusal& refusal) {
  refusal_ = refusal;
  return Progress::kRefused;
}

RequestReader::Progress RequestReader::take_head(Reply::Target& exchange, RequestHead& head,
                                                 MessageFacts& facts) {
  switch (scanner_.scan(bytes_.data())) {
    case HeadScanner::Verdict::kMalformed:
      return refuse({400, "bad_request"});
    case HeadScanner::Verdict::kTooManyFields:
      return refuse({431, "too_many_headers"});
    case HeadScanner::Verdict::kIncomplete:
      if (!bytes_.full()) return Progress::kNeedsMore;
      return refuse(scanner_.in_request_line() ? Refusal{414, "target_too_long"}
                                               : Refusal{431, "header_too_large"});
    case HeadScanner::Verdict::kComplete:
      break;
  }
  exchange.head.assign(bytes_.data().substr(0, scanner_.head_size()));
  bytes_.consume(scanner_.head_size());
  const auto refusal = parser_.parse_head(exchange.head, head, facts);
  if (refusal) return refuse(*refusal);
  head.peer_address = exchange.peer_address;
  if (exchange.peer_certificate) head.peer_certificate = &*exchange.peer_certificate;
  if (exchange.peer_process) head.peer_process = &*exchange.peer_process;
  return Progress::kDone;
}

void RequestReader::take_ready(std::size_t length, WipedText& body) {
  const std::string_view ready = bytes_.data().substr(0, length);
  body.append(ready);
  bytes_.consume(ready.size());
}

RequestReader::Progress RequestReader::take_chunks(std::size_t body_max, WipedText& body) {
  std::size_t used = 0;
  const auto refusal = parser_.feed_chunks(bytes_.data(), body_max, body, used);
  if (refusal) return refuse(*refusal);
  bytes_.consume(used);
  if (parser_.chunks_done()) return Progress::kDone;
  return bytes_.full() ? refuse({400, "bad_chunk"}) : Progress::kNeedsMore;
}

}  // namespace kw::net
