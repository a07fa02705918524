// ECDSA over P-256, P-384 and P-521 with the hash of equal strength; DER signatures. @source FIPS
// 186-5, 6.
#include <openssl/core_names.h>

#include <array>
#include <cstring>

#include "crypto/algorithms/family.h"
#include "crypto/algorithms/key_pair.h"
#include "crypto/algorithms/signature_key.h"

namespace kw::crypto {

namespace {

constexpr Purpose kPurposes[] = {Purpose::kSign};
constexpr AlgorithmInfo kRows[] = {
    {Algorithm::kEcdsaP256, "ecdsa-p256", kPurposes, true, 0, 0, true},
    {Algorithm::kEcdsaP384, "ecdsa-p384", kPurposes, true, 0, 0, true},
    {Algorithm::kEcdsaP521, "ecdsa-p521", kPurposes, true, 0, 0, true},
};

struct Curve {
  const char* group;
  Hash hash;
  int order_bits;
};

Curve curve_of(Algorithm algorithm) {
  if (algorithm == Algorithm::kEcdsaP256) return {"prime256v1", Hash::kSha256, 256};
  if (algorithm == Algorithm::kEcdsaP384) return {"secp384r1", Hash::kSha384, 384};
  return {"secp521r1", Hash::kSha512, 521};
}

SignatureScheme scheme_of(Algorithm algorithm) {
  return {digest_name(curve_of(algorithm).hash), RsaPadding::kNone};
}

// Explicit parameters that happen to equal the curve are refused too: they have hidden forged
// generators before (CVE-2020-0601).
bool on_named_curve(EVP_PKEY* key, Algorithm algorithm) {
  std::array<char, 64> group{};
  int explicit_parameters = 1;
  return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size(),
                                        nullptr) == 1 &&
         std::strcmp(group.data(), curve_of(algorithm).group) == 0 &&
         EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                &explicit_parameters) == 1 &&
         explicit_parameters == 0;
}

// A random private key is this small with probability 2^-64: it came from a broken generator or a
// counter.
bool tiny_private_key(EVP_PKEY* key, Algorithm algorithm) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &raw) != 1) return true;
  const BignumPtr d(raw);
  return BN_num_bits(d.get()) <= curve_of(algorithm).order_bits - 64;
}

bool complete_check(EVP_PKEY* key) {
  const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  const bool sound = context != nullptr && EVP_PKEY_check(context.get()) == 1;
  forget_errors();
  return sound;
}

bool has(Algorithm) {
  static const bool known = key_type_available("EC");
  return known;
}

Result<Material> make(Algorithm algorithm) {
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                       const_cast<char*>(curve_of(algorithm).group), 0),
      OSSL_PARAM_construct_end()};
  KW_TRY(const PkeyPtr pair, generate_pair("EC", params));
  return encode_pair(pair.get());
}

Result<Material> check(Algorithm algorithm, const SecretBytes& secret) {
  const PkeyPtr pair = parse_private(secret, "EC");
  if (pair == nullptr) return bad_key("not an elliptic curve key as PKCS#8 DER");
  if (!on_named_curve(pair.get(), algorithm))
    return bad_key("the key is not on the named curve of this algorithm");
  if (tiny_private_key(pair.get(), algorithm))
    return weak_key("the private key is far smaller than a random one");
  if (!complete_check(pair.get()))
    return bad_key("the key does not satisfy the checks of SP 800-56A");
  return encode_pair(pair.get());
}

Result<KeyPtr> open(Algorithm algorithm, const SecretBytes& secret) {
  PkeyPtr pair = parse_private(secret, "EC");
  if (pair == nullptr) return private_load_failed();
  if (!on_named_curve(pair.get(), algorithm)) return stored_key_broken();
  return signature_key(algorithm, std::move(pair), Half::kPrivate, scheme_of(algorithm));
}

Result<KeyPtr> open_public(Algorithm algorithm, ByteView spki) {
  PkeyPtr key = parse_public(spki, "EC");
  if (key == nullptr || !on_named_curve(key.get(), algorithm)) return stored_key_broken();
  return signature_key(algorithm, std::move(key), Half::kPublic, scheme_of(algorithm));
}

}  // namespace

const Family& ecdsa_family() {
  static constexpr Family kFamily{kRows, has, make, check, open, open_public};
  return kFamily;
}

}  // namespace kw::crypto
