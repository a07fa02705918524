#include "crypto/aead.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>

#include "base/reveal.h"
#include "crypto/limits.h"
#include "crypto/openssl.h"

namespace kw::crypto {

namespace {

constexpr std::size_t kKeyBytes = 32;

using TagParams = std::array<OSSL_PARAM, 2>;

// Handed over directly: the older calls for tags build the same list on a longer way.
TagParams tag_params(std::uint8_t* tag) {
  return {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, kGcmTagBytes),
          OSSL_PARAM_construct_end()};
}

}  // namespace

struct Aes256Gcm::State {
  CipherContext context{EVP_CIPHER_CTX_new()};
};

Aes256Gcm::Aes256Gcm(const SecretBytes& key) : Aes256Gcm(key.reveal(Reveal{})) {}

Aes256Gcm::Aes256Gcm(ByteView key) : state_(std::make_unique<State>()) {
  KW_CHECK(key.size() == kKeyBytes && state_->context != nullptr);
  const EVP_CIPHER* cipher = fetched_cipher(Cipher::kAes256Gcm);
  KW_CHECK(cipher != nullptr);
  require(EVP_CipherInit_ex2(state_->context.get(), cipher, key.data(), nullptr, 1, nullptr));
}

Aes256Gcm::Aes256Gcm(Aes256Gcm&&) noexcept = default;
Aes256Gcm& Aes256Gcm::operator=(Aes256Gcm&&) noexcept = default;
Aes256Gcm::~Aes256Gcm() = default;

void Aes256Gcm::seal(const GcmNonce& nonce, ByteView aad, ByteView plaintext,
                     std::span<std::uint8_t> out) {
  KW_CHECK(plaintext.size() <= kPlaintextBytesMax && aad.size() <= kPlaintextBytesMax);
  KW_CHECK(out.size() == plaintext.size() + kGcmTagBytes);
  EVP_CIPHER_CTX* context = state_->context.get();
  require(EVP_CipherInit_ex2(context, nullptr, nullptr, nonce.data(), 1, nullptr));
  require(feed_cipher(context, nullptr, aad));
  require(feed_cipher(context, out.data(), plaintext));
  std::uint8_t* tag = out.data() + plaintext.size();
  int written = 0;
  require(EVP_CipherFinal_ex(context, tag, &written));
  TagParams params = tag_params(tag);
  require(EVP_CIPHER_CTX_get_params(context, params.data()));
}

Status Aes256Gcm::open(const GcmNonce& nonce, ByteView aad, ByteView sealed,
                       std::span<std::uint8_t> out) {
  if (sealed.size() < kGcmTagBytes || sealed.size() - kGcmTagBytes > kPlaintextBytesMax ||
      aad.size() > kPlaintextBytesMax)
    return decrypt_failed();
  const std::size_t size = sealed.size() - kGcmTagBytes;
  KW_CHECK(out.size() == size);
  std::array<std::uint8_t, kGcmTagBytes> tag;
  std::copy_n(sealed.begin() + static_cast<std::ptrdiff_t>(size), kGcmTagBytes, tag.begin());
  EVP_CIPHER_CTX* context = state_->context.get();
  const TagParams params = tag_params(tag.data());
  require(EVP_CipherInit_ex2(context, nullptr, nullptr, nonce.data(), 0, params.data()));
  require(feed_cipher(context, nullptr, aad));
  require(feed_cipher(context, out.data(), sealed.first(size)));
  int written = 0;
  if (EVP_CipherFinal_ex(context, tag.data(), &written) == 1) return ok();
  wipe(out.data(), out.size());
  forget_errors();
  return decrypt_failed();
}

}  // namespace kw::crypto
