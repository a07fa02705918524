#include "net/request_reader.h"

#include <gtest/gtest.h>

#include <cstring>

namespace kw::net {
namespace {

using Progress = RequestReader::Progress;

struct Reading {
  explicit Reading(std::size_t header_max = 1024) : reader(header_max) {}
  void give(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto room = reader.room();
      ASSERT_FALSE(room.empty());
      const std::size_t count = std::min(room.size(), bytes.size());
      memcpy(room.data(), bytes.data(), count);
      reader.filled(count);
      bytes.remove_prefix(count);
    }
  }
  Progress take_head() {
    exchange->clear();
    reader.begin_request();
    return reader.take_head(*exchange, head, facts);
  }
  RequestReader reader;
  std::shared_ptr<Reply::Target> exchange =
      std::make_shared<Reply::Target>(std::make_shared<Mailbox>([] {}));
  RequestHead head;
  MessageFacts facts;
};

TEST(RequestReader, leaves_the_next_request_where_it_is) {
  Reading reading;
  reading.give(
      "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nHost: "
      "b\r\n\r\n");
  ASSERT_EQ(reading.take_head(), Progress::kDone);
  EXPECT_EQ(reading.facts.content_length, 3U);
  WipedText body;
  reading.reader.take_ready(3, body);
  EXPECT_EQ(std::string_view(body), "abc");
  EXPECT_EQ(reading.head.path, "/a");  // still readable after the buffer moved on
  ASSERT_EQ(reading.take_head(), Progress::kDone);
  EXPECT_EQ(reading.head.path, "/b");
  EXPECT_FALSE(reading.facts.has_body());
  EXPECT_TRUE(reading.reader.empty());
}

TEST(RequestReader, reads_chunks_and_what_follows_them) {
  Reading reading;
  reading.give("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_EQ(reading.take_head(), Progress::kDone);
  EXPECT_TRUE(reading.facts.chunked);
  WipedText body;
  for (const char* piece : {"3", "\r\nab", "c\r", "\n00", "02\r\nde\r\n0\r\n"}) {
    reading.give(piece);
    EXPECT_EQ(reading.reader.take_chunks(5, body), Progress::kNeedsMore);
  }
  reading.give("\r\nGET /b HTTP/1.1\r\nHost: b\r\n\r\n");
  EXPECT_EQ(reading.reader.take_chunks(5, body), Progress::kDone);
  EXPECT_EQ(std::string_view(body), "abcde");
  ASSERT_EQ(reading.take_head(), Progress::kDone);
  EXPECT_EQ(reading.head.path, "/b");
}

TEST(RequestReader, refuses_chunks_over_the_limit_before_they_arrive) {
  Reading reading;
  reading.give(
      "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\n");
  ASSERT_EQ(reading.take_head(), Progress::kDone);
  WipedText body;
  EXPECT_EQ(reading.reader.take_chunks(5, body), Progress::kRefused);
  EXPECT_EQ(reading.reader.refusal().status, 413);
}

TEST(RequestReader, never_holds_more_than_its_limit) {
  Reading reading(64);
  reading.give(std::string(64, 'a'));
  EXPECT_TRUE(reading.reader.room().empty());
  EXPECT_EQ(reading.take_head(), Progress::kRefused);
  EXPECT_EQ(reading.reader.refusal().status, 414);
  Reading fields(64);
  fields.give("GET / HTTP/1.1\r\nHost: " + std::string(42, 'a'));
  EXPECT_EQ(fields.take_head(), Progress::kRefused);
  EXPECT_EQ(fields.reader.refusal().status, 431);
}

TEST(RequestReader, answers_nothing_for_a_header_given_twice) {
  Reading reading;
  reading.give("GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a: 2\r\nX-B: 3\r\n\r\n");
  ASSERT_EQ(reading.take_head(), Progress::kDone);
  EXPECT_EQ(reading.head.header("x-A"), "");
  EXPECT_EQ(reading.head.header_count("X-a"), 2);
  EXPECT_EQ(reading.head.header("x-b"), "3");
  EXPECT_EQ(reading.head.header("x-c"), "");
}

TEST(InputBuffer, wipes_what_is_used_up) {
  InputBuffer buffer(64);
  const auto room = buffer.room();
  memcpy(room.data(), "secretrest", 10);
  buffer.filled(10);
  buffer.consume(6);
  EXPECT_EQ(buffer.data(), "rest");
  EXPECT_EQ(std::string(room.data(), 6), std::string(6, '\0'));
  buffer.room();
  EXPECT_EQ(buffer.data(), "rest");
  EXPECT_EQ(std::string(room.data() + 4, 6), std::string(6, '\0'));
}

}  // namespace
}  // namespace kw::net
