#include "net/egress.h"

#include <algorithm>

#include "net/base_url.h"
#include "net/http_client.h"

namespace kw::net {

bool EgressRules::permits(const IpAddress& address) const {
  const AddressKind kind = kind_of(address);
  if (kind == AddressKind::kPublic || (loopback && kind == AddressKind::kLoopback)) return true;
  return std::any_of(allowed.begin(), allowed.end(), [&](const AddressRange& range) {
    return range.holds(address) && (kind != AddressKind::kMetadata || range.is_one_address());
  });
}

Result<EgressUrl> split_url(std::string_view text) {
  const Error bad = error(Code::kInvalidArgument, "bad_url", "a URL is https://host/path");
  const std::size_t scheme = text.find("://");
  if (!text.starts_with("https://") && !text.starts_with("http://")) return bad;
  const std::size_t slash = text.find_first_of("/?#", scheme + 3);
  EgressUrl url{std::string(text.substr(0, slash)), "/"};
  if (slash != text.npos) url.path = text.substr(slash);
  const bool plain = std::all_of(url.path.begin(), url.path.end(), [](char c) {
    return c > 0x20 && c < 0x7F && c != '#' && c != '\\';
  });
  if (!plain || !url.path.starts_with('/') || url.base.ends_with("//")) return bad;
  KW_TRY(const BaseUrl base, parse_base_url(url.base));
  url.base = base.url;
  return url;
}

ClientOptions egress_options(const EgressRules& rules, const EgressUrl& url,
                             std::chrono::milliseconds timeout) {
  ClientOptions options;
  options.base_url = url.base;
  options.timeout = std::max(timeout, std::chrono::milliseconds(1));
  options.egress = rules;
  options.answer_max = kEgressAnswerMax;
  return options;
}

}  // namespace kw::net
