// What one response turns into while it arrives: header fields, a bounded body, or lines.
#pragma once

#include <functional>
#include <string_view>

#include "net/http_client.h"

namespace kw::net {

/// Fed by the HTTP library with pieces of any size. A false answer means: stop the transfer. Not
/// thread-safe.
class ClientTransfer {
 public:
  static constexpr std::size_t kResponseMax = 64 * 1024 * 1024;
  static constexpr std::size_t kHeadersMax = 256 * 1024;
  static constexpr std::size_t kLineMax = 1024 * 1024;

  using OnLine = std::function<bool(std::string_view line)>;
  enum class End { kServer, kTooLarge, kLineTooLarge, kCaller, kStatus, kFailed };

  /// @param on_line  null: the body is collected; else lines of a 200 answer are given to it.
  explicit ClientTransfer(const OnLine* on_line, std::size_t body_max = kResponseMax)
      : on_line_(on_line), body_max_(body_max) {}

  /// The status line, one header field, or the empty line behind them.
  bool take_header(std::string_view line);
  bool take_body(std::string_view bytes);
  /// Gives out a last line that had no end.
  void finish_lines();
  /// Notes that memory ran out or that on_line threw.
  void fail() { end_ = End::kFailed; }

  End end() const { return end_; }
  ClientResponse& response() { return response_; }

 private:
  bool take_lines(std::string_view bytes);
  bool stop(End why);

  const OnLine* on_line_;
  std::size_t body_max_;
  ClientResponse response_;
  std::size_t header_bytes_ = 0;
  WipedText line_;
  End end_ = End::kServer;
};

}  // namespace kw::net
