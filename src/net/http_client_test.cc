#include "net/http_client.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "net/base_url.h"
#include "net/client_transfer.h"
#include "net/test_server.h"

namespace kw::net::test {
namespace {

// Files that live as long as the test.
class Folder {
 public:
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "keywright-net-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }
  std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

std::string url(const TestServer& server, std::string_view host = "127.0.0.1") {
  const bool tls = server.security == Security::kTls;
  return (tls ? "https://" : "http://") + std::string(host) + ":" +
         std::to_string(server.server->port());
}

ClientOptions pinned(const TestServer& server) {
  ClientOptions options;
  options.base_url = url(server);
  options.pinned_sha256_hex = server.identity.sha256_hex;
  return options;
}

HttpClient client_of(ClientOptions options) {
  auto client = HttpClient::create(std::move(options));
  KW_CHECK(client.has_value());
  return *std::move(client);
}

ClientRequest request_of(std::string path) {
  ClientRequest request;
  request.path = std::move(path);
  return request;
}

TEST(HttpClient, sends_what_it_is_told_and_nothing_else) {
  TestServer server(Security::kTls);
  server.application.on_request = [](const Request& request, Reply reply) {
    std::string text;
    text.append(request.head.method).append(" ").append(request.head.path).append("?");
    text.append(request.head.query).append("\n");
    for (const Header& field : request.head.headers)
      if (field.name != "Host")
        text.append(field.name).append(": ").append(field.value).append("\n");
    text.append(request.body);
    Response response = json(text);
    response.status = 201;
    response.headers = {{"X-One", "1"}};
    reply.send(std::move(response));
  };
  HttpClient client = client_of(pinned(server));
  ClientRequest request = request_of("/a:b?c=%2f");
  request.method = "PUT";
  request.headers = {{"X-Two", "2"}};
  request.bearer_token = "token";
  request.body = "{}";
  for (int i = 0; i < 2; ++i) {
    const auto response = client.send(request);
    ASSERT_TRUE(response.has_value()) << response.error().message;
    EXPECT_EQ(response->status, 201);
    EXPECT_EQ(response->header("x-one"), "1");
    EXPECT_EQ(response->header("x-none"), "");
    EXPECT_EQ(std::string_view(response->body),
              "PUT /a:b?c=%2f\nUser-Agent: keywright\nAccept: */*\nX-Two: 2\n"
              "Authorization: Bearer token\nContent-Type: application/json\nContent-Length: 2\n{}");
  }
  EXPECT_EQ(server.server->counters().accepted, 1U);
  const auto plain = client.send(request_of("/"));
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(std::string_view(plain->body), "GET /?\nUser-Agent: keywright\nAccept: */*\n");
}

TEST(HttpClient, trusts_exactly_the_pinned_certificate) {
  TestServer server(Security::kTls);
  EXPECT_TRUE(client_of(pinned(server)).send(request_of("/")).has_value());

  ClientOptions with_colons = pinned(server);
  with_colons.pinned_sha256_hex.clear();
  for (std::size_t i = 0; i < 64; i += 2)
    with_colons.pinned_sha256_hex += (i == 0 ? "" : ":") + server.identity.sha256_hex.substr(i, 2);
  EXPECT_TRUE(client_of(with_colons).send(request_of("/")).has_value());

  ClientOptions other = pinned(server);
  const char first = other.pinned_sha256_hex[0];
  other.pinned_sha256_hex[0] = first == '0' ? '1' : '0';
  const auto refused = client_of(other).send(request_of("/"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kUnauthenticated);
  EXPECT_EQ(refused.error().reason, "tls_untrusted");
  EXPECT_NE(refused.error().message.find(server.identity.sha256_hex), std::string::npos);
}

TEST(HttpClient, trusts_a_ca_only_for_the_names_it_signed) {
  TestServer server(Security::kTls);
  const Folder folder;
  ClientOptions options;
  options.ca_file = folder.write("ca.pem", server.ca.certificate_pem);
  options.base_url = url(server);
  EXPECT_TRUE(client_of(options).send(request_of("/")).has_value());

  options.base_url = url(server, "127.0.0.2");
  TestServer elsewhere(Security::kTls, [](ServerOptions& o) { o.address = "0.0.0.0"; });
  options.ca_file = folder.write("ca2.pem", elsewhere.ca.certificate_pem);
  options.base_url = url(elsewhere, "127.0.0.2");  // the certificate says 127.0.0.1
  const auto wrong_name = client_of(options).send(request_of("/"));
  ASSERT_FALSE(wrong_name.has_value());
  EXPECT_EQ(wrong_name.error().reason, "tls_untrusted");

  options.base_url = url(server);  // signed by another CA
  const auto wrong_ca = client_of(options).send(request_of("/"));
  ASSERT_FALSE(wrong_ca.has_value());
  EXPECT_EQ(wrong_ca.error().reason, "tls_untrusted");
  EXPECT_NE(wrong_ca.error().message.find(server.identity.sha256_hex), std::string::npos);

  options.ca_file.clear();  // the system's bundle does not know it either
  const auto system = client_of(options).send(request_of("/"));
  ASSERT_FALSE(system.has_value());
  EXPECT_EQ(system.error().reason, "tls_untrusted");

  options.ca_file = folder.file("absent");
  const auto absent = client_of(options).send(request_of("/"));
  ASSERT_FALSE(absent.has_value());
  EXPECT_EQ(absent.error().reason, "bad_ca_file");
}

TEST(HttpClient, shows_its_certificate) {
  const Identity client_ca = make_ca("client CA");
  TestServer server(Security::kTls, [&](ServerOptions& options) {
    options.client_ca_pem = client_ca.certificate_pem;
  });
  server.application.on_request = [](const Request& request, Reply reply) {
    const PeerCertificate* certificate = request.head.peer_certificate;
    reply.send(json(certificate == nullptr ? "none" : certificate->dns_names.at(0)));
  };
  const Identity agent = make_leaf(client_ca, {"agent", {"DNS:agent.example"}});
  const Folder folder;
  ClientOptions options = pinned(server);
  options.client_certificate_file = folder.write("agent.pem", agent.certificate_pem);
  options.client_key_file = folder.write("agent.key", agent.key_pem);
  const auto response = client_of(options).send(request_of("/"));
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(std::string_view(response->body), "agent.example");

  options.client_key_file = folder.file("absent");
  const auto absent = client_of(options).send(request_of("/"));
  ASSERT_FALSE(absent.has_value());
  EXPECT_EQ(absent.error().reason, "bad_client_certificate");
}

TEST(HttpClient, follows_no_redirect_and_no_proxy) {
  TestServer server(Security::kPlain);
  server.application.on_request = [](const Request&, Reply reply) {
    Response response;
    response.status = 302;
    response.headers = {{"Location", "http://127.0.0.1:1/"}};
    reply.send(std::move(response));
  };
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody reads it now
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  ClientOptions options;
  options.base_url = url(server);
  const auto response = client_of(options).send(request_of("/"));
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->status, 302);
  options.proxy = ProxyUse::kFromEnvironment;
  EXPECT_FALSE(client_of(options).send(request_of("/")).has_value());
  unsetenv("http_proxy");  // NOLINT(concurrency-mt-unsafe): nobody reads it now
}

TEST(HttpClient, refuses_requests_that_could_change_the_message) {
  TestServer server(Security::kPlain);
  ClientOptions options;
  options.base_url = url(server);
  HttpClient client = client_of(options);
  std::vector<ClientRequest> bad(7, request_of("/"));
  bad[0].path = "x";
  bad[1].path = "/a b";
  bad[2].path = "/\r\nA: b";
  bad[3].headers = {{"A", "b\r\nC: d"}};
  bad[4].headers = {{"A: b\r\nC", "d"}};
  bad[5].bearer_token = "a\nb";
  bad[6].method = "GET / HTTP/1.1\r\n";
  for (const ClientRequest& request : bad) {
    const auto response = client.send(request);
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().reason, "bad_request");
    EXPECT_EQ(response.error().message.find("a\nb"), std::string::npos);
  }
  EXPECT_EQ(server.server->counters().accepted, 0U);
}

TEST(HttpClient, says_why_there_is_no_answer) {
  ClientOptions options;
  std::uint16_t free_port = 0;
  {
    TestServer gone(Security::kPlain);
    free_port = gone.server->port();
  }
  options.base_url = "http://127.0.0.1:" + std::to_string(free_port);
  const auto refused = client_of(options).send(request_of("/"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "unreachable");

  TestServer server(Security::kPlain);
  std::mutex mutex;
  std::vector<Reply> held;
  server.application.on_request = [&](const Request&, Reply reply) {
    std::lock_guard lock(mutex);
    held.push_back(std::move(reply));
  };
  options.base_url = url(server);
  options.timeout = std::chrono::milliseconds(50);
  const auto slow = client_of(options).send(request_of("/"));
  ASSERT_FALSE(slow.has_value());
  EXPECT_EQ(slow.error().code, Code::kDeadlineExceeded);
  EXPECT_EQ(slow.error().reason, "timeout");
  server.server->stop(std::chrono::milliseconds(0));
}

TEST(HttpClient, takes_no_more_than_64_mebibytes) {
  TestServer server(Security::kPlain);
  server.application.on_request = [](const Request& request, Reply reply) {
    const std::size_t size = ClientTransfer::kResponseMax + (request.head.path == "/over" ? 1 : 0);
    reply.send(json(std::string(size, 'x')));
  };
  ClientOptions options;
  options.base_url = url(server);
  HttpClient client = client_of(options);
  const auto largest = client.send(request_of("/"));
  ASSERT_TRUE(largest.has_value()) << largest.error().message;
  const auto over = client.send(request_of("/over"));
  ASSERT_FALSE(over.has_value());
  EXPECT_EQ(over.error().reason, "response_too_large");
}

TEST(HttpClient, streams_lines_until_told_to_stop) {
  TestServer server(Security::kTls);
  std::mutex mutex;
  std::shared_ptr<EventStream> stream;
  server.application.on_request = [&](const Request&, Reply reply) {
    std::lock_guard lock(mutex);
    stream = reply.stream();
    stream->send("1", "key", "first");
    stream->send("2", "key", "second");
  };
  HttpClient client = client_of(pinned(server));
  std::vector<std::string> lines;
  const Status stopped = client.stream(request_of("/events"), [&](std::string_view line) {
    lines.emplace_back(line);
    return lines.size() < 6;
  });
  EXPECT_TRUE(stopped.has_value());
  EXPECT_EQ(lines, (std::vector<std::string>{"id: 1", "event: key", "data: first", "", "id: 2",
                                             "event: key"}));
  const Status ended = client.stream(request_of("/events"), [&](std::string_view line) {
    std::lock_guard lock(mutex);
    if (line == "data: second") stream.reset();
    return true;
  });
  EXPECT_TRUE(ended.has_value());
}

TEST(HttpClient, does_not_stream_a_refusal) {
  TestServer server(Security::kPlain);
  server.application.on_request = [](const Request&, Reply reply) {
    Response response = json("{}");
    response.status = 403;
    reply.send(std::move(response));
  };
  ClientOptions options;
  options.base_url = url(server);
  int lines = 0;
  const Status status =
      client_of(options).stream(request_of("/"), [&](std::string_view) { return ++lines > 0; });
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, Code::kPermissionDenied);
  EXPECT_EQ(status.error().reason, "http_status");
  EXPECT_EQ(lines, 0);
}

TEST(HttpClient, reaches_a_local_socket) {
  const Folder folder;
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  folder.file("s").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  std::thread server([listener] {
    const int fd = accept(listener, nullptr, nullptr);
    char bytes[1024];
    EXPECT_GT(recv(fd, bytes, sizeof bytes, 0), 0);
    constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    EXPECT_EQ(send(fd, kAnswer.data(), kAnswer.size(), 0), static_cast<ssize_t>(kAnswer.size()));
    close(fd);
  });
  ClientOptions options;
  options.base_url = "unix://" + folder.file("s");
  const auto response = client_of(options).send(request_of("/"));
  server.join();
  close(listener);
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(std::string_view(response->body), "ok");
}

TEST(HttpClient, refuses_odd_pins) {
  for (const char* pin : {"0", "zz", "0123456789abcdef"}) {
    ClientOptions options;
    options.base_url = "https://a";
    options.pinned_sha256_hex = pin;
    const auto client = HttpClient::create(options);
    ASSERT_FALSE(client.has_value());
    EXPECT_EQ(client.error().reason, "bad_pin");
  }
}

TEST(BaseUrl, is_https_or_local) {
  for (const char* good :
       {"https://a", "https://a:8200/", "https://[::1]:1", "http://127.0.0.1:80",
        "http://localhost", "http://[::1]:9", "unix:///run/a.sock", "https://a/prefix"}) {
    EXPECT_TRUE(parse_base_url(good).has_value()) << good;
  }
  for (const char* insecure : {"http://a", "http://10.0.0.1", "http://127.example.com",
                               "http://localhost.example.com", "http://[::1].example.com"}) {
    const auto url = parse_base_url(insecure);
    ASSERT_FALSE(url.has_value()) << insecure;
    EXPECT_EQ(url.error().reason, "insecure_url") << insecure;
  }
  for (const char* bad :
       {"", "a", "https://", "ftp://a", "https://u:p@a", "https://a?b", "https://a#b",
        "https://a b", "unix://a", "unix://", "HTTPS://a", "http://127.0.0.1@a"}) {
    const auto url = parse_base_url(bad);
    ASSERT_FALSE(url.has_value()) << bad;
    EXPECT_EQ(url.error().reason, "bad_url") << bad;
  }
}

TEST(ClientTransfer, joins_lines_from_any_pieces) {
  const std::string text = "a\r\n\nbc\nd";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    std::vector<std::string> lines;
    const ClientTransfer::OnLine collect = [&](std::string_view line) {
      lines.emplace_back(line);
      return true;
    };
    ClientTransfer transfer(&collect);
    transfer.take_header("HTTP/1.1 200 OK\r\n");
    for (std::size_t at = 0; at < text.size(); at += step)
      EXPECT_TRUE(transfer.take_body(std::string_view(text).substr(at, step)));
    transfer.finish_lines();
    EXPECT_EQ(lines, (std::vector<std::string>{"a", "", "bc", "d"})) << step;
  }
}

TEST(ClientTransfer, stops_at_its_limits) {
  const ClientTransfer::OnLine ignore = [](std::string_view) { return true; };
  ClientTransfer lines(&ignore);
  lines.take_header("HTTP/1.1 200 OK\r\n");
  EXPECT_TRUE(lines.take_body(std::string(ClientTransfer::kLineMax, 'x')));
  EXPECT_FALSE(lines.take_body("x"));
  EXPECT_EQ(lines.end(), ClientTransfer::End::kLineTooLarge);
  ClientTransfer fields(nullptr);
  EXPECT_FALSE(fields.take_header(std::string(ClientTransfer::kHeadersMax + 1, 'x')));
  EXPECT_EQ(fields.end(), ClientTransfer::End::kTooLarge);
}

}  // namespace
}  // namespace kw::net::test
