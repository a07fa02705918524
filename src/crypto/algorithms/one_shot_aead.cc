#include "crypto/algorithms/one_shot_aead.h"

#include <algorithm>
#include <array>

#include "base/reveal.h"
#include "crypto/limits.h"
#include "crypto/random.h"

namespace kw::crypto {

namespace {

CipherContext start(const EVP_CIPHER* cipher, ByteView key, ByteView nonce, int encrypt) {
  KW_CHECK(cipher != nullptr && key.size() == 32 && nonce.size() == kNonceBytes);
  CipherContext context(EVP_CIPHER_CTX_new());
  KW_CHECK(context != nullptr);
  require(EVP_CipherInit_ex2(context.get(), cipher, key.data(), nonce.data(), encrypt, nullptr));
  return context;
}

class OneShotKey final : public Key {
 public:
  OneShotKey(Algorithm algorithm, const EVP_CIPHER* cipher, const SecretBytes& secret)
      : algorithm_(algorithm),
        suite_(info(algorithm).suite),
        cipher_(cipher),
        secret_(secret.clone()) {}

  Algorithm algorithm() const override { return algorithm_; }

  Result<Bytes> encrypt(EnvelopeHeader header, ByteView aad, ByteView plaintext) const override {
    if (std::max(plaintext.size(), aad.size()) > kPlaintextBytesMax) return plaintext_too_large();
    header.suite = suite_;
    Bytes out = encode_header(header);
    out.resize(kEnvelopeHeaderBytes + kNonceBytes + plaintext.size() + kTagBytes);
    const auto all = std::span(out);
    const auto nonce = all.subspan(kEnvelopeHeaderBytes, kNonceBytes);
    random_public(nonce);
    aead_seal(cipher_, secret_.reveal(Reveal{}), nonce, {all.first(kEnvelopeHeaderBytes), aad},
              plaintext, all.subspan(kEnvelopeHeaderBytes + kNonceBytes));
    return out;
  }

  Result<WipedBytes> decrypt(const Envelope& envelope, ByteView aad) const override {
    if (envelope.header.suite != suite_ || envelope.body.size() < kNonceBytes + kTagBytes)
      return decrypt_failed();
    return aead_open(cipher_, secret_.reveal(Reveal{}), envelope.body.first(kNonceBytes),
                     {envelope.header_bytes, aad}, envelope.body.subspan(kNonceBytes));
  }

 private:
  Algorithm algorithm_;
  std::uint16_t suite_;
  const EVP_CIPHER* cipher_;
  SecretBytes secret_;
};

}  // namespace

void aead_seal(const EVP_CIPHER* cipher, ByteView key, ByteView nonce,
               std::initializer_list<ByteView> aad, ByteView plaintext,
               std::span<std::uint8_t> out) {
  KW_CHECK(out.size() == plaintext.size() + kTagBytes && plaintext.size() <= kPlaintextBytesMax);
  const CipherContext context = start(cipher, key, nonce, 1);
  for (const ByteView part : aad) require(feed_cipher(context.get(), nullptr, part));
  require(feed_cipher(context.get(), out.data(), plaintext));
  std::uint8_t* tag = out.data() + plaintext.size();
  int written = 0;
  require(EVP_CipherFinal_ex(context.get(), tag, &written));
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag));
}

Result<WipedBytes> aead_open(const EVP_CIPHER* cipher, ByteView key, ByteView nonce,
                             std::initializer_list<ByteView> aad, ByteView sealed) {
  if (sealed.size() < kTagBytes || sealed.size() - kTagBytes > kPlaintextBytesMax)
    return decrypt_failed();
  for (const ByteView part : aad)
    if (part.size() > kPlaintextBytesMax) return decrypt_failed();
  const CipherContext context = start(cipher, key, nonce, 0);
  std::array<std::uint8_t, kTagBytes> tag;
  std::copy_n(sealed.last(kTagBytes).begin(), kTagBytes, tag.begin());
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()));
  for (const ByteView part : aad) require(feed_cipher(context.get(), nullptr, part));
  WipedBytes plaintext(sealed.size() - kTagBytes);
  require(feed_cipher(context.get(), plaintext.data(), sealed.first(plaintext.size())));
  int written = 0;
  if (EVP_CipherFinal_ex(context.get(), tag.data(), &written) == 1) return plaintext;
  forget_errors();
  return decrypt_failed();
}

KeyPtr one_shot_key(Algorithm algorithm, Cipher cipher, const SecretBytes& secret) {
  return std::make_shared<OneShotKey>(algorithm, fetched_cipher(cipher), secret);
}

}  // namespace kw::crypto
