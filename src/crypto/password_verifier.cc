#include "crypto/password_verifier.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>

#include "crypto/digest.h"
#include "crypto/openssl.h"

namespace kw::crypto {

namespace {

constexpr unsigned kScramIterationsMin = 4096;

using Kdf = std::unique_ptr<EVP_KDF, Releaser<EVP_KDF_free>>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, Releaser<EVP_KDF_CTX_free>>;

SecretBytes pbkdf2_sha256(ByteView password, ByteView salt, unsigned iterations) {
  const Kdf kdf(EVP_KDF_fetch(nullptr, "PBKDF2", nullptr));
  KW_CHECK(kdf != nullptr);
  const KdfContext context(EVP_KDF_CTX_new(kdf.get()));
  KW_CHECK(context != nullptr);
  // Without this check a short password would be refused: it is the foreign system's to judge.
  int no_lower_bounds = 1;
  auto* const password_bytes = const_cast<std::uint8_t*>(password.data());
  auto* const salt_bytes = const_cast<std::uint8_t*>(salt.data());
  char name[] = "SHA256";
  const std::array<OSSL_PARAM, 6> params{
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, password_bytes, password.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt_bytes, salt.size()),
      OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &iterations),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, name, 0),
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &no_lower_bounds),
      OSSL_PARAM_construct_end()};
  SecretBytes derived(32);
  const auto out = derived.reveal_mutable(Reveal{});
  require(EVP_KDF_derive(context.get(), out.data(), out.size(), params.data()));
  return derived;
}

std::string base64(ByteView bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                  static_cast<int>(bytes.size()));
  return text;
}

std::string hex(ByteView bytes, const char* digits) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

using Digest160 = std::array<std::uint8_t, 20>;

// SHA-1 is not among the digests of the house: only this verifier needs it.
Digest160 sha1(ByteView bytes) {
  using Digest = std::unique_ptr<EVP_MD, Releaser<EVP_MD_free>>;
  const Digest sha1(EVP_MD_fetch(nullptr, "SHA1", nullptr));
  const DigestContext context(EVP_MD_CTX_new());
  KW_CHECK(sha1 != nullptr && context != nullptr);
  Digest160 out;
  require(EVP_DigestInit_ex2(context.get(), sha1.get(), nullptr));
  require(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()));
  require(EVP_DigestFinal_ex(context.get(), out.data(), nullptr));
  return out;
}

}  // namespace

bool is_printable_ascii(const SecretBytes& password) {
  const ByteView bytes = password.reveal(Reveal{});
  return std::all_of(bytes.begin(), bytes.end(),
                     [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7F; });
}

std::string scram_sha256_verifier(const SecretBytes& password, ByteView salt, unsigned iterations) {
  KW_CHECK(is_printable_ascii(password) && iterations >= kScramIterationsMin);
  const SecretBytes salted = pbkdf2_sha256(password.reveal(Reveal{}), salt, iterations);
  Digest256 client_key = hmac_sha256(salted, as_bytes("Client Key"));
  const Digest256 stored_key = sha256(client_key);
  const Digest256 server_key = hmac_sha256(salted, as_bytes("Server Key"));
  wipe(client_key.data(), client_key.size());
  return "SCRAM-SHA-256$" + std::to_string(iterations) + ":" + base64(salt) + "$" +
         base64(stored_key) + ":" + base64(server_key);
}

std::string mysql_native_verifier(const SecretBytes& password) {
  Digest160 once = sha1(password.reveal(Reveal{}));
  const Digest160 twice = sha1(once);
  // Who has the first hash can log in.
  wipe(once.data(), once.size());
  return "*" + hex(twice, "0123456789ABCDEF");
}

std::string sha256_verifier(const SecretBytes& password) {
  return hex(sha256(password.reveal(Reveal{})), "0123456789abcdef");
}

Bytes salted_sha256_verifier(const SecretBytes& password, ByteView salt) {
  KW_CHECK(salt.size() == 4);
  const Digest256 hash = sha256({salt, password.reveal(Reveal{})});
  return ByteWriter().raw(salt).raw(hash).bytes();
}

}  // namespace kw::crypto
