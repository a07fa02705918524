// TLS over a socket without hidden waiting: received bytes are fed in, bytes to send go out at once
// or not at all.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "net/http_server.h"
#include "net/tls_context.h"

struct bio_method_st;

namespace kw::net {

/// The result of one try.
struct IoStep {
  enum class Kind { kDone, kNeedsInput, kNeedsOutput, kClosed };
  Kind kind = Kind::kClosed;
  std::size_t count = 0;  ///< bytes moved, with kDone
};

/// Sends what the socket takes now. @returns kDone, kNeedsOutput (it would block) or kClosed.
IoStep send_now(int socket, std::string_view bytes);

/// One server side of a TLS connection. Not thread-safe.
class TlsSession {
 public:
  /// `socket` is only written to, without blocking; the caller receives.
  static std::unique_ptr<TlsSession> create(const TlsContext& context, int socket);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  IoStep handshake();
  IoStep read(std::span<char> room);
  IoStep write(std::string_view bytes);
  /// Sends close_notify if the socket takes it.
  void shutdown();

  /// Where the next received bytes belong; only when a call said kNeedsInput.
  std::span<char> receive_room();
  void received(std::size_t count);

  ssl_st* get() const { return session_; }

  /// Called by OpenSSL through the BIO.
  int take_received(char* into, int size);
  int send(const char* bytes, int size);

 private:
  explicit TlsSession(int socket);
  IoStep after(int result, std::size_t count);

  int socket_;
  ssl_st* session_ = nullptr;
  std::vector<char> received_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace kw::net
