#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "net/http_target.h"

// Whatever is accepted is canonical: splitting what was split changes nothing, and no traversal
// survives.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  const auto target = kw::net::split_target(raw);
  if (!target) return 0;
  const auto again = kw::net::split_target(target->path);
  KW_CHECK(again.has_value() && again->path == target->path && again->query.empty());
  KW_CHECK(target->path.find("//") == std::string_view::npos);
  KW_CHECK(target->path.find("/../") == std::string_view::npos);
  KW_CHECK(target->path.find('\\') == std::string_view::npos);
  return 0;
}
