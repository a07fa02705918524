#include "net/request_parser.h"

#include <algorithm>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <optional>

#include "net/http_target.h"

namespace kw::net {

namespace {

namespace http = boost::beast::http;
using boost::beast::iequals;
using ErrorCode = boost::beast::error_code;

// A recipient ought to limit the total length of chunk extensions (RFC 9112 section 7.1.1).
constexpr std::size_t kChunkExtensionsMax = 1024;

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool host_characters_only(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return word || std::string_view("-._~:[]%").find(c) != std::string_view::npos;
  });
}

// The fields that frame the message or say who asks: a second one means that two readers may
// disagree.
enum Single : unsigned {
  kHost = 1,
  kContentLength = 2,
  kAuthorization = 4,
  kTransferEncoding = 8,
  kExpect = 16,
  kContentType = 32,
};

unsigned single_field(http::field name) {
  switch (name) {
    case http::field::host:
      return kHost;
    case http::field::content_length:
      return kContentLength;
    case http::field::authorization:
      return kAuthorization;
    case http::field::transfer_encoding:
      return kTransferEncoding;
    case http::field::expect:
      return kExpect;
    case http::field::content_type:
      return kContentType;
    default:
      return 0;
  }
}

class BeastParser final : public http::basic_parser<true> {
 public:
  void begin_head(RequestHead& head) {
    head_ = &head;
    header_limit(64 * 1024);  // the scanner's limit is the lower one
    body_limit(boost::none);  // admission decides about the body
  }
  void begin_body(WipedText& body, std::size_t body_max) {
    head_ = nullptr;
    body_ = &body;
    body_max_ = body_max;
    eager(true);
  }
  const std::optional<Refusal>& refusal() const { return refusal_; }
  bool has_seen(Single field) const { return (seen_ & field) != 0; }

 private:
  void refuse(int status, std::string_view reason, ErrorCode& ec) {
    if (!refusal_) refusal_ = Refusal{status, reason};
    ec = http::make_error_code(http::error::bad_value);
  }

  void on_request_impl(http::verb, boost::beast::string_view method,
                       boost::beast::string_view target, int version, ErrorCode& ec) override {
    if (version != 11) return refuse(505, "http_version_unsupported", ec);
    if (target.size() > RequestParser::kTargetMax) return refuse(414, "target_too_long", ec);
    const auto parts = split_target(view(target));
    if (!parts) return refuse(400, "bad_target", ec);
    head_->method = view(method);
    head_->path = parts->path;
    head_->query = parts->query;
  }

  void on_field_impl(http::field name, boost::beast::string_view name_text,
                     boost::beast::string_view value, ErrorCode& ec) override {
    if (head_ == nullptr) return refuse(400, "trailers_refused", ec);
    const unsigned single = single_field(name);
    if ((seen_ & single) != 0) return refuse(400, "duplicate_header", ec);
    seen_ |= single;
    check_value(name, value, ec);
    head_->headers.push_back({view(name_text), view(value)});
  }

  void check_value(http::field name, boost::beast::string_view value, ErrorCode& ec) {
    constexpr unsigned kBoth = kContentLength | kTransferEncoding;
    if ((seen_ & kBoth) == kBoth) return refuse(400, "ambiguous_body_length", ec);
    switch (name) {
      case http::field::content_length:
        if (!all_digits(view(value))) refuse(400, "bad_content_length", ec);
        return;
      case http::field::transfer_encoding:
        if (!iequals(value, "chunked")) refuse(400, "bad_transfer_encoding", ec);
        return;
      case http::field::content_encoding:
        return refuse(415, "unsupported_encoding", ec);
      case http::field::expect:
        if (!iequals(value, "100-continue")) refuse(417, "unsupported_expectation", ec);
        return;
      case http::field::host:
        if (!host_characters_only(view(value))) refuse(400, "bad_host", ec);
        return;
      default:
        return;
    }
  }

