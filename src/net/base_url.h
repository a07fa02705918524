// Where an HttpClient sends its requests.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace kw::net {

struct BaseUrl {
  std::string url;  ///< scheme and authority, perhaps a path; request paths are appended to it
  std::string unix_socket;  ///< when set, the connection goes to this local socket
};

/// Reads "https://host:port", "http://loopback:port" or "unix:///path".
/// @errors kInvalidArgument(bad_url | insecure_url): plain http to anything but a loopback address.
Result<BaseUrl> parse_base_url(std::string_view text);

}  // namespace kw::net
