// The upper bound for one core: a bare epoll TLS 1.3 server that does the same crypto and nothing
// else: no limits, no router, no authorisation, no audit. Serves any request with the encryption of
// its "plaintext".
//
//   bench_bare_server CERTIFICATE PRIVATE_KEY     prints its port, serves until it is killed
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <map>
#include <string>

#include "base/secret_arena.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/key.h"
#include "crypto/random.h"
#include "crypto/x509.h"

namespace {

using namespace kw;

struct Peer {
  SSL* tls = nullptr;
  bool ready = false;
  std::string in;
};

int listen_anywhere(std::uint16_t& port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, 256) != 0)
    return -1;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return listener;
}

std::string answer(const crypto::Key& key, std::string_view body) {
  const auto document = codec::JsonDocument::parse(body);
  const auto plaintext = codec::wiped_from_base64(*document->root().text("plaintext"));
  crypto::EnvelopeHeader header;
  header.version = 1;
  codec::JsonWriter json;
  json.begin_object()
      .member("ciphertext", crypto::envelope_text(*key.encrypt(header, {}, *plaintext)))
      .member("version", 1)
      .end_object();
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(json.text().size()) + "\r\n\r\n" + std::string(json.text());
}

// Answers every whole request in the buffer. False when the peer is gone.
bool serve(Peer& peer, const crypto::Key& key) {
  char buffer[16384];
  if (!peer.ready) {
    const int done = SSL_accept(peer.tls);
    if (done != 1) return SSL_get_error(peer.tls, done) == SSL_ERROR_WANT_READ;
    peer.ready = true;
  }
  for (;;) {
    const int got = SSL_read(peer.tls, buffer, sizeof buffer);
    if (got <= 0) return SSL_get_error(peer.tls, got) == SSL_ERROR_WANT_READ;
    peer.in.append(buffer, static_cast<std::size_t>(got));
    const auto end = peer.in.find("\r\n\r\n");
    const auto field = peer.in.find("Content-Length: ");
    if (end == std::string::npos || field == std::string::npos) continue;
    const std::size_t length = std::strtoul(peer.in.c_str() + field + 16, nullptr, 10);
    if (peer.in.size() < end + 4 + length) continue;
    const std::string out = answer(key, std::string_view(peer.in).substr(end + 4, length));
    if (SSL_write(peer.tls, out.data(), static_cast<int>(out.size())) <= 0) return false;
    peer.in.erase(0, end + 4 + length);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || !crypto::initialise_library(SecretArena::Unlocked::kAllow)) return 2;
  std::signal(SIGPIPE, SIG_IGN);
  const auto material = crypto::generate(crypto::Algorithm::kAes256Gcm);
  const auto key = crypto::load(crypto::Algorithm::kAes256Gcm, material->secret);
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  if (SSL_CTX_use_certificate_chain_file(context, argv[1]) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1)
    return 1;
  std::uint16_t port = 0;
  const int listener = listen_anywhere(port);
  const int poll = epoll_create1(0);
  epoll_event wanted{EPOLLIN, {}};
  wanted.data.fd = listener;
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &wanted);
  std::printf("%u\n", unsigned{port});
  std::fflush(stdout);
  std::map<int, Peer> peers;
  for (epoll_event events[64];;) {
    const int count = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < count; ++i) {
      const int file = events[i].data.fd;
      if (file == listener) {
        const int accepted = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        if (accepted < 0) continue;
        const int on = 1;
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        Peer& peer = peers[accepted];
        peer.tls = SSL_new(context);
        SSL_set_fd(peer.tls, accepted);
        wanted.data.fd = accepted;
        epoll_ctl(poll, EPOLL_CTL_ADD, accepted, &wanted);
      } else if (!serve(peers[file], **key)) {
        SSL_free(peers[file].tls);
        peers.erase(file);
        close(file);
      }
    }
  }
}
