#include "crypto/key.h"

#include "crypto/algorithms/family.h"
#include "crypto/limits.h"

namespace kw::crypto {

namespace {

Error unavailable_algorithm() {
  return error(Code::kUnimplemented, "algorithm_unavailable",
               "the cryptographic library at hand does not have this algorithm");
}

Error inconsistent() {
  return error(Code::kInternal, "inconsistent_pair",
               "private and public key do not belong together");
}

Status signs_consistently(const Key& private_key, const Key& public_key) {
  const ByteView message = as_bytes("keywright pairwise consistency");
  KW_TRY(const Bytes signature, private_key.sign(message));
  KW_TRY(const bool valid, public_key.verify(message, signature));
  if (!valid) return inconsistent();
  return ok();
}

Status decrypts_consistently(const Key& private_key, const Key& public_key) {
  const ByteView message = as_bytes("keywright pairwise consistency");
  EnvelopeHeader header;
  header.version = 1;
  KW_TRY(const Bytes sealed, public_key.encrypt(header, {}, message));
  KW_TRY(const Envelope envelope, parse_envelope(sealed));
  const auto opened = private_key.decrypt(envelope, {});
  if (!opened.has_value() || !same_bytes(opened.value(), message)) return inconsistent();
  return ok();
}

Status check_pair(Algorithm algorithm, const Material& material) {
  if (!info(algorithm).asymmetric) return ok();
  KW_TRY(const KeyPtr private_key, load(algorithm, material.secret));
  KW_TRY(const KeyPtr public_key, load_public(algorithm, material.public_key));
  return allows(algorithm, Purpose::kSign) ? signs_consistently(*private_key, *public_key)
                                           : decrypts_consistently(*private_key, *public_key);
}

}  // namespace

Error decrypt_failed() {
  return error(Code::kInvalidArgument, "decrypt_failed", "the ciphertext cannot be decrypted");
}

Error plaintext_too_large() {
  return error(Code::kTooLarge, "plaintext_too_large", "the plaintext is too large for this key");
}

Error stored_key_broken() {
  return error(Code::kDataLoss, "bad_key", "the stored key material does not parse");
}

Error bad_key(std::string_view message) {
  return error(Code::kInvalidArgument, "bad_key", message);
}

Error weak_key(std::string_view message) {
  return error(Code::kInvalidArgument, "weak_key", message);
}

Result<Material> generate(Algorithm algorithm) {
  if (!available(algorithm)) return unavailable_algorithm();
  KW_TRY(Material material, family_of(algorithm).generate(algorithm));
  KW_OK(check_pair(algorithm, material));
  return material;
}

Result<Material> check_import(Algorithm algorithm, const SecretBytes& secret) {
  if (!available(algorithm)) return unavailable_algorithm();
  if (secret.size() > kKeyDerBytesMax)
    return bad_key("the key is longer than any key of this service");
  KW_TRY(Material material, family_of(algorithm).check_import(algorithm, secret));
  const Status consistent = check_pair(algorithm, material);
  if (!consistent.has_value() && consistent.error().reason == "secure_heap_full")
    return consistent.error();
  if (!consistent.has_value()) return bad_key("private and public key do not belong together");
  return material;
}

Result<KeyPtr> load(Algorithm algorithm, const SecretBytes& secret) {
  if (!available(algorithm)) return unavailable_algorithm();
  if (secret.size() > kKeyDerBytesMax) return stored_key_broken();
  return family_of(algorithm).load(algorithm, secret);
}

Result<KeyPtr> load_public(Algorithm algorithm, ByteView subject_public_key_info) {
  const Family& family = family_of(algorithm);
  if (family.load_public == nullptr)
    return error(Code::kInvalidArgument, "unsupported_operation",
                 "a symmetric key has no public half");
  if (!available(algorithm)) return unavailable_algorithm();
  if (subject_public_key_info.size() > kKeyDerBytesMax) return stored_key_broken();
  return family.load_public(algorithm, subject_public_key_info);
}

Error Key::unsupported() const {
  return error(Code::kInvalidArgument, "unsupported_operation",
               "this key's algorithm does not have this operation");
}

Result<Bytes> Key::encrypt(EnvelopeHeader, ByteView, ByteView) const {
  return unsupported();
}
Result<WipedBytes> Key::decrypt(const Envelope&, ByteView) const {
  return unsupported();
}
Result<SecretBytes> Key::unwrap_raw(ByteView) const {
  return unsupported();
}
Result<Bytes> Key::wrap_raw(const SecretBytes&) const {
  return unsupported();
}
Result<Bytes> Key::sign(ByteView) const {
  return unsupported();
}
Result<bool> Key::verify(ByteView, ByteView) const {
  return unsupported();
}
Result<Bytes> Key::mac(ByteView) const {
  return unsupported();
}
Result<bool> Key::verify_mac(ByteView, ByteView) const {
  return unsupported();
}
Result<SecretBytes> Key::derive(ByteView, std::size_t) const {
  return unsupported();
}

}  // namespace kw::crypto
