// Any text: refused, or written again as it was.
#include <cstdint>

#include "base/check.h"
#include "connectors/nats_users.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kw::connectors;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto users = NatsUsers::parse(text);
  if (!users) return 0;
  const kw::WipedText before = users->text();
  KW_CHECK(NatsUsers::parse(before)->text() == before);
  users->put({"fuzz", "$2b$04$x", "{}"});
  auto again = NatsUsers::parse(users->text());
  KW_CHECK(again && again->find("fuzz") != nullptr);
  return 0;
}
