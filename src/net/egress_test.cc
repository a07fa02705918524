#include "net/egress.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_client.h"
#include "net/test_server.h"

namespace kw::net::test {
namespace {

struct Kept {
  const char* address;
  AddressKind kind;
};

using enum AddressKind;

constexpr Kept kAddresses[] = {
    {"0.0.0.0", kReserved},
    {"0.255.255.255", kReserved},
    {"1.0.0.0", kPublic},
    {"1.1.1.1", kPublic},
    {"8.8.8.8", kPublic},
    {"9.255.255.255", kPublic},
    {"10.0.0.0", kPrivate},
    {"10.255.255.255", kPrivate},
    {"11.0.0.0", kPublic},
    {"100.63.255.255", kPublic},
    {"100.64.0.0", kPrivate},
    {"100.100.100.200", kMetadata},
    {"100.127.255.255", kPrivate},
    {"100.128.0.0", kPublic},
    {"126.255.255.255", kPublic},
    {"127.0.0.0", kLoopback},
    {"127.0.0.1", kLoopback},
    {"127.255.255.255", kLoopback},
    {"128.0.0.0", kPublic},
    {"168.63.129.15", kPublic},
    {"168.63.129.16", kMetadata},
    {"169.253.255.255", kPublic},
    {"169.254.0.0", kLinkLocal},
    {"169.254.169.253", kLinkLocal},
    {"169.254.169.254", kMetadata},
    {"169.254.170.2", kMetadata},
    {"169.254.255.255", kLinkLocal},
    {"169.255.0.0", kPublic},
    {"172.15.255.255", kPublic},
    {"172.16.0.0", kPrivate},
    {"172.31.255.255", kPrivate},
    {"172.32.0.0", kPublic},
    {"192.0.0.0", kReserved},
    {"192.0.0.192", kMetadata},
    {"192.0.1.0", kPublic},
    {"192.0.2.1", kReserved},
    {"192.88.99.1", kTranslated},
    {"192.167.255.255", kPublic},
    {"192.168.0.0", kPrivate},
    {"192.168.255.255", kPrivate},
    {"192.169.0.0", kPublic},
    {"198.17.255.255", kPublic},
    {"198.18.0.0", kReserved},
    {"198.19.255.255", kReserved},
    {"198.51.100.7", kReserved},
    {"203.0.113.7", kReserved},
    {"223.255.255.255", kPublic},
    {"224.0.0.1", kMulticast},
    {"239.255.255.255", kMulticast},
    {"240.0.0.0", kReserved},
    {"255.255.255.255", kReserved},
    {"::", kReserved},
    {"::1", kLoopback},
    {"::2", kTranslated},
    {"::127.0.0.1", kTranslated},
    {"::ffff:127.0.0.1", kTranslated},
    {"::ffff:8.8.8.8", kTranslated},
    {"::ffff:0:10.0.0.1", kTranslated},
    {"64:ff9b::8.8.8.8", kTranslated},
    {"64:ff9b::169.254.169.254", kTranslated},
    {"64:ff9b:1::1", kTranslated},
    {"100::1", kReserved},
    {"1fff::1", kReserved},
    {"2001::1", kTranslated},
    {"2001:2::1", kReserved},
    {"2001:10::1", kReserved},
    {"2001:db8::1", kReserved},
    {"2001:4860:4860::8888", kPublic},
    {"2002:7f00:1::", kTranslated},
    {"2606:4700::1111", kPublic},
    {"3fff:0:1::", kReserved},
    {"3ffe::1", kPublic},
    {"4000::1", kReserved},
    {"5f00::1", kReserved},
    {"fc00::1", kPrivate},
    {"fd00:ec2::254", kMetadata},
    {"fd12::1", kPrivate},
    {"fe80::1", kLinkLocal},
    {"febf::1", kLinkLocal},
    {"fec0::1", kPrivate},
    {"ff02::1", kMulticast},
};

IpAddress address(const char* text) {
  return IpAddress::parse(text).value();
}
AddressRange range(const char* text) {
  return AddressRange::parse(text).value();
}

TEST(IpAddress, every_kind_of_address_is_known_to_its_edges) {
  for (const Kept& each : kAddresses)
    EXPECT_EQ(address_kind_name(kind_of(address(each.address))), address_kind_name(each.kind))
        << each.address;
}

TEST(IpAddress, only_the_usual_text_is_an_address) {
  for (const char* text : {"", "127.1", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "127.0.0.1 ",
                           "::1%lo", "1.2.3.4.5", "256.0.0.1", "[::1]", ":::", "1.2.3"})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
}

TEST(IpAddress, a_range_has_no_bits_behind_its_prefix) {
  EXPECT_TRUE(range("10.1.0.0/16").holds(address("10.1.255.255")));
  EXPECT_FALSE(range("10.1.0.0/16").holds(address("10.2.0.0")));
  EXPECT_FALSE(range("0.0.0.0/0").holds(address("::1")));
  EXPECT_TRUE(range("fd00::1").is_one_address());
  for (const char* text : {"10.1.2.3/16", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1",
                           "fd00::1/64", "fd00::/129", "x/8", "10.0.0.0/8/8", "10.0.0.0/ 8"})
    EXPECT_FALSE(AddressRange::parse(text)) << text;
}

TEST(EgressRules, nothing_but_the_public_internet_unless_it_is_meant) {
  for (const Kept& each : kAddresses)
    EXPECT_EQ(EgressRules{}.permits(address(each.address)), each.kind == kPublic) << each.address;
  EgressRules rules{.loopback = true, .allowed = {range("10.1.0.0/16"), range("169.254.0.0/16")}};
  EXPECT_TRUE(rules.permits(address("127.0.0.1")));
  EXPECT_TRUE(rules.permits(address("10.1.2.3")));
  EXPECT_FALSE(rules.permits(address("10.2.2.3")));
  EXPECT_FALSE(rules.permits(address("::ffff:10.1.2.3")));
  EXPECT_FALSE(rules.permits(address("169.254.169.254")));
  rules.allowed.push_back(range("169.254.169.254/32"));
  EXPECT_TRUE(rules.permits(address("169.254.169.254")));
}

TEST(EgressUrl, what_two_readers_could_split_differently_is_refused) {
  EXPECT_EQ(split_url("https://api.example:8443/v1/keys?a=b").value().path, "/v1/keys?a=b");
  EXPECT_EQ(split_url("https://api.example").value().path, "/");
  for (const char* text : {"",
                           "api.example",
                           "ftp://api.example/",
                           "file:///etc/passwd",
                           "unix:///run/x",
                           "http://api.example/",
                           "https://user@api.example/",
                           "https://user:pw@api.example/",
                           "https://api.example#@127.0.0.1/",
                           "https://api.example\\@127.0.0.1/",
                           "https:///x",
                           "https://",
                           "https:/api.example",
                           "https://a b/",
                           "https://api.example/\r\nX: y",
                           "https://api.example/a#b",
                           "https://\xd0\xb0pi.example/",
                           "https://api.example?x=1",
                           "gopher://127.0.0.1:25/",
                           "https://127.0.0.1%00.example/ x"})
    EXPECT_FALSE(split_url(text)) << text;
}

ClientRequest request(const std::string& method, const std::string& path) {
  ClientRequest made;
  made.method = method;
  made.path = path;
  return made;
}

// Counts who comes.
class Trap {
 public:
  Trap() : socket_(::socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    const int off = 0;
    setsockopt(socket_, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_addr = in6addr_any;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    EXPECT_EQ(listen(socket_, 64), 0);
    socklen_t size = sizeof any;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&any), &size);
    port_ = ntohs(any.sin6_port);
  }
  ~Trap() { close(socket_); }
  Trap(const Trap&) = delete;
  Trap& operator=(const Trap&) = delete;
  int visitors() const {
    int count = 0;
    for (int client = accept(socket_, nullptr, nullptr); client >= 0;
         client = accept(socket_, nullptr, nullptr), ++count)
      close(client);
    return count;
  }
  std::string port() const { return std::to_string(port_); }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

TEST(Egress, no_spelling_of_this_machine_is_connected_to) {
  const Trap trap;
  const char* hosts[] = {"127.0.0.1",
                         "127.1",
                         "127.0.1",
                         "0",
                         "0.0.0.0",
                         "0177.0.0.1",
                         "0x7f.0.0.1",
                         "0x7f000001",
                         "2130706433",
                         "017700000001",
                         "127.0.0.1.",
                         "127.255.255.254",
                         "localhost",
                         "localhost.",
                         "LOCALHOST",
                         "[::1]",
                         "[::]",
                         "[::ffff:127.0.0.1]",
                         "[::ffff:7f00:1]",
                         "[::127.0.0.1]",
                         "[64:ff9b::127.0.0.1]",
                         "[2002:7f00:1::]",
                         "[0:0:0:0:0:0:0:1]",
                         "[::ffff:0:127.0.0.1]",
                         "ip6-localhost"};
  for (const std::string host : hosts) {
    const auto url = split_url("https://" + host + ":" + trap.port() + "/");
    if (!url) continue;
    auto client = HttpClient::create(egress_options({}, *url, std::chrono::seconds(2)));
    ASSERT_TRUE(client) << host;
    const auto answer = client->send(request("GET", "/"));
    EXPECT_FALSE(answer) << host;
  }
  EXPECT_EQ(trap.visitors(), 0);
}

TEST(Egress, the_refusal_says_that_the_configuration_forbids_it) {
  const Trap trap;
  const auto url = split_url("https://localhost:" + trap.port() + "/hook");
  auto client = HttpClient::create(egress_options({}, *url, std::chrono::seconds(2)));
  const auto answer = client->send(request("GET", url->path));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, "egress_denied");
}

TEST(Egress, loopback_is_for_development_and_redirects_are_not_followed) {
  TestServer target(Security::kPlain);
  std::atomic<int> requests{0};
  target.application.on_request = [&](const Request&, Reply reply) {
    ++requests;
    Response response;
    response.status = 302;
    response.headers.emplace_back("Location", "/elsewhere");
    reply.send(std::move(response));
  };
  const auto url = split_url("http://127.0.0.1:" + std::to_string(target.server->port()) + "/hook");
  ASSERT_TRUE(url);
  auto client =
      HttpClient::create(egress_options({.loopback = true}, *url, std::chrono::seconds(10)));
  const auto answer = client->send(request("POST", url->path));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(requests, 1);
}

TEST(Egress, an_answer_beyond_its_bound_is_not_taken) {
  TestServer target(Security::kPlain);
  target.application.on_request = [&](const Request&, Reply reply) {
    Response response;
    response.body.assign(kEgressAnswerMax + 1, 'x');
    reply.send(std::move(response));
  };
  const auto url = split_url("http://127.0.0.1:" + std::to_string(target.server->port()) + "/");
  auto client =
      HttpClient::create(egress_options({.loopback = true}, *url, std::chrono::seconds(20)));
  const auto answer = client->send(request("GET", url->path));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, "response_too_large");
}

}  // namespace
}  // namespace kw::net::test
