// Inside this room only: owning pointers for OpenSSL objects and the algorithms fetched once per
// process.
//
// A fetched EVP object is an immutable description, shared by all threads. It is fetched at its
// first use and never freed: fetching by name for every message costs more than the message, and
// freeing at exit races with OpenSSL's own clean-up.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/decoder.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

#include "base/check.h"
#include "crypto/digest.h"

namespace kw::crypto {

template <auto Free>
struct Releaser {
  template <typename T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

using PkeyPtr = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Releaser<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Releaser<EVP_MD_CTX_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Releaser<EVP_MAC_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Releaser<EVP_CIPHER_CTX_free>>;
using DecoderContext = std::unique_ptr<OSSL_DECODER_CTX, Releaser<OSSL_DECODER_CTX_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, Releaser<BN_clear_free>>;
using BignumContext = std::unique_ptr<BN_CTX, Releaser<BN_CTX_free>>;
using BioPtr = std::unique_ptr<BIO, Releaser<BIO_free_all>>;
using CertificatePtr = std::unique_ptr<X509, Releaser<X509_free>>;

/// The digest; SHA-2 is never absent (checked).
const EVP_MD* fetched_digest(Hash hash);
/// OpenSSL's name: "SHA256", "SHA384", "SHA512".
const char* digest_name(Hash hash);
std::size_t digest_size(Hash hash);

enum class Cipher : std::uint8_t {
  kAes256Gcm,
  kAes256Siv,
  kChaCha20Poly1305,
  kAes256Kw,
  kAes256Kwp
};
/// The cipher, or null when the library at hand lacks it.
const EVP_CIPHER* fetched_cipher(Cipher cipher);

/// A fresh HMAC context for `hash`, without key.
MacContext hmac_context(Hash hash);

/// One step of a started cipher; a null `out` feeds associated data. Empty parts are skipped: with
/// a null input OpenSSL would read "final". `in` has at most 1 GiB. Returns OpenSSL's code.
int feed_cipher(EVP_CIPHER_CTX* context, std::uint8_t* out, ByteView in);

/// For OpenSSL calls that fail only by a broken contract or without memory: the process must not go
/// on (M8).
inline void require(int return_code) {
  KW_CHECK(return_code == 1);
}

/// Compares tags and commitments without telling by time where they differ (CRYPTO_memcmp). Lengths
/// are public.
bool equal_tags(ByteView a, ByteView b);

/// Forgets OpenSSL's error queue of this thread, which otherwise grows and confuses TLS code later.
void forget_errors();

}  // namespace kw::crypto
