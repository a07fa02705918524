// The way to the server for programs that live long: thread-safe, tries again, renews its
// credential.
//
//   KW_TRY(auto channel, Channel::open({.http = {.base_url = url, .ca_file = ca},
//                                       .token_file = "/run/credentials/app/token"}));
//   Secrets secrets(channel, {.tenant = "acme"});
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "client/connection.h"
#include "client/token_file.h"

namespace kw::client {

struct ChannelOptions {
  net::ClientOptions http;  ///< server, trust, client certificate (read again when renewed)
  std::string token_file;   ///< "": none, as with a client certificate or the agent's socket
  /// Instead of a token: a role and the file with its secret are exchanged for tokens, which are
  /// renewed when two thirds of their time have passed.
  std::string role_id, secret_id_file;
  int attempts = 4;                           ///< 1: never again; applies to failures that may pass
  std::chrono::milliseconds first_wait{100};  ///< full jitter from here …
  std::chrono::milliseconds most_wait{5000};  ///< … to here, or what the server asks for
  std::size_t connections_max = 8;            ///< kept for reuse
};

/// Thread-safe. Requests that change something carry an Idempotency-Key, the same in each attempt.
class Channel {
 public:
  /// @errors those of HttpClient::create
  static Result<std::shared_ptr<Channel>> open(ChannelOptions options);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Tries again when the server is away, busy or sealed, or when the credential was renewed.
  /// @errors as Connection::send; those of TokenFile::read; kUnavailable(stopping)
  Result<Answer> send(Request request);
  /// One stream of events; the caller comes back after its end. Bypasses retries.
  /// @param path  "/api/v1/…"
  Status events(const std::string& path, const std::string& last_event_id,
                const std::function<bool(std::string_view id, std::string_view event,
                                         std::string_view data)>& on_event,
                const std::atomic<bool>& stop);
  /// Ends waits between attempts; send() answers kUnavailable(stopping) from then on.
  void stop();

 private:
  explicit Channel(ChannelOptions options);
  Result<std::unique_ptr<Connection>> take();
  Result<WipedText> token();
  Result<WipedText> logged_in();
  Status log_in();
  void give_back(std::unique_ptr<Connection> connection);
  Result<Answer> attempt(const Request& request, bool& renewed);
  bool certificate_renewed();
  bool pause(std::chrono::milliseconds most);

  const ChannelOptions options_;
  std::unique_ptr<TokenFile> token_, secret_id_;
  std::mutex login_mutex_;
  WipedText login_token_;  ///< guarded by login_mutex_, as its end
  SteadyTime login_renew_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::string certificate_stamp_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace kw::client
