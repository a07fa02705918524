// Whatever is accepted can be walked, and all its nodes know where they are.
#include "base/bytes.h"
#include "codec/yaml.h"

namespace {
void walk(const kw::codec::YamlView& view) {
  KW_CHECK(view.line() > 0 && view.column() > 0);
  KW_CHECK(!view.where().empty() && !view.where_name().empty());
  if (view.integer()) KW_CHECK(view.text().has_value());
  if (const auto seconds = view.seconds()) KW_CHECK(*seconds >= 0);
  for (const auto& element : view.elements()) walk(element);
  for (const auto& [name, value] : view.members()) {
    KW_CHECK(view.has(name));
    walk(value);
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto document = kw::codec::YamlDocument::parse(kw::as_text({data, size}), "fuzz.yaml");
  if (document) walk(document->root());
  return 0;
}
