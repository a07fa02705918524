#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "net/request_reader.h"

// Any bytes, in pieces as long as the first byte says: never a crash, never more body than allowed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kw::net;
  if (size < 2) return 0;
  const std::size_t step = data[0] + std::size_t{1};
  RequestReader reader(4096);
  const auto exchange = std::make_shared<Reply::Target>(std::make_shared<Mailbox>([] {}));
  RequestHead head;
  MessageFacts facts;
  bool in_body = false;
  for (std::size_t at = 1; at < size;) {
    const auto room = reader.room();
    const std::size_t count = std::min({step, size - at, room.size()});
    memcpy(room.data(), data + at, count);
    reader.filled(count);
    at += count;
    auto progress = in_body ? reader.take_chunks(512, exchange->body)
                            : reader.take_head(*exchange, head, facts);
    if (progress == RequestReader::Progress::kRefused) return 0;
    KW_CHECK(exchange->body.size() <= 512);
    if (progress == RequestReader::Progress::kNeedsMore) continue;
    if (!in_body) KW_CHECK(head.path.starts_with('/') && head.header_count("host") == 1);
    in_body = !in_body && facts.chunked;
    if (!in_body) {
      exchange->clear();
      reader.begin_request();
    }
  }
  return 0;
}
