// What must be turned away before the application sees it, over real sockets with and without TLS.
#include <gtest/gtest.h>

#include <atomic>

#include "net/test_server.h"

namespace kw::net::test {
namespace {

struct Case {
  const char* name;
  std::string bytes;
  int status;
  const char* reason;
};

std::string post(std::string_view fields, std::string_view body) {
  std::string text = "POST /p HTTP/1.1\r\nHost: a\r\n";
  return text.append(fields).append("\r\n").append(body);
}

std::string fields(int count, std::size_t size) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "A: " + std::string(size, 'b') + "\r\n";
  return text;
}

std::vector<Case> cases() {
  using std::string_literals::operator""s;
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  return {
      {"length and coding", post("Content-Length: 3\r\n" + chunked, "0\r\n\r\n"), 400,
       "ambiguous_body_length"},
      {"coding and length", post(chunked + "Content-Length: 3\r\n", "0\r\n\r\n"), 400,
       "ambiguous_body_length"},
      {"two lengths", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400,
       "duplicate_header"},
      {"list of lengths", post("Content-Length: 3, 3\r\n", "abc"), 400, "bad_content_length"},
      {"signed length", post("Content-Length: +3\r\n", "abc"), 400, "bad_content_length"},
      {"negative length", post("Content-Length: -1\r\n", ""), 400, "bad_content_length"},
      {"huge length", post("Content-Length: 99999999999999999999\r\n", ""), 400,
       "bad_content_length"},
      {"empty length", post("Content-Length:\r\n", ""), 400, "bad_content_length"},
      {"gzip coding", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 400,
       "bad_transfer_encoding"},
      {"two codings", post(chunked + chunked, "0\r\n\r\n"), 400, "duplicate_header"},
      {"identity coding", post("Transfer-Encoding: identity\r\n", "0\r\n\r\n"), 400,
       "bad_transfer_encoding"},
      {"coding with a tail", post("Transfer-Encoding: chunked;x\r\n", "0\r\n\r\n"), 400,
       "bad_transfer_encoding"},
      {"chunk size not hex", post(chunked, "zz\r\nabc\r\n0\r\n\r\n"), 400, "bad_chunk"},
      {"chunk size overflow", post(chunked, "11111111111111111\r\n"), 400, "bad_chunk"},
      {"chunk size negative", post(chunked, "-1\r\n"), 400, "bad_chunk"},
      {"chunk longer than its size", post(chunked, "2\r\nabc\r\n0\r\n\r\n"), 400, "bad_chunk"},
      {"chunk line with bare LF", post(chunked, "3\nabc\n0\n\n" + std::string(20'000, 'a')), 400,
       "bad_chunk"},
      {"chunk extension too long",
       post(chunked, "1;" + std::string(2'000, 'x') + "\r\na\r\n0\r\n\r\n"), 400, "bad_chunk"},
      {"trailers", post(chunked, "1\r\na\r\n0\r\nHost: b\r\n\r\n"), 400, "trailers_refused"},
      {"folded line", get("/", "A: b\r\n c\r\n"), 400, "bad_request"},
      {"NUL in a value", get("/", "A: b\0c\r\n"s), 400, "bad_request"},
      {"NUL in the path", "GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"s, 400, "bad_request"},
      {"control character in a value", get("/", "A: b\x01\r\n"), 400, "bad_request"},
      {"bare CR", get("/", "A: b\rC: d\r\n"), 400, "bad_request"},
      {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400, "bad_request"},
      {"space before the colon", get("/", "A : b\r\n"), 400, "bad_request"},
      {"no colon", get("/", "A\r\n"), 400, "bad_request"},
      {"no name", get("/", ": a\r\n"), 400, "bad_request"},
      {"two hosts", get("/", "Host: b\r\n"), 400, "duplicate_header"},
      {"two authorizations", get("/", "Authorization: a\r\nauthorization: b\r\n"), 400,
       "duplicate_header"},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400, "bad_host"},
      {"odd host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "bad_host"},
      {"absolute form", get("http://a/"), 400, "bad_target"},
      {"asterisk form", get("*"), 400, "bad_target"},
      {"authority form", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_target"},
      {"non-ASCII path", get("/\xC3\xA9"), 400, "*"},
      {"encoded slash", get("/a%2fb"), 400, "bad_target"},
      {"encoded dot", get("/a%2Eb"), 400, "bad_target"},
      {"encoded NUL", get("/a%00b"), 400, "bad_target"},
      {"encoded backslash", get("/a%5cb"), 400, "bad_target"},
      {"double slash", get("/a//b"), 400, "bad_target"},
      {"dot segment", get("/a/./b"), 400, "bad_target"},
      {"dot dot segment", get("/a/../b"), 400, "bad_target"},
      {"backslash", get("/a\\b"), 400, "bad_target"},
      {"fragment", get("/a#b"), 400, "bad_target"},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "*"},
      {"HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 505, "http_version_unsupported"},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http_version_unsupported"},
      {"no version", "GET /\r\n\r\n", 400, "*"},
      {"long target", get("/" + std::string(9'000, 'a')), 414, "target_too_long"},
      {"endless target", "GET /" + std::string(20'000, 'a'), 414, "target_too_long"},
      {"large head", get("/", "A: " + std::string(17'000, 'a') + "\r\n"), 431, "header_too_large"},
      {"large head of small fields", get("/", fields(90, 200)), 431, "header_too_large"},
      {"too many fields", get("/", fields(120, 1)), 431, "too_many_headers"},
      {"body over the limit", post("Content-Length: 2000000\r\n", "a"), 413, "body_too_large"},
      {"chunks over the limit", post(chunked, "200000\r\nabc"), 413, "body_too_large"},
      {"compressed body", post("Content-Encoding: gzip\r\nContent-Length: 1\r\n", "a"), 415,
       "unsupported_encoding"},
      {"unknown expectation", get("/", "Expect: 200-ok\r\n"), 417, "unsupported_expectation"},
      {"TLS hello or other binary", "\x16\x03\x01\x02", 400, "bad_request"},
      {"empty line first", "\r\n" + get("/"), 400, "bad_request"},
  };
}

class Strictness : public testing::TestWithParam<Security> {};

TEST_P(Strictness, refuses_with_a_problem_and_closes) {
  TestServer server(GetParam());
  std::atomic<int> handled{0};
  server.application.on_request = [&handled](const Request&, Reply reply) {
    ++handled;
    reply.send(json("{}"));
  };
  for (const Case& strict : cases()) {
    SCOPED_TRACE(strict.name);
    RawClient client(server);
    ASSERT_TRUE(client.connected());
    client.send(strict.bytes);
    const RawAnswer answer = client.answer();
    EXPECT_EQ(answer.status, strict.status) << answer.body;
    EXPECT_TRUE(answer.has("Content-Type: application/problem+json\r\n"));
    EXPECT_TRUE(answer.has("Connection: close\r\n"));
    EXPECT_NE(answer.body.find(R"({"type":"about:blank","title":")"), std::string::npos);
    if (std::string_view(strict.reason) != "*") {
      EXPECT_NE(answer.body.find(R"("reason":")" + std::string(strict.reason) + "\"}"),
                std::string::npos)
          << answer.body;
    }
    EXPECT_EQ(client.read_to_end(), "");
  }
  EXPECT_EQ(handled, 0);
  EXPECT_EQ(server.server->counters().requests_refused, cases().size());
}

TEST_P(Strictness, a_smuggled_second_request_is_never_answered) {
  TestServer server(GetParam());
  RawClient client(server);
  client.send(post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n") + get("/x"));
  const std::string all = client.read_to_end();
  EXPECT_EQ(all.find("HTTP/1.1"), 0U);
  EXPECT_EQ(all.find("HTTP/1.1", 1), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Wire, Strictness, testing::Values(Security::kPlain, Security::kTls),
                         [](const auto& wire) {
                           return wire.param == Security::kTls ? "tls" : "plain";
                         });

}  // namespace
}  // namespace kw::net::test
