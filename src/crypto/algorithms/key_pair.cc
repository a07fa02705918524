#include "crypto/algorithms/key_pair.h"

#include <openssl/crypto.h>

#include "base/reveal.h"
#include "crypto/algorithms/family.h"
#include "crypto/secure_heap.h"

namespace kw::crypto {

namespace {

using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Releaser<PKCS8_PRIV_KEY_INFO_free>>;

PkeyPtr decode(ByteView der, const char* structure, const char* type, int selection) {
  EVP_PKEY* raw = nullptr;
  const DecoderContext context(
      OSSL_DECODER_CTX_new_for_pkey(&raw, "DER", structure, type, selection, nullptr, nullptr));
  KW_CHECK(context != nullptr);
  const unsigned char* at = der.data();
  std::size_t left = der.size();
  const int decoded = OSSL_DECODER_from_data(context.get(), &at, &left);
  PkeyPtr key(raw);
  forget_errors();
  if (decoded != 1 || key == nullptr || left != 0 || EVP_PKEY_is_a(key.get(), type) != 1)
    return nullptr;
  return key;
}

}  // namespace

Result<PkeyPtr> generate_pair(const char* type, const OSSL_PARAM* params) {
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  KW_CHECK(context != nullptr);
  require(EVP_PKEY_keygen_init(context.get()));
  if (params != nullptr) require(EVP_PKEY_CTX_set_params(context.get(), params));
  EVP_PKEY* raw = nullptr;
  const int generated = EVP_PKEY_generate(context.get(), &raw);
  PkeyPtr pair(raw);
  if (generated == 1) return pair;
  forget_errors();
  return error(Code::kInternal, "key_generation_failed", "the cryptographic library made no key");
}

PkeyPtr parse_private(const SecretBytes& pkcs8, const char* type) {
  return decode(pkcs8.reveal(Reveal{}), "PrivateKeyInfo", type, EVP_PKEY_KEYPAIR);
}

PkeyPtr parse_public(ByteView spki, const char* type) {
  return decode(spki, "SubjectPublicKeyInfo", type, EVP_PKEY_PUBLIC_KEY);
}

Bytes encode_public(EVP_PKEY* pair) {
  const int size = i2d_PUBKEY(pair, nullptr);
  KW_CHECK(size > 0);
  Bytes out(static_cast<std::size_t>(size));
  unsigned char* at = out.data();
  KW_CHECK(i2d_PUBKEY(pair, &at) == size);
  return out;
}

Material encode_pair(EVP_PKEY* pair) {
  const Pkcs8Ptr pkcs8(EVP_PKEY2PKCS8(pair));
  KW_CHECK(pkcs8 != nullptr);
  const int size = i2d_PKCS8_PRIV_KEY_INFO(pkcs8.get(), nullptr);
  KW_CHECK(size > 0);
  Material material{SecretBytes(static_cast<std::size_t>(size)), encode_public(pair)};
  unsigned char* at = material.secret.reveal_mutable(Reveal{}).data();
  KW_CHECK(i2d_PKCS8_PRIV_KEY_INFO(pkcs8.get(), &at) == size);
  return material;
}

bool key_type_available(const char* type) {
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  const bool known = context != nullptr && EVP_PKEY_keygen_init(context.get()) == 1;
  forget_errors();
  return known;
}

Error private_load_failed() {
  if (secure_heap_full())
    return error(Code::kResourceExhausted, "secure_heap_full",
                 "too many private keys are loaded at once; the secure heap has no room");
  return stored_key_broken();
}

}  // namespace kw::crypto
