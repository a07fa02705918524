#include "net/response_writer.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "net/refusal.h"

namespace kw::net {

namespace {

constexpr std::string_view kNoStore = "Cache-Control: no-store\r\n";
constexpr std::string_view kNoSniff = "X-Content-Type-Options: nosniff\r\n";
// Two years, the least that RFC 6797 users and preload lists ask for.
constexpr std::string_view kStrictTransport = "Strict-Transport-Security: max-age=63072000\r\n";

void append_number(WipedText& out, std::size_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return word || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char character) {
    const auto c = static_cast<unsigned char>(character);
    return (c < 0x20 && c != '\t') || c == 0x7F;
  });
}

bool same_field(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return (x | 0x20) == (y | 0x20);
         });
}

// RFC 9110 section 8.6: no Content-Length and no body with these.
bool never_has_body(int status) {
  return status < 200 || status == 204 || status == 304;
}

}  // namespace

void ResponseWriter::refresh(WallTime now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  if (second == second_) return;
  second_ = second;
  const std::time_t time = second;
  std::tm parts{};
  gmtime_r(&time, &parts);
  // Not strftime: its names follow the locale.
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char text[64];
  const int size = snprintf(text, sizeof text, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                            kDays[parts.tm_wday], parts.tm_mday, kMonths[parts.tm_mon],
                            parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  date_.assign(text, std::min(sizeof text - 1, static_cast<std::size_t>(size)));
}

bool ResponseWriter::is_safe(const Response& response) {
  if (response.status < 200 || response.status > 999) return false;
  if (!is_field_value(response.content_type)) return false;
  return std::all_of(response.headers.begin(), response.headers.end(), [](const auto& field) {
    return is_token(field.first) && is_field_value(field.second);
  });
}

void ResponseWriter::write_shared(WipedText& out) const {
  out.append(date_).append(kNoSniff);
  if (tls_) out.append(kStrictTransport);
}

bool ResponseWriter::write_head(const Response& response, const AnswerForm& form,
                                WipedText& out) const {
  if (response.status == 200) {
    out.append("HTTP/1.1 200 OK\r\n");
  } else {
    out.append("HTTP/1.1 ");
    append_number(out, static_cast<std::size_t>(response.status));
    out.append(" ").append(status_phrase(response.status)).append("\r\n");
  }
  write_shared(out);
  bool own_caching = false;
  for (const auto& [name, value] : response.headers) {
    own_caching = own_caching || same_field(name, "cache-control");
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (!own_caching) out.append(kNoStore);
  const bool describes_body = !never_has_body(response.status);
  if (describes_body) {
    if (!response.body.empty() && !response.content_type.empty())
      out.append("Content-Type: ").append(response.content_type).append("\r\n");
    out.append("Content-Length: ");
    append_number(out, response.body.size());
    out.append("\r\n");
  }
  out.append(form.keep_alive ? "\r\n" : "Connection: close\r\n\r\n");
  return describes_body && !form.head_only;
}

void ResponseWriter::write_stream_head(WipedText& out) const {
  out.append("HTTP/1.1 200 OK\r\n");
  write_shared(out);
  out.append(kNoStore);
  // Reverse proxies must not collect events (nginx reads this field).
  out.append("X-Accel-Buffering: no\r\nContent-Type: text/event-stream\r\n");
  out.append("Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
}

void ResponseWriter::write_chunk(std::string_view content, WipedText& out) {
  char size[20];
  const auto end = std::to_chars(size, size + sizeof size, content.size(), 16).ptr;
  out.append(size, static_cast<std::size_t>(end - size));
  out.append("\r\n").append(content).append("\r\n");
}

}  // namespace kw::net
