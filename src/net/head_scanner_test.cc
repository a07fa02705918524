#include "net/head_scanner.h"

#include <gtest/gtest.h>

#include <string>

namespace kw::net {
namespace {

using Verdict = HeadScanner::Verdict;

Verdict scan(std::string_view bytes) {
  return HeadScanner().scan(bytes);
}

TEST(HeadScanner, finds_the_end_however_the_bytes_come) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nA:\tb\r\n\r\nGET";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    HeadScanner scanner;
    Verdict verdict = Verdict::kIncomplete;
    for (std::size_t n = step; verdict == Verdict::kIncomplete; n += step)
      verdict = scanner.scan(std::string_view(bytes).substr(0, n));
    EXPECT_EQ(verdict, Verdict::kComplete) << step;
    EXPECT_EQ(scanner.head_size(), bytes.size() - 3) << step;
  }
}

TEST(HeadScanner, refuses_at_once_what_no_request_has) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view bytes :
       {"\r\n"sv, "\n"sv, "\r\nGET / HTTP/1.1"sv, " GET"sv, "GET /\n"sv, "GET /\rX"sv, "GET /\0"sv,
        "\x16\x03\x01"sv, "GET /\x7F"sv, "A\r\nB: c\n"sv, "A\r\nB: \x01"sv, "A\r\nB: c\r\r\n"sv,
        "A\r\nB: c\r\n d\r\n"sv, "A\r\nB: c\r\n\td\r\n"sv}) {
    const bool needs_line = bytes == " GET"sv;
    EXPECT_EQ(scan(bytes), needs_line ? Verdict::kIncomplete : Verdict::kMalformed) << bytes;
  }
}

TEST(HeadScanner, refuses_too_many_fields) {
  std::string head = "GET / HTTP/1.1\r\n";
  for (std::size_t i = 0; i < HeadScanner::kFieldsMax; ++i) head += "A: b\r\n";
  EXPECT_EQ(scan(head + "\r\n"), Verdict::kComplete);
  EXPECT_EQ(scan(head + "A: b\r\n\r\n"), Verdict::kTooManyFields);
}

}  // namespace
}  // namespace kw::net
