#include "client/secret_value.h"

#include "client/connection.h"
#include "codec/base64.h"

namespace kw::client {

namespace {

Result<SecretBytes> decoded(const codec::JsonView& member) {
  KW_TRY(const std::string_view text, member.text());
  return codec::secret_from_base64(text);
}

}  // namespace

const SecretBytes* SecretValue::part(std::string_view name) const {
  for (const auto& [known, secret] : parts)
    if (known == name) return &secret;
  return nullptr;
}

Result<SecretBytes> SecretValue::copy(std::string_view name) const {
  if (const SecretBytes* found = part(name)) return found->clone();
  return error(Code::kNotFound, "no_such_field",
               name.empty() ? path + " has fields: name one of them"
                            : path + " has no field \"" + std::string(name) + "\"");
}

Result<SecretPointer> read_secret(std::string_view path, const codec::JsonView& answer) {
  auto value = std::make_shared<SecretValue>();
  value->path = path;
  KW_TRY(const std::int64_t version, answer.integer("version"));
  value->version = static_cast<std::uint32_t>(version);
  KW_TRY(const std::string_view state, answer.text("state"));
  value->state = state;
  if (answer.has("epoch")) {
    KW_TRY(value->epoch, answer.integer("epoch"));
  }
  if (const auto expires = answer.find("expires_at");
      expires && expires->kind() == codec::JsonView::Kind::kString) {
    KW_TRY(const std::string_view text, expires->text());
    KW_TRY(value->expires_at, parse_rfc3339(text));
  }
  if (const auto fields = answer.find("fields")) {
    for (const auto& [name, member] : fields->members()) {
      KW_TRY(const std::string_view text, member.text());
      value->parts.emplace_back(name, SecretBytes::copy_of(as_bytes(text)));
    }
    return SecretPointer(std::move(value));
  }
  KW_TRY(const codec::JsonView whole, answer.member("value"));
  KW_TRY(SecretBytes bytes, decoded(whole));
  value->parts.emplace_back("", std::move(bytes));
  return SecretPointer(std::move(value));
}

std::string secret_url(std::string_view tenant, std::string_view path) {
  std::string url = "/api/v1/tenants/" + path_segment(tenant) + "/secrets";
  for (;;) {
    const std::size_t end = path.find('/');
    url += "/" + path_segment(path.substr(0, end));
    if (end == path.npos) return url;
    path.remove_prefix(end + 1);
  }
}

}  // namespace kw::client
