// What is accepted renders within its bound, names only what the grammar allows, and writes its own
// names in a form that reads back the same; every escape keeps its value inside one token.
#include "base/check.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/text_template.h"
#include "codec/yaml.h"

namespace {

using namespace kw;
using namespace kw::codec;

WipedText escaped(TextEscape escape, ByteView value) {
  WipedText out;
  out.reserve(64);
  if (!append_escaped(escape, value, out)) out.clear();
  return out;
}

void escapes_keep_their_value(ByteView value) {
  if (value.size() > 4096) return;
  const WipedText json = escaped(TextEscape::kJson, value);
  if (!json.empty()) {
    WipedText object("{\"v\":");
    object.append(json).append("}");
    const auto read = JsonDocument::parse({object.data(), object.size()});
    KW_CHECK(read && read->root().text("v").value() == as_text(value));
  }
  const WipedText yaml = escaped(TextEscape::kYaml, value);
  if (!yaml.empty()) {
    WipedText map("v: ");
    map.append(yaml).append("\n");
    const auto read = YamlDocument::parse({map.data(), map.size()}, "fuzz");
    KW_CHECK(read && read->root().member("v")->text().value() == as_text(value));
  }
  const WipedText base64_text = escaped(TextEscape::kBase64, value);
  KW_CHECK(from_base64({base64_text.data(), base64_text.size()}).value() == to_bytes(value));
  const WipedText url = escaped(TextEscape::kUrl, value);
  KW_CHECK(url.find_first_of("/?#@:& '\"\n") == WipedText::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes{data, size};
  escapes_keep_their_value(bytes);
  const auto parsed = TextTemplate::parse(as_text(bytes));
  if (!parsed) return 0;
  for (const TextReference& named : parsed->references()) {
    const auto again = TextTemplate::parse("{{" + reference_text(named) + "}}");
    KW_CHECK(again && again->references() == std::vector<TextReference>{named});
  }
  const auto out = parsed->render([&](const TextReference&) -> Result<ByteView> { return bytes; });
  if (out) KW_CHECK(out->size() <= kRenderedBytesMax);
  return 0;
}
