#include "secrets/value.h"

#include <algorithm>

#include "base/reveal.h"
#include "codec/json.h"
#include "codec/strict_text.h"

namespace kw::secrets {

namespace {

Error bad_field(std::string_view message) {
  return error(Code::kInvalidArgument, "bad_field", message);
}
Error bad_value() {
  return error(Code::kInvalidArgument, "bad_value", "a value has 1 to 65,536 bytes");
}

bool good_name(std::string_view name) {
  return !name.empty() && name.size() <= kFieldNameMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

Status check_fields(const Fields& fields) {
  if (fields.empty() || fields.size() > kFieldsMax)
    return bad_field("a structured value has 1 to 64 fields");
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!good_name(fields[i].first)) return bad_field("a field's name is [a-z0-9_]{1,64}");
    if (i > 0 && fields[i].first == fields[i - 1].first)
      return bad_field("a field has one value: " + fields[i].first);
    if (!codec::valid_utf8(as_text(fields[i].second.reveal(Reveal{}))))
      return bad_field("a field is UTF-8 text: " + fields[i].first);
  }
  return ok();
}

Result<codec::JsonDocument> parsed(const SecretBytes& form) {
  codec::JsonLimits limits;
  limits.depth_max = 2;
  return codec::JsonDocument::parse(as_text(form.reveal(Reveal{})), limits);
}

}  // namespace

Result<Value> Value::of_bytes(SecretBytes bytes) {
  if (bytes.empty() || bytes.size() > kValueBytesMax) return bad_value();
  return Value(false, std::move(bytes));
}

Result<Value> Value::of_fields(Fields fields) {
  std::sort(fields.begin(), fields.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  KW_OK(check_fields(fields));
  codec::JsonWriter json;
  json.begin_object();
  for (const auto& [name, text] : fields) json.member(name, as_text(text.reveal(Reveal{})));
  json.end_object();
  if (json.text().size() > kValueBytesMax) return bad_value();
  return Value(true, SecretBytes::copy_of(as_bytes(json.text())));
}

Result<Value> Value::from_sealed(Shape shape, SecretBytes sealed) {
  const bool structured = shape == Shape::kFields;
  if (structured && !parsed(sealed))
    return error(Code::kDataLoss, "bad_value", "a stored value does not parse");
  return Value(structured, std::move(sealed));
}

Value Value::clone() const {
  return Value(structured_, form_.clone());
}

Result<std::vector<std::string>> Value::names() const {
  std::vector<std::string> all;
  if (!structured_) return all;
  KW_TRY(const auto document, parsed(form_));
  for (const auto& [name, text] : document.root().members()) all.emplace_back(name);
  return all;
}

Result<SecretBytes> Value::part(std::string_view name) const {
  if (!structured_ && name.empty()) return form_.clone();
  const auto missing =
      error(Code::kNotFound, "no_such_field", "the secret has no field with this name");
  if (!structured_ || name.empty()) return missing;
  KW_TRY(const auto document, parsed(form_));
  const auto found = document.root().find(name);
  if (!found) return missing;
  KW_TRY(const std::string_view text, found->text());
  return SecretBytes::copy_of(as_bytes(text));
}

Result<std::string> Value::text_of(std::string_view name) const {
  KW_TRY(const SecretBytes text, part(name));
  return std::string(as_text(text.reveal(Reveal{})));
}

Result<Fields> Value::parts() const {
  Fields all;
  if (!structured_) {
    all.emplace_back("", form_.clone());
    return all;
  }
  KW_TRY(const auto document, parsed(form_));
  for (const auto& [name, value] : document.root().members()) {
    KW_TRY(const std::string_view text, value.text());
    all.emplace_back(std::string(name), SecretBytes::copy_of(as_bytes(text)));
  }
  return all;
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): it is moved from, text by text
Result<Value> Value::with(Fields changes) const {
  KW_TRY(Fields all, parts());
  if (!structured_) all.clear();
  for (auto& [name, text] : changes) {
    const auto found = std::find_if(all.begin(), all.end(), [&wanted = name](const auto& each) {
      return each.first == wanted;
    });
    if (found == all.end()) {
      all.emplace_back(name, std::move(text));
    } else {
      found->second = std::move(text);
    }
  }
  return of_fields(std::move(all));
}

}  // namespace kw::secrets
