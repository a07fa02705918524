// Any text parses or is refused; what parses makes a value of its own description.
#include "secrets/generator.h"

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = kw::secrets::parse_generator(kw::as_text({data, size}));
  if (!parsed || parsed->key_pair()) return 0;
  const auto made = kw::secrets::generate(*parsed);
  if (parsed->manual()) {
    KW_CHECK(!made && made.error().reason == "manual_value");
    return 0;
  }
  KW_CHECK(made && made->size() == 1);
  if (parsed->kind == kw::secrets::Generator::Kind::kPassword)
    KW_CHECK(made->front().second.size() == parsed->length);
  return 0;
}
