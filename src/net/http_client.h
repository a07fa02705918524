// A blocking HTTPS client over libcurl for the command line, agents and outgoing calls. Keeps one
// connection alive.
//
//   KW_TRY(HttpClient client, HttpClient::create({.base_url = "https://keys.example:8200"}));
//   KW_TRY(ClientResponse answer, client.send({.path = "/api/v1/sys/health"}));
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "net/egress.h"

namespace kw::net {

enum class ProxyUse { kNone, kFromEnvironment };

struct ClientOptions {
  std::string base_url;           ///< "https://host:port", or "unix:///path" for a local socket
  std::string ca_file;            ///< PEM bundle to trust; empty: the system's
  std::string pinned_sha256_hex;  ///< trust exactly the server certificate with this SHA-256 of its
                                  ///< DER; wins over ca_file
  std::string client_certificate_file;
  std::string client_key_file;
  std::chrono::milliseconds timeout{30'000};  ///< of a whole send(); of connecting for stream()
  ProxyUse proxy = ProxyUse::kNone;           ///< whether https_proxy and its like are obeyed
  std::optional<EgressRules> egress{};        ///< asked before each connection; nothing: no rules
  std::size_t answer_max = 64 * 1024 * 1024;  ///< bytes of the longest body that send() takes
};

struct ClientResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  WipedText body;
  /// The first value of the field, "" when absent. @param name  in lower case.
  std::string header(std::string_view name) const;
};

struct ClientRequest {
  std::string method = "GET";
  std::string path;  ///< with its query
  std::vector<std::pair<std::string, std::string>> headers;
  WipedText bearer_token;     ///< sent as Authorization: Bearer
  WipedText authorization{};  ///< the whole Authorization of another scheme; not with a token
  std::string_view body;      ///< application/json unless a header says otherwise
};

/// Not thread-safe: one per thread. Never follows redirects, never sends credentials elsewhere,
/// TLS 1.2 or later.
class HttpClient {
 public:
  /// @errors kInvalidArgument(bad_url | insecure_url | bad_pin): plain http is accepted only for
  /// loopback addresses.
  static Result<HttpClient> create(ClientOptions options);
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  /// Sends the request and reads the whole answer; any HTTP status is a success here.
  ///
  /// @errors kUnavailable(unreachable), kDeadlineExceeded(timeout), kUnauthenticated(tls_untrusted:
  /// the message has the
  ///   server's fingerprint), kTooLarge(response_too_large: over answer_max),
  ///   kPermissionDenied(egress_denied: every address of the host is forbidden by the rules),
  ///   kInvalidArgument(bad_request: a path or header that could change the message;
  ///   bad_client_certificate | bad_ca_file: the file cannot be used)
  Result<ClientResponse> send(const ClientRequest& request);
  /// Streams a response line by line until `on_line` returns false or the server ends it. Lines
  /// come without their end. A server that is silent for 60 s is given up (streams have
  /// heartbeats).
  ///
  /// @errors as send; kTooLarge(line_too_large: over 1 MiB); for a status other than 200, without a
  /// call of `on_line`:
  ///   kUnauthenticated, kPermissionDenied, kNotFound, kResourceExhausted or kUnavailable
  ///   (http_status)
  Status stream(const ClientRequest& request,
                const std::function<bool(std::string_view line)>& on_line);

 private:
  struct State;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kw::net
