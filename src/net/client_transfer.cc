#include "net/client_transfer.h"

#include <algorithm>
#include <charconv>

namespace kw::net {

namespace {

constexpr std::string_view kBlank = " \t\r\n";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// "HTTP/1.1 200 OK"; 0 when there is no number.
int status_of(std::string_view line) {
  const std::size_t space = line.find(' ');
  int status = 0;
  if (space != std::string_view::npos)
    std::from_chars(line.data() + space + 1, line.data() + line.size(), status);
  return status;
}

}  // namespace

bool ClientTransfer::stop(End why) {
  end_ = why;
  return false;
}

bool ClientTransfer::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kHeadersMax) return stop(End::kTooLarge);
  if (line.starts_with("HTTP/")) {  // the first line, also of the answer behind an interim one
    response_.headers.clear();
    response_.status = status_of(line);
    return true;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  std::string name(line.substr(0, colon));
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  response_.headers.emplace_back(std::move(name), trim(line.substr(colon + 1)));
  return true;
}

bool ClientTransfer::take_body(std::string_view bytes) {
  if (on_line_ != nullptr) return take_lines(bytes);
  if (bytes.size() > body_max_ - response_.body.size()) return stop(End::kTooLarge);
  response_.body.append(bytes);
  return true;
}

bool ClientTransfer::take_lines(std::string_view bytes) {
  if (response_.status != 200) return stop(End::kStatus);
  for (;;) {
    const std::size_t line_feed = bytes.find('\n');
    const auto piece = bytes.substr(0, line_feed);
    if (piece.size() > kLineMax - line_.size()) return stop(End::kLineTooLarge);
    line_.append(piece);
    if (line_feed == std::string_view::npos) return true;
    if (line_.ends_with('\r')) line_.pop_back();
    if (!(*on_line_)(line_)) return stop(End::kCaller);
    line_.clear();
    bytes.remove_prefix(line_feed + 1);
  }
}

void ClientTransfer::finish_lines() {
  if (end_ == End::kServer && !line_.empty()) (*on_line_)(line_);
}

}  // namespace kw::net
