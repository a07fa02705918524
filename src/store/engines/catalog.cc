#include "store/engines/catalog.h"

#include <string_view>

namespace kw::store::engines {

namespace {

struct Entry {
  std::string_view scheme;
  Result<std::unique_ptr<Engine>> (*make)(const std::string& url);
};

constexpr Entry kEntries[] = {
#define STORE_ENGINE(scheme, engine) {#scheme, make_##engine},
#include "store/engines/catalog.def"
#undef STORE_ENGINE
};

}  // namespace

Result<std::unique_ptr<Engine>> make(const std::string& url) {
  const std::string_view scheme = std::string_view(url).substr(0, url.find("://"));
  for (const Entry& entry : kEntries)
    if (entry.scheme == scheme) return entry.make(url);
  return error(Code::kInvalidArgument, "bad_store_url",
               "a store is sqlite:///absolute/path or postgres://...");
}

}  // namespace kw::store::engines
