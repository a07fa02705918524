#include "net/base_url.h"

#include <algorithm>

namespace kw::net {

namespace {

constexpr std::string_view kHttps = "https://";
constexpr std::string_view kHttp = "http://";
constexpr std::string_view kUnix = "unix://";

bool is_loopback(std::string_view authority) {
  const bool bracketed = authority.starts_with('[');
  const auto host = bracketed ? authority.substr(0, authority.find(']') + 1)
                              : authority.substr(0, authority.find_first_of(":/"));
  const auto behind = authority.substr(host.size());
  if (!behind.empty() && behind.front() != ':' && behind.front() != '/') return false;
  if (host == "localhost" || host == "[::1]") return true;
  const bool numeric = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return numeric && host.starts_with("127.");
}

// No user names, queries, fragments or anything that two readers would split differently.
bool is_plain(std::string_view authority) {
  return !authority.empty() && std::all_of(authority.begin(), authority.end(), [](char c) {
    return c > 0x20 && c < 0x7F &&
           std::string_view("@?#\\\"<>^`{|}").find(c) == std::string_view::npos;
  });
}

}  // namespace

Result<BaseUrl> parse_base_url(std::string_view text) {
  while (text.ends_with('/')) text.remove_suffix(1);
  if (text.starts_with(kUnix) && text.size() > kUnix.size() + 1 && text[kUnix.size()] == '/')
    return BaseUrl{"http://localhost", std::string(text.substr(kUnix.size()))};
  const bool https = text.starts_with(kHttps);
  const bool http = text.starts_with(kHttp);
  const auto authority = text.substr(https ? kHttps.size() : http ? kHttp.size() : text.size());
  if (!is_plain(authority))
    return error(Code::kInvalidArgument, "bad_url", "the server's address is https://host:port");
  if (http && !is_loopback(authority))
    return error(Code::kInvalidArgument, "insecure_url",
                 "http without TLS is for loopback addresses only: use https");
  return BaseUrl{std::string(text), ""};
}

}  // namespace kw::net
