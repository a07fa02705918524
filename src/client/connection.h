// The REST API as a client sees it: JSON in, JSON or a problem out. Not thread-safe: one per
// thread.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/json.h"
#include "net/http_client.h"

namespace kw::client {

struct ConnectionOptions {
  net::ClientOptions http;
  WipedText token;
};

/// One obstacle in the way of retiring a version.
struct Blocker {
  std::string kind, where, clears_when;
  std::int64_t amount = 0;
};
/// What a refusal said beside its Error.
struct Problem {
  int status = 0;
  std::string request_id;
  std::string approval_id;
  std::string why;
  std::string run_id;       ///< of run_open
  std::string incident_id;  ///< of frozen_by_incident
  std::vector<Blocker> blockers;
};

struct Request {
  std::string method = "GET";
  std::string path;       ///< "/api/v1/…", query included; build it with path() and query()
  std::string_view body;  ///< JSON, or empty
  std::string approval;
  std::string if_match;
  std::string idempotency_key;
};

/// An answer: its JSON (an empty object for 204).
struct Answer {
  int status = 200;
  WipedText text;
  codec::JsonDocument json;
};

class Connection {
 public:
  static Result<Connection> open(ConnectionOptions options);
  /// @errors the server's own (code by status, its `reason`, its detail as message; see
  /// last_problem), and those of HttpClient::send
  Result<Answer> send(const Request& request);
  /// Server-sent events: each event's id, name and data until `on_event` returns false.
  /// @param stop  when set from another thread, the stream ends soon.
  Status events(const std::string& last_event_id,
                const std::function<bool(std::string_view id, std::string_view event,
                                         std::string_view data)>& on_event,
                const std::string& path = "/api/v1/events",
                const std::atomic<bool>* stop = nullptr);
  /// What later requests prove themselves with.
  void set_token(WipedText token) { token_ = std::move(token); }
  const Problem& last_problem() const { return problem_; }

 private:
  Connection(net::HttpClient http, WipedText token)
      : http_(std::move(http)), token_(std::move(token)) {}
  net::HttpClient http_;
  WipedText token_;
  Problem problem_;
};

/// One path segment, percent-encoded.
std::string path_segment(std::string_view text);
/// "name=value" pairs, percent-encoded, with the leading '?'; pairs with empty values are left out.
std::string query(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs);

}  // namespace kw::client
