// Slow, greedy and broken clients.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <random>

#include "net/peer_limits.h"
#include "net/test_server.h"

namespace kw::net::test {
namespace {

class Limits : public testing::TestWithParam<Security> {};

void never_idle(ServerOptions& options) {
  options.idle_timeout = std::chrono::hours(100'000);
}

TEST_P(Limits, a_slow_head_or_body_is_answered_408) {
  for (const char* beginning :
       {"GET / HT", "GET / HTTP/1.1\r\nHost: a\r\nA: ",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"}) {
    TestServer server(GetParam(), never_idle);
    RawClient client(server);
    client.send(get("/"));
    EXPECT_EQ(client.answer().status, 200);
    client.send(beginning);
    const RunningTime running(server.clock);
    const RawAnswer answer = client.answer();
    EXPECT_EQ(answer.status, 408) << beginning;
    EXPECT_NE(answer.body.find("\"request_timeout\""), std::string::npos);
    EXPECT_EQ(client.read_to_end(), "");
  }
}

TEST_P(Limits, dripping_bytes_do_not_buy_time) {
  TestServer server(GetParam(), never_idle);
  RawClient client(server);
  client.send(get("/"));
  EXPECT_EQ(client.answer().status, 200);
  client.send("GET / HTTP/1.1\r\nHost: a\r\nA: ");
  const auto refused = [&] { return server.server->counters().requests_refused == 1; };
  int seconds = 0;
  for (; seconds < 1'000 && !refused(); ++seconds) {
    client.send("a");
    server.clock.advance(std::chrono::seconds(1));
    eventually(refused, std::chrono::milliseconds(20));
  }
  EXPECT_GE(seconds, 29);
  EXPECT_EQ(client.answer().status, 408);
}

TEST_P(Limits, an_idle_connection_is_closed_without_a_word) {
  TestServer server(GetParam());
  RawClient fresh(server);
  RawClient used(server);
  used.send(get("/"));
  EXPECT_EQ(used.answer().status, 200);
  const RunningTime running(server.clock);
  EXPECT_EQ(fresh.read_to_end(), "");
  EXPECT_EQ(used.read_to_end(), "");
}

TEST_P(Limits, a_client_that_never_reads_is_cut) {
  TestServer server(GetParam());
  server.application.on_request = [](const Request&, Reply reply) {
    reply.send(json(std::string().append(30'000'000, 'z')));
  };
  RawClient client(server);
  client.send(get("/"));
  EXPECT_TRUE(eventually([&] { return server.server->connections() == 1; }));
  const RunningTime running(server.clock);
  EXPECT_TRUE(eventually([&] { return server.server->connections() == 0; }));
}

TEST_P(Limits, a_silent_client_does_not_finish_the_handshake) {
  TestServer server(GetParam());
  RawOptions raw;
  raw.raw = true;
  RawClient client(server, raw);
  const RunningTime running(server.clock);
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(server.server->counters().handshakes_failed, GetParam() == Security::kTls ? 1U : 0U);
}

TEST_P(Limits, connections_over_a_cap_are_closed_and_counted) {
  for (const bool total : {true, false}) {
    TestServer server(GetParam(), [total](ServerOptions& options) {
      (total ? options.connections_max : options.connections_per_peer_max) = 3;
    });
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 3; ++i) {
      clients.push_back(std::make_unique<RawClient>(server));
      clients.back()->send(get("/"));
      EXPECT_EQ(clients.back()->answer().status, 200);
    }
    RawClient fourth(server);
    fourth.send(get("/"));
    EXPECT_EQ(fourth.answer().status, 0);
    EXPECT_EQ(server.server->counters().refused, 1U);
    clients.pop_back();
    EXPECT_TRUE(eventually([&] { return server.server->connections() == 2; }));
    RawClient next(server);
    next.send(get("/"));
    EXPECT_EQ(next.answer().status, 200);
  }
}

TEST_P(Limits, many_connections_are_served_at_once) {
  TestServer server(GetParam());
  std::vector<std::unique_ptr<RawClient>> clients;
  clients.reserve(500);
  for (int i = 0; i < 500; ++i) clients.push_back(std::make_unique<RawClient>(server));
  for (int round = 0; round < 3; ++round) {
    for (auto& client : clients) ASSERT_TRUE(client->send(get("/")));
    for (auto& client : clients) ASSERT_EQ(client->answer().status, 200);
  }
  EXPECT_EQ(server.server->connections(), clients.size());
}

TEST_P(Limits, garbage_does_not_stop_the_listener) {
  TestServer server(GetParam());
  const auto seed = std::random_device{}();
  printf("seed %u\n", seed);
  std::mt19937 random(seed);
  RawOptions raw;
  raw.raw = true;
  for (int i = 0; i < 10'000; ++i) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    if (random() % 4 == 0) bytes.insert(0, "GET / HTTP/1.1\r\n");
    if (random() % 4 == 0) bytes.insert(0, "\x16\x03\x01");
    RawClient client(server, raw);
    ASSERT_TRUE(client.connected());
    client.send(bytes);
    if (random() % 16 == 0) {
      client.finish_sending();
      client.read_to_end();
    }
  }
  RawClient client(server);
  client.send(get("/"));
  EXPECT_EQ(client.answer().status, 200);
  EXPECT_TRUE(eventually([&] { return server.server->connections() == 1; }));
}

TEST_P(Limits, running_out_of_descriptors_pauses_the_listener) {
  TestServer server(GetParam());
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit few = before;
  few.rlim_cur = 100;
  setrlimit(RLIMIT_NOFILE, &few);
  std::vector<int> hoard;
  for (int fd = dup(0); fd >= 0; fd = dup(0)) hoard.push_back(fd);
  close(hoard.back());
  hoard.pop_back();
  RawOptions raw;
  raw.raw = true;
  {
    RawClient waiting(server, raw);  // takes the last descriptor; the server has none to accept it
    EXPECT_TRUE(waiting.connected());
    EXPECT_TRUE(eventually([&] { return server.has_logged("http.accept_paused"); }));
    EXPECT_EQ(server.server->connections(), 0U);
    for (const int fd : hoard) close(fd);
    EXPECT_TRUE(eventually([&] { return server.server->connections() == 1; }));
  }
  setrlimit(RLIMIT_NOFILE, &before);
  RawClient client(server);
  client.send(get("/"));
  EXPECT_EQ(client.answer().status, 200);
}

TEST(HttpServer, refuses_an_address_that_is_in_use) {
  TestServer first(Security::kPlain);
  ServerOptions options;
  options.tls = false;
  options.port = first.server->port();
  TestApplication application;
  const auto second = HttpServer::start(std::move(options), application, *first.log);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().reason, "address_in_use");
}

TEST(HttpServer, refuses_an_address_that_is_none) {
  TestServer first(Security::kPlain);
  for (const char* address : {"", "localhost", "127.0.0.1:80", "8.8.8.8"}) {
    ServerOptions options;
    options.tls = false;
    options.address = address;
    TestApplication application;
    const auto server = HttpServer::start(std::move(options), application, *first.log);
    ASSERT_FALSE(server.has_value()) << address;
    EXPECT_EQ(server.error().reason, "bad_address") << address;
  }
}

TEST(PeerLimits, count_an_ipv6_host_by_its_network) {
  sockaddr_storage storage{};
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  v6->sin6_family = AF_INET6;
  inet_pton(AF_INET6, "2001:db8:1:2::1", &v6->sin6_addr);
  const Peer one = peer_of(storage);
  inet_pton(AF_INET6, "2001:db8:1:2:ffff::9", &v6->sin6_addr);
  const Peer two = peer_of(storage);
  inet_pton(AF_INET6, "::ffff:10.1.2.3", &v6->sin6_addr);
  const Peer mapped = peer_of(storage);
  EXPECT_EQ(one.key, two.key);
  EXPECT_EQ(two.address, "2001:db8:1:2:ffff::9");
  EXPECT_EQ(mapped.address, "10.1.2.3");
  EXPECT_NE(mapped.key, one.key);
}

INSTANTIATE_TEST_SUITE_P(Wire, Limits, testing::Values(Security::kPlain, Security::kTls),
                         [](const auto& wire) {
                           return wire.param == Security::kTls ? "tls" : "plain";
                         });

}  // namespace
}  // namespace kw::net::test
