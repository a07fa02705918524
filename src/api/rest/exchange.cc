#include "api/rest/exchange.h"

#include <algorithm>
#include <charconv>

#include "codec/strict_text.h"

namespace kw::api::rest {

namespace {

Error bad_query(const std::string& why) {
  return error(Code::kInvalidArgument, "bad_query", why);
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      plain.push_back(' ');
    } else if (text[i] != '%') {
      plain.push_back(text[i]);
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return bad_query("a % in the query is not followed by two hexadecimal digits");
      plain.push_back(static_cast<char>(high << 4 | low));
      i += 2;
    }
  }
  if (!codec::valid_utf8(plain) || plain.find('\0') != plain.npos)
    return bad_query("the query is not UTF-8 text");
  return plain;
}

bool listed(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Answer json_answer(codec::JsonWriter& json, int status) {
  return Answer{status, json.take(), "application/json", {}, {}};
}

service::KeptAnswer kept(const Answer& answer) {
  return {answer.status, answer.etag, std::string(answer.body.data(), answer.body.size())};
}

service::KeptAnswer kept_no_content(const service::Done&) {
  return kept(no_content());
}

std::string_view Exchange::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters)
    if (key == name) return value;
  return {};
}

Result<ObjectName> Exchange::object_name(std::string_view parameter_name) const {
  return ObjectName::parse(parameter(parameter_name));
}

Result<std::string> Exchange::named_tenant() const {
  if (call.tenant.empty()) return bad_query("say of which tenant: ?tenant=NAME");
  return call.tenant;
}

Result<std::uint32_t> Exchange::version_number() const {
  const auto number = whole_number(parameter("version"));
  if (!number || *number < 1 || *number > UINT32_MAX || parameter("version").front() == '0')
    return error(Code::kInvalidArgument, "bad_version", "a version is a whole number from 1");
  return static_cast<std::uint32_t>(*number);
}

std::optional<std::string_view> Exchange::query_text(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return std::nullopt;
}

Result<std::int64_t> Exchange::query_integer(std::string_view name, std::int64_t fallback,
                                             std::int64_t low, std::int64_t high) const {
  const auto text = query_text(name);
  if (!text) return fallback;
  const auto number = whole_number(*text);
  if (!number || *number < low || *number > high)
    return bad_query("\"" + std::string(name) + "\" is a whole number from " + std::to_string(low) +
                     " to " + std::to_string(high));
  return *number;
}

Result<std::optional<WallTime>> Exchange::query_time(std::string_view name) const {
  const auto text = query_text(name);
  if (!text) return std::optional<WallTime>();
  KW_TRY(const WallTime time, parse_rfc3339(*text));
  return std::optional(time);
}

Status Exchange::query_only(std::initializer_list<std::string_view> names) const {
  for (const auto& [key, value] : query)
    if (!listed(std::span(names.begin(), names.size()), key))
      return error(Code::kInvalidArgument, "unknown_field",
                   "unknown query parameter \"" + key + "\"");
  return ok();
}

Result<codec::JsonDocument> Exchange::body_object(
    std::initializer_list<std::string_view> members) const {
  const std::string_view text(body.data(), body.size());
  KW_TRY(codec::JsonDocument document, codec::JsonDocument::parse(text.empty() ? "{}" : text));
  KW_OK(only_members(document.root(), members));
  return document;
}

Result<std::int64_t> Exchange::last_event() const {
  std::int64_t number = -1;
  if (last_event_id.empty()) return number;
  const char* const start = last_event_id.data();
  const auto [end, failure] = std::from_chars(start, start + last_event_id.size(), number);
  if (failure == std::errc{} && end == start + last_event_id.size() && number >= 0) return number;
  return error(Code::kInvalidArgument, "bad_last_event_id",
               "Last-Event-ID is the number of a record");
}

Result<std::optional<std::int64_t>> Exchange::expected_epoch() const {
  if (if_match.empty()) return std::optional<std::int64_t>();
  const std::string_view text(if_match);
  const bool quoted = text.size() > 2 && text.front() == '"' && text.back() == '"';
  const auto number = quoted ? whole_number(text.substr(1, text.size() - 2)) : std::nullopt;
  if (!number)
    return error(Code::kInvalidArgument, "bad_if_match",
                 "If-Match is the ETag of the object: \"<number>\"");
  return number;
}

Status only_members(const codec::JsonView& object, std::span<const std::string_view> members) {
  if (object.kind() != codec::JsonView::Kind::kObject)
    return error(Code::kInvalidArgument, "json_type", "the body is a JSON object");
  for (const auto& [name, value] : object.members())
    if (!listed(members, name))
      return error(Code::kInvalidArgument, "unknown_field",
                   "the body has a member that this operation does not know");
  return ok();
}

Result<std::string> text_or(const codec::JsonView& object, std::string_view name,
                            std::string_view fallback) {
  if (!object.has(name)) return std::string(fallback);
  KW_TRY(const std::string_view text, object.text(name));
  return std::string(text);
}

Result<std::int64_t> integer_or(const codec::JsonView& object, std::string_view name,
                                std::int64_t fallback, std::int64_t low, std::int64_t high) {
  if (!object.has(name)) return fallback;
  KW_TRY(const std::int64_t number, object.integer(name));
  if (number < low || number > high)
    return error(Code::kInvalidArgument, "out_of_range",
                 "\"" + std::string(name) + "\" is a whole number from " + std::to_string(low) +
                     " to " + std::to_string(high));
  return number;
}

Result<bool> boolean_or(const codec::JsonView& object, std::string_view name, bool fallback) {
  if (!object.has(name)) return fallback;
  return object.boolean(name);
}

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == query.npos ? std::string_view() : query.substr(end + 1);
    const auto equals = pair.find('=');
    if (equals == pair.npos) return bad_query("a query is name=value pairs");
    KW_TRY(std::string name, percent_decoded(pair.substr(0, equals)));
    KW_TRY(std::string value, percent_decoded(pair.substr(equals + 1)));
    for (const auto& [earlier, unused] : pairs)
      if (earlier == name) return bad_query("a query parameter is given twice");
    if (pairs.size() == 32) return bad_query("too many query parameters");
    pairs.emplace_back(std::move(name), std::move(value));
  }
  return pairs;
}

}  // namespace kw::api::rest
