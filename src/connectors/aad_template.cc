#include "connectors/aad_template.h"

#include <algorithm>

#include "base/check.h"

namespace kw::connectors {

namespace {

Error bad_aad(const std::string& why) {
  return error(Code::kInvalidArgument, "bad_aad", "the template of associated data: " + why);
}

}  // namespace

Result<AadTemplate> AadTemplate::parse(std::string_view text,
                                       const std::vector<std::string_view>& names) {
  AadTemplate made;
  std::string literal;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char now = text[i];
    const bool doubled = i + 1 < text.size() && text[i + 1] == now;
    if ((now == '{' || now == '}') && doubled) {
      literal += now;
      ++i;
    } else if (now == '{') {
      const std::size_t end = text.find('}', i);
      if (end == std::string_view::npos) return bad_aad("a { without its }");
      const std::string_view name = text.substr(i + 1, end - i - 1);
      if (std::find(names.begin(), names.end(), name) == names.end())
        return bad_aad("nothing is called {" + std::string(name) + "} here");
      if (!literal.empty()) made.parts_.push_back({false, std::exchange(literal, {})});
      made.parts_.push_back({true, std::string(name)});
      i = end;
    } else if (now == '}') {
      return bad_aad("a } without its {");
    } else {
      literal += now;
    }
  }
  if (!literal.empty()) made.parts_.push_back({false, literal});
  return made;
}

Bytes AadTemplate::fill(const std::map<std::string, std::string, std::less<>>& values) const {
  ByteWriter filled;
  for (const Part& part : parts_) {
    if (!part.is_name) {
      filled.raw(as_bytes(part.text));
      continue;
    }
    const auto value = values.find(part.text);
    KW_CHECK(value != values.end());
    filled.raw(as_bytes(value->second));
  }
  return std::move(filled).bytes();
}

}  // namespace kw::connectors
