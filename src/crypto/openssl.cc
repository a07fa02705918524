#include "crypto/openssl.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include <array>

namespace kw::crypto {

namespace {

constexpr std::array<const char*, 3> kDigestNames = {"SHA256", "SHA384", "SHA512"};
constexpr std::array<std::size_t, 3> kDigestSizes = {32, 48, 64};
constexpr std::array<const char*, 5> kCipherNames = {
    "AES-256-GCM", "AES-256-SIV", "ChaCha20-Poly1305", "AES-256-WRAP", "AES-256-WRAP-PAD"};

std::array<const EVP_MD*, 3> fetch_digests() {
  std::array<const EVP_MD*, 3> fetched{};
  for (std::size_t i = 0; i < fetched.size(); ++i) {
    fetched[i] = EVP_MD_fetch(nullptr, kDigestNames[i], nullptr);
    KW_CHECK(fetched[i] != nullptr);
  }
  return fetched;
}

std::array<const EVP_CIPHER*, 5> fetch_ciphers() {
  std::array<const EVP_CIPHER*, 5> fetched{};
  for (std::size_t i = 0; i < fetched.size(); ++i)
    fetched[i] = EVP_CIPHER_fetch(nullptr, kCipherNames[i], nullptr);
  forget_errors();
  return fetched;
}

// Templates hold the digest but no key; duplicating one is a third cheaper than naming the digest
// again.
std::array<const EVP_MAC_CTX*, 3> prepare_hmac() {
  EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  KW_CHECK(hmac != nullptr);
  std::array<const EVP_MAC_CTX*, 3> prepared{};
  for (std::size_t i = 0; i < prepared.size(); ++i) {
    EVP_MAC_CTX* context = EVP_MAC_CTX_new(hmac);
    KW_CHECK(context != nullptr);
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(
                                     OSSL_MAC_PARAM_DIGEST, const_cast<char*>(kDigestNames[i]), 0),
                                 OSSL_PARAM_construct_end()};
    require(EVP_MAC_CTX_set_params(context, params));
    prepared[i] = context;
  }
  return prepared;
}

}  // namespace

const EVP_MD* fetched_digest(Hash hash) {
  static const auto fetched = fetch_digests();
  return fetched[static_cast<std::size_t>(hash)];
}

const char* digest_name(Hash hash) {
  return kDigestNames[static_cast<std::size_t>(hash)];
}

std::size_t digest_size(Hash hash) {
  return kDigestSizes[static_cast<std::size_t>(hash)];
}

const EVP_CIPHER* fetched_cipher(Cipher cipher) {
  static const auto fetched = fetch_ciphers();
  return fetched[static_cast<std::size_t>(cipher)];
}

MacContext hmac_context(Hash hash) {
  static const auto prepared = prepare_hmac();
  MacContext context(EVP_MAC_CTX_dup(prepared[static_cast<std::size_t>(hash)]));
  KW_CHECK(context != nullptr);
  return context;
}

int feed_cipher(EVP_CIPHER_CTX* context, std::uint8_t* out, ByteView in) {
  if (in.empty()) return 1;
  int written = 0;
  return EVP_CipherUpdate(context, out, &written, in.data(), static_cast<int>(in.size()));
}

bool equal_tags(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void forget_errors() {
  ERR_clear_error();
}

}  // namespace kw::crypto
