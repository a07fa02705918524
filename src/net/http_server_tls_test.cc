#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "net/test_server.h"

namespace kw::net::test {
namespace {

std::string hex(ByteView bytes) {
  std::string text;
  for (const auto byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

// Answers with who the client is.
void tell_certificate(TestServer& server) {
  server.application.on_request = [](const Request& request, Reply reply) {
    const PeerCertificate* certificate = request.head.peer_certificate;
    if (certificate == nullptr) return reply.send(json("none"));
    std::string text = hex(certificate->sha256);
    for (const auto& name : certificate->dns_names) text += " " + name;
    for (const auto& uri : certificate->uris) text += " " + uri;
    reply.send(json(certificate->der.empty() ? "no DER" : text));
  };
}

std::string ask(RawClient& client) {
  client.send(get("/"));
  return client.answer().body;
}

TEST(HttpServerTls, speaks_version_1_3_only) {
  TestServer server(Security::kTls);
  RawOptions old;
  old.tls_version_max = TLS1_2_VERSION;
  EXPECT_FALSE(RawClient(server, old).connected());
  EXPECT_TRUE(eventually([&] { return server.server->counters().handshakes_failed == 1; }));
}

TEST(HttpServerTls, agrees_on_http_1_1_and_refuses_other_protocols) {
  TestServer server(Security::kTls);
  RawOptions both;
  both.alpn = "\x02h2\x08http/1.1";
  EXPECT_EQ(RawClient(server, both).alpn(), "http/1.1");
  RawOptions h2;
  h2.alpn = "\x02h2";
  EXPECT_FALSE(RawClient(server, h2).connected());
}

TEST(HttpServerTls, resumes_sessions) {
  TestServer server(Security::kTls);
  RawClient first(server);
  ask(first);
  RawClient second(server, first.session());
  EXPECT_TRUE(second.resumed());
  EXPECT_EQ(ask(second), R"({"ok":true})");
}

struct ClientCertificates : testing::Test {
  ClientCertificates()
      : client_ca(make_ca("client CA")), server(Security::kTls, [this](ServerOptions& options) {
          options.client_ca_pem = client_ca.certificate_pem;
        }) {
    tell_certificate(server);
  }
  RawOptions with(const Identity& identity) const {
    RawOptions options;
    options.identity = identity;
    return options;
  }
  // TLS 1.3 clients believe in the handshake before the server has judged their certificate.
  std::string answer_to(const Identity& identity) {
    RawClient client(server, with(identity));
    return ask(client);
  }
  Identity client_ca;
  TestServer server;
};

TEST_F(ClientCertificates, are_shown_to_the_application) {
  const Identity agent = make_leaf(
      client_ca, {"agent", {"DNS:agent.example", "URI:spiffe://example/agent", "IP:10.0.0.1"}});
  EXPECT_EQ(answer_to(agent), agent.sha256_hex + " agent.example spiffe://example/agent");
}

TEST_F(ClientCertificates, are_not_needed) {
  RawClient client(server);
  EXPECT_EQ(ask(client), "none");
}

TEST_F(ClientCertificates, must_verify_when_shown) {
  EXPECT_EQ(answer_to(make_leaf(make_ca("client CA"), {"agent", {}})), "");
  EXPECT_EQ(answer_to(make_leaf(client_ca, {"agent", {}, Life::kOver})), "");
  EXPECT_TRUE(eventually([&] { return server.server->counters().handshakes_failed == 2; }));
}

TEST_F(ClientCertificates, stay_known_when_a_session_is_resumed) {
  const Identity agent = make_leaf(client_ca, {"agent", {"DNS:agent.example"}});
  RawClient first(server, with(agent));
  ask(first);
  RawClient second(server, first.session());
  EXPECT_TRUE(second.resumed());
  EXPECT_EQ(ask(second), agent.sha256_hex + " agent.example");
}

TEST(HttpServerTls, refuses_identities_that_cannot_work) {
  const Identity ca = make_ca("CA");
  const Identity one = make_leaf(ca, {"one", {}});
  const Identity two = make_leaf(ca, {"two", {}});
  struct Case {
    std::string certificate, key, client_ca;
  };
  TestServer other(Security::kPlain);
  for (const Case& bad :
       {Case{one.certificate_pem, two.key_pem, ""}, Case{"", one.key_pem, ""},
        Case{one.certificate_pem, "", ""}, Case{one.key_pem, one.key_pem, ""},
        Case{one.certificate_pem, one.key_pem, "not PEM"},
        Case{"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", one.key_pem, ""}}) {
    ServerOptions options;
    options.certificate_pem = bad.certificate;
    options.private_key_pem = SecretBytes::copy_of(as_bytes(bad.key));
    options.client_ca_pem = bad.client_ca;
    const auto server = HttpServer::start(std::move(options), other.application, *other.log);
    ASSERT_FALSE(server.has_value());
    EXPECT_EQ(server.error().reason, "bad_certificate");
  }
}

}  // namespace
}  // namespace kw::net::test
