// Suite 0x0301: a small message under a public key; the header and the associated data are bound by
// the OAEP label.
#include "crypto/algorithms/rsa_oaep.h"

#include <openssl/rsa.h>

#include "base/reveal.h"
#include "crypto/limits.h"

namespace kw::crypto {

namespace {

constexpr std::uint16_t kSuite = 0x0301;
constexpr std::size_t kOaepOverhead =
    2 * 32 + 2;  // RFC 8017, 7.1.1: message length <= k - 2 hLen - 2

using Start = int (*)(EVP_PKEY_CTX*);

PkeyContext start(EVP_PKEY* key, ByteView label, Start start_operation) {
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  KW_CHECK(context != nullptr);
  require(start_operation(context.get()));
  require(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING));
  require(EVP_PKEY_CTX_set_rsa_oaep_md_name(context.get(), digest_name(Hash::kSha256), nullptr));
  require(EVP_PKEY_CTX_set_rsa_mgf1_md_name(context.get(), digest_name(Hash::kSha256), nullptr));
  if (label.empty()) return context;
  // The context owns and frees its label, so it gets a copy.
  void* owned = OPENSSL_memdup(label.data(), label.size());
  KW_CHECK(owned != nullptr);
  require(EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), owned, static_cast<int>(label.size())));
  return context;
}

class OaepKey final : public Key {
 public:
  OaepKey(Algorithm algorithm, PkeyPtr key, Half half)
      : algorithm_(algorithm), key_(std::move(key)), half_(half) {}

  Algorithm algorithm() const override { return algorithm_; }

  Result<Bytes> encrypt(EnvelopeHeader header, ByteView aad, ByteView plaintext) const override {
    header.suite = kSuite;
    Bytes out = encode_header(header);
    KW_TRY(const Bytes sealed, oaep_seal(key_.get(), sha256({ByteView(out), aad}), plaintext));
    out.insert(out.end(), sealed.begin(), sealed.end());
    return out;
  }

  Result<WipedBytes> decrypt(const Envelope& envelope, ByteView aad) const override {
    if (half_ == Half::kPublic) return unsupported();
    if (envelope.header.suite != kSuite) return decrypt_failed();
    KW_TRY(const SecretBytes opened,
           oaep_open(key_.get(), sha256({envelope.header_bytes, aad}), envelope.body));
    const ByteView bytes = opened.reveal(Reveal{});
    return WipedBytes(bytes.begin(), bytes.end());
  }

  Result<SecretBytes> unwrap_raw(ByteView ciphertext) const override {
    if (half_ == Half::kPublic) return unsupported();
    return oaep_open(key_.get(), {}, ciphertext);
  }

  Result<Bytes> wrap_raw(const SecretBytes& secret) const override {
    return oaep_seal(key_.get(), {}, secret.reveal(Reveal{}));
  }

 private:
  Algorithm algorithm_;
  PkeyPtr key_;
  Half half_;
};

}  // namespace

Result<Bytes> oaep_seal(EVP_PKEY* key, ByteView label, ByteView plaintext) {
  const auto modulus_size = static_cast<std::size_t>(EVP_PKEY_get_size(key));
  if (plaintext.size() > modulus_size - kOaepOverhead) return plaintext_too_large();
  const PkeyContext context = start(key, label, EVP_PKEY_encrypt_init);
  Bytes out(modulus_size);
  std::size_t size = out.size();
  static constexpr std::uint8_t kNothing = 0;
  require(EVP_PKEY_encrypt(context.get(), out.data(), &size,
                           plaintext.empty() ? &kNothing : plaintext.data(), plaintext.size()));
  KW_CHECK(size == modulus_size);
  return out;
}

Result<SecretBytes> oaep_open(EVP_PKEY* key, ByteView label, ByteView ciphertext) {
  const auto modulus_size = static_cast<std::size_t>(EVP_PKEY_get_size(key));
  if (ciphertext.size() != modulus_size) return decrypt_failed();
  const PkeyContext context = start(key, label, EVP_PKEY_decrypt_init);
  SecretBytes out(modulus_size);
  std::size_t size = out.size();
  if (EVP_PKEY_decrypt(context.get(), out.reveal_mutable(Reveal{}).data(), &size, ciphertext.data(),
                       ciphertext.size()) != 1) {
    forget_errors();
    return decrypt_failed();
  }
  out.shrink(size);
  return out;
}

KeyPtr oaep_key(Algorithm algorithm, PkeyPtr key, Half half) {
  return std::make_shared<OaepKey>(algorithm, std::move(key), half);
}

}  // namespace kw::crypto
