#include "api/rest/secret_value.h"

#include "codec/base64.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;

Error bad(std::string_view reason, std::string_view message) {
  return error(Code::kInvalidArgument, reason, message);
}

Result<secrets::Value> fields_of(const JsonView& body) {
  KW_TRY(const JsonView object, body.member("fields"));
  if (object.kind() != JsonView::Kind::kObject) return bad("json_type", "fields are an object");
  secrets::Fields fields;
  for (const auto& [name, value] : object.members()) {
    KW_TRY(const std::string_view text, value.text());
    fields.emplace_back(std::string(name), SecretBytes::copy_of(as_bytes(text)));
  }
  return secrets::Value::of_fields(std::move(fields));
}

}  // namespace

Result<SecretBytes> material_of(const JsonView& body) {
  if (body.has("value") && body.has("text")) return bad("no_value", "say \"value\" or \"text\"");
  if (body.has("text")) {
    KW_TRY(const std::string_view text, body.text("text"));
    return SecretBytes::copy_of(as_bytes(text));
  }
  if (!body.has("value")) return bad("no_value", "say \"value\" (base64) or \"text\"");
  KW_TRY(const std::string_view text, body.text("value"));
  return codec::secret_from_base64(text);
}

Result<std::shared_ptr<const secrets::Value>> given_value(const JsonView& body) {
  const bool single = body.has("value") || body.has("text");
  if (single && body.has("fields")) return bad("no_value", "say a value or fields");
  if (!single && !body.has("fields")) return std::shared_ptr<const secrets::Value>();
  if (body.has("fields")) {
    KW_TRY(secrets::Value value, fields_of(body));
    return std::make_shared<const secrets::Value>(std::move(value));
  }
  KW_TRY(SecretBytes material, material_of(body));
  KW_TRY(secrets::Value value, secrets::Value::of_bytes(std::move(material)));
  return std::make_shared<const secrets::Value>(std::move(value));
}

}  // namespace kw::api::rest
