// One REST request on its way through a handler: typed reads of path, query and body, and the
// answer.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/rest/router.h"
#include "codec/json.h"
#include "net/http_server.h"
#include "service/auditing.h"
#include "service/call.h"
#include "service/consumer_streams.h"
#include "service/house.h"

namespace kw::api::rest {

struct Answer {
  int status = 200;
  WipedText body;
  std::string_view content_type = "application/json";
  std::string etag;
  std::vector<std::pair<std::string, std::string>> headers{};  ///< beside these
};

/// The answer 200 (or `status`) with what `json` holds.
Answer json_answer(codec::JsonWriter& json, int status = 200);
inline Answer no_content() {
  return Answer{204, {}, "application/json", {}, {}};
}

/// The answer in the form that is kept for a repeat of its request.
service::KeptAnswer kept(const Answer& answer);
/// What is kept of an answer without content.
service::KeptAnswer kept_no_content(const service::Done& done);

/// How a message without a credential of ours proves itself; "" when absent.
struct SignatureHeaders {
  std::string id, timestamp, signatures;
};

struct Exchange {
  service::House& house;
  service::EventStreams& streams;
  service::Call call;
  std::vector<std::pair<std::string, std::string>> parameters;  ///< of the path
  std::vector<std::pair<std::string, std::string>> query;       ///< decoded
  WipedText body;
  std::string if_match;
  std::string last_event_id;
  SignatureHeaders signature;
  net::Reply* reply = nullptr;  ///< for the one handler that answers with a stream
  bool streamed = false;
  std::string if_none_match{};
  service::ConsumerStreams* consumer_streams = nullptr;
  std::string peer_certificate_sha256{};  ///< hex; "" without a client certificate

  std::string_view parameter(std::string_view name) const;
  /// Parsed names from the path. @errors kInvalidArgument(bad_name)
  Result<ObjectName> object_name(std::string_view parameter_name) const;
  /// The tenant of the query, which must be there. @errors kInvalidArgument(bad_query)
  Result<std::string> named_tenant() const;
  Result<std::uint32_t> version_number() const;
  /// The query value, or nullopt. @errors kInvalidArgument(bad_query)
  std::optional<std::string_view> query_text(std::string_view name) const;
  Result<std::int64_t> query_integer(std::string_view name, std::int64_t fallback, std::int64_t low,
                                     std::int64_t high) const;
  Result<std::optional<WallTime>> query_time(std::string_view name) const;
  /// Fails with kInvalidArgument(unknown_field) when the query has others than these.
  Status query_only(std::initializer_list<std::string_view> names) const;
  /// The body as an object that has no other members than these; an empty body is an empty object.
  Result<codec::JsonDocument> body_object(std::initializer_list<std::string_view> members) const;
  /// The record that Last-Event-ID names; -1 without one. @errors
  /// kInvalidArgument(bad_last_event_id)
  Result<std::int64_t> last_event() const;
  /// The epoch in If-Match, or nullopt. @errors kInvalidArgument(bad_if_match)
  Result<std::optional<std::int64_t>> expected_epoch() const;
};

/// @errors kInvalidArgument(unknown_field)
Status only_members(const codec::JsonView& object, std::span<const std::string_view> members);
inline Status only_members(const codec::JsonView& object,
                           std::initializer_list<std::string_view> members) {
  return only_members(object, std::span(members.begin(), members.size()));
}
/// Optional members: the fallback when absent, an error when of the wrong type.
Result<std::string> text_or(const codec::JsonView& object, std::string_view name,
                            std::string_view fallback);
Result<std::int64_t> integer_or(const codec::JsonView& object, std::string_view name,
                                std::int64_t fallback, std::int64_t low, std::int64_t high);
Result<bool> boolean_or(const codec::JsonView& object, std::string_view name, bool fallback);

/// Splits and percent-decodes a query string. @errors kInvalidArgument(bad_query): bad escapes, a
/// name given twice, over 32 pairs.
Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

}  // namespace kw::api::rest
