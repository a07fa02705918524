#include "connectors/key_text.h"

#include "codec/json.h"

namespace kw::connectors {

std::string key_text(const std::vector<std::string>& values) {
  codec::JsonWriter json;
  json.begin_array();
  for (const std::string& value : values) json.value(value);
  json.end_array();
  return std::string(json.text());
}

Result<std::vector<std::string>> key_values(std::string_view text, std::size_t count) {
  const Error bad =
      error(Code::kDataLoss, "bad_cursor", "a checkpoint holds no primary key of this table");
  const auto parsed = codec::JsonDocument::parse(text);
  if (!parsed || parsed->root().kind() != codec::JsonView::Kind::kArray) return bad;
  std::vector<std::string> values;
  for (const codec::JsonView& element : parsed->root().elements()) {
    const auto value = element.text();
    if (!value) return bad;
    values.emplace_back(*value);
  }
  if (values.size() != count) return bad;
  return values;
}

std::string key_name(const std::vector<std::string>& values) {
  return values.size() == 1 ? values[0] : key_text(values);
}

}  // namespace kw::connectors