  void on_chunk_header_impl(std::uint64_t size, boost::beast::string_view extensions,
                            ErrorCode& ec) override {
    extension_bytes_ += extensions.size();
    if (extension_bytes_ > kChunkExtensionsMax) return refuse(400, "bad_chunk", ec);
    if (size > body_max_ - std::min(body_max_, body_->size())) refuse(413, "body_too_large", ec);
  }
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view bytes,
                                 ErrorCode&) override {
    body_->append(bytes.data(), bytes.size());
    return bytes.size();
  }
  // Bodies with a length do not pass through this parser.
  std::size_t on_body_impl(boost::beast::string_view, ErrorCode& ec) override {
    refuse(400, "bad_request", ec);
    return 0;
  }
  void on_response_impl(int, boost::beast::string_view, int, ErrorCode&) override {}
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  void on_finish_impl(ErrorCode&) override {}

  RequestHead* head_ = nullptr;
  WipedText* body_ = nullptr;
  std::size_t body_max_ = 0;
  std::size_t extension_bytes_ = 0;
  unsigned seen_ = 0;
  std::optional<Refusal> refusal_;
};

// Beast looks at the fields that frame the body before it shows them to on_field_impl.
Refusal framing_refusal(const BeastParser& parser, const ErrorCode& ec) {
  if (ec == http::error::bad_transfer_encoding)
    return {400, parser.has_seen(kContentLength) ? "ambiguous_body_length" : "duplicate_header"};
  if (parser.has_seen(kTransferEncoding)) return {400, "ambiguous_body_length"};
  return {400, parser.has_seen(kContentLength) ? "duplicate_header" : "bad_content_length"};
}

Refusal refusal_of(const BeastParser& parser, const ErrorCode& ec) {
  if (parser.refusal()) return *parser.refusal();
  if (ec == http::error::bad_version) return {505, "http_version_unsupported"};
  if (ec == http::error::header_limit) return {431, "header_too_large"};
  if (ec == http::error::bad_transfer_encoding || ec == http::error::bad_content_length ||
      ec == http::error::multiple_content_length)
    return framing_refusal(parser, ec);
  if (ec == http::error::bad_chunk || ec == http::error::bad_chunk_extension)
    return {400, "bad_chunk"};
  return {400, "bad_request"};
}

}  // namespace

struct RequestParser::State {
  std::optional<BeastParser> parser;
};

RequestParser::RequestParser() : state_(std::make_unique<State>()) {}
RequestParser::~RequestParser() = default;

std::optional<Refusal> RequestParser::parse_head(std::string_view text, RequestHead& head,
                                                 MessageFacts& facts) {
  BeastParser& parser = state_->parser.emplace();
  head.headers.clear();
  head.headers.reserve(16);
  parser.begin_head(head);
  ErrorCode ec;
  const std::size_t used = parser.put(boost::asio::const_buffer(text.data(), text.size()), ec);
  if (ec) return refusal_of(parser, ec);
  if (!parser.is_header_done() || used != text.size()) return Refusal{400, "bad_request"};
  if (!parser.has_seen(kHost)) return Refusal{400, "bad_host"};
  facts.chunked = parser.chunked();
  const auto length = parser.content_length();
  facts.content_length = length ? *length : 0;
  facts.keep_alive = parser.keep_alive();
  facts.expects_continue = parser.has_seen(kExpect);
  facts.head_only = head.method == "HEAD";
  return std::nullopt;
}

std::optional<Refusal> RequestParser::feed_chunks(std::string_view bytes, std::size_t body_max,
                                                  WipedText& body, std::size_t& used) {
  BeastParser& parser = *state_->parser;
  parser.begin_body(body, body_max);
  used = 0;
  while (used < bytes.size() && !parser.is_done()) {
    ErrorCode ec;
    const auto rest = bytes.substr(used);
    used += parser.put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
    if (ec == http::error::need_more) return std::nullopt;
    if (ec) return refusal_of(parser, ec);
  }
  return std::nullopt;
}

bool RequestParser::chunks_done() const {
  return state_->parser && state_->parser->is_done();
}

}  // namespace kw::net
