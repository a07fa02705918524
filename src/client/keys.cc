#include "client/keys.h"

#include "codec/base64.h"

namespace kw::client {

using codec::JsonWriter;

Result<Answer> Keys::use(std::string_view key, std::string_view verb, JsonWriter& body) const {
  const WipedText text = body.take();
  Request request;
  request.method = "POST";
  request.path = "/api/v1/tenants/" + path_segment(tenant_) + "/keys/" + path_segment(key) + ":" +
                 std::string(verb);
  request.body = {text.data(), text.size()};
  return channel_->send(std::move(request));
}

Result<std::string> Keys::encrypt(std::string_view key, const SecretBytes& plaintext,
                                  ByteView associated_data) const {
  JsonWriter json;
  json.begin_object().name("plaintext").base64(plaintext.reveal(Reveal{}));
  if (!associated_data.empty()) json.name("associated_data").base64(associated_data);
  json.end_object();
  KW_TRY(const Answer answer, use(key, "encrypt", json));
  KW_TRY(const std::string_view ciphertext, answer.json.root().text("ciphertext"));
  return std::string(ciphertext);
}

Result<SecretBytes> Keys::decrypt(std::string_view key, std::string_view ciphertext,
                                  ByteView associated_data) const {
  JsonWriter json;
  json.begin_object().member("ciphertext", ciphertext);
  if (!associated_data.empty()) json.name("associated_data").base64(associated_data);
  json.end_object();
  KW_TRY(const Answer answer, use(key, "decrypt", json));
  KW_TRY(const std::string_view plaintext, answer.json.root().text("plaintext"));
  return codec::secret_from_base64(plaintext);
}

Result<Signature> Keys::sign(std::string_view key, ByteView message) const {
  JsonWriter json;
  json.begin_object().name("message").base64(message).end_object();
  KW_TRY(const Answer answer, use(key, "sign", json));
  const codec::JsonView root = answer.json.root();
  Signature made;
  KW_TRY(const std::string_view text, root.text("signature"));
  KW_TRY(made.bytes, codec::from_base64(text));
  KW_TRY(const std::int64_t version, root.integer("version"));
  made.version = static_cast<std::uint32_t>(version);
  if (root.has("kid")) {
    KW_TRY(const std::string_view kid, root.text("kid"));
    made.kid = kid;
  }
  return made;
}

Result<Verdict> Keys::verify(std::string_view key, ByteView message, ByteView signature,
                             std::uint32_t version) const {
  JsonWriter json;
  json.begin_object().name("message").base64(message).name("signature").base64(signature);
  json.member("version", static_cast<std::int64_t>(version)).end_object();
  KW_TRY(const Answer answer, use(key, "verify", json));
  const codec::JsonView root = answer.json.root();
  Verdict said;
  KW_TRY(said.valid, root.boolean("valid"));
  KW_TRY(const std::string_view verdict, root.text("verdict"));
  said.verdict = verdict;
  if (root.has("reason")) {
    KW_TRY(const std::string_view reason, root.text("reason"));
    said.reason = reason;
  }
  return said;
}

}  // namespace kw::client
