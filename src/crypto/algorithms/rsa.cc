// RSA of 3072 and 4096 bits: OAEP encryption (no PKCS#1 v1.5 decryption anywhere), PSS and PKCS#1
// v1.5 signatures, all with SHA-256. @source RFC 8017, FIPS 186-5, SP 800-56B Rev. 2.
#include <openssl/core_names.h>

#include "crypto/algorithms/family.h"
#include "crypto/algorithms/key_pair.h"
#include "crypto/algorithms/rsa_oaep.h"
#include "crypto/algorithms/rsa_strength.h"
#include "crypto/algorithms/signature_key.h"

namespace kw::crypto {

namespace {

constexpr Purpose kEncrypts[] = {Purpose::kEncrypt, Purpose::kWrap};
constexpr Purpose kSigns[] = {Purpose::kSign};
constexpr AlgorithmInfo kRows[] = {
    {Algorithm::kRsa3072Oaep, "rsa-3072-oaep-sha256", kEncrypts, true, 0x0301, 0, true},
    {Algorithm::kRsa4096Oaep, "rsa-4096-oaep-sha256", kEncrypts, true, 0x0301, 0, true},
    {Algorithm::kRsa3072Pss, "rsa-3072-pss-sha256", kSigns, true, 0, 0, true},
    {Algorithm::kRsa4096Pss, "rsa-4096-pss-sha256", kSigns, true, 0, 0, true},
    {Algorithm::kRsa3072Pkcs1, "rsa-3072-pkcs1-sha256", kSigns, true, 0, 0, true},
    {Algorithm::kRsa4096Pkcs1, "rsa-4096-pkcs1-sha256", kSigns, true, 0, 0, true},
};

constexpr int kPublicExponentBitsMax = 256;  // FIPS 186-5, A.1.1

struct Form {
  unsigned bits;
  RsaPadding signature;  ///< kNone: encrypts
};

Form form_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kRsa3072Pss:
      return {3072, RsaPadding::kPss};
    case Algorithm::kRsa4096Pss:
      return {4096, RsaPadding::kPss};
    case Algorithm::kRsa3072Pkcs1:
      return {3072, RsaPadding::kPkcs1};
    case Algorithm::kRsa4096Pkcs1:
      return {4096, RsaPadding::kPkcs1};
    case Algorithm::kRsa4096Oaep:
      return {4096, RsaPadding::kNone};
    default:
      return {3072, RsaPadding::kNone};
  }
}

BignumPtr number(EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) forget_errors();
  return BignumPtr(raw);
}

bool has_modulus_size(EVP_PKEY* key, Algorithm algorithm) {
  return EVP_PKEY_get_bits(key) == static_cast<int>(form_of(algorithm).bits);
}

KeyPtr loaded(Algorithm algorithm, PkeyPtr key, Half half) {
  const RsaPadding padding = form_of(algorithm).signature;
  if (padding == RsaPadding::kNone) return oaep_key(algorithm, std::move(key), half);
  return signature_key(algorithm, std::move(key), half, {digest_name(Hash::kSha256), padding});
}

Status check_modulus(EVP_PKEY* pair) {
  const BignumPtr n = number(pair, OSSL_PKEY_PARAM_RSA_N);
  const BignumPtr e = number(pair, OSSL_PKEY_PARAM_RSA_E);
  if (n == nullptr || e == nullptr) return bad_key("modulus or exponent is missing");
  if (!BN_is_odd(e.get()) || BN_num_bits(e.get()) > kPublicExponentBitsMax ||
      (BN_num_bits(e.get()) <= 16))
    return weak_key("the public exponent must be odd, at least 65537 and below 2^256");
  if (has_small_factor(n.get())) return weak_key("the modulus has a small factor");
  if (has_roca_fingerprint(n.get()))
    return weak_key("the modulus was made by a generator with the ROCA flaw");
  if (falls_to_fermat(n.get())) return weak_key("the factors of the modulus are too close");
  return ok();
}

bool complete_check(EVP_PKEY* pair) {
  const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, pair, nullptr));
  const bool sound = context != nullptr && EVP_PKEY_check(context.get()) == 1;
  forget_errors();
  return sound;
}

bool has(Algorithm) {
  static const bool known = key_type_available("RSA");
  return known;
}

Result<Material> make(Algorithm algorithm) {
  unsigned bits = form_of(algorithm).bits;
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_BITS, &bits),
                               OSSL_PARAM_construct_end()};
  KW_TRY(const PkeyPtr pair, generate_pair("RSA", params));
  return encode_pair(pair.get());
}

Result<Material> check(Algorithm algorithm, const SecretBytes& secret) {
  const PkeyPtr pair = parse_private(secret, "RSA");
  if (pair == nullptr) return bad_key("not an RSA key as PKCS#8 DER");
  if (!has_modulus_size(pair.get(), algorithm))
    return bad_key("the modulus has not the size of this algorithm");
  if (number(pair.get(), OSSL_PKEY_PARAM_RSA_FACTOR2) == nullptr ||
      number(pair.get(), OSSL_PKEY_PARAM_RSA_FACTOR3) != nullptr)
    return bad_key("an RSA key must come with exactly two primes");
  KW_OK(check_modulus(pair.get()));
  if (!complete_check(pair.get())) return bad_key("the parts of the RSA key do not fit together");
  return encode_pair(pair.get());
}

Result<KeyPtr> open(Algorithm algorithm, const SecretBytes& secret) {
  PkeyPtr pair = parse_private(secret, "RSA");
  if (pair == nullptr) return private_load_failed();
  if (!has_modulus_size(pair.get(), algorithm)) return stored_key_broken();
  return loaded(algorithm, std::move(pair), Half::kPrivate);
}

Result<KeyPtr> open_public(Algorithm algorithm, ByteView spki) {
  PkeyPtr key = parse_public(spki, "RSA");
  if (key == nullptr || !has_modulus_size(key.get(), algorithm)) return stored_key_broken();
  return loaded(algorithm, std::move(key), Half::kPublic);
}

}  // namespace

const Family& rsa_family() {
  static constexpr Family kFamily{kRows, has, make, check, open, open_public};
  return kFamily;
}

}  // namespace kw::crypto
