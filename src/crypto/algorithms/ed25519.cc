// Ed25519 (pure EdDSA). @source RFC 8032, FIPS 186-5, 7.
#include <array>

#include "base/reveal.h"
#include "crypto/algorithms/family.h"
#include "crypto/algorithms/key_pair.h"
#include "crypto/algorithms/signature_key.h"
#include "crypto/algorithms/symmetric_material.h"

namespace kw::crypto {

namespace {

constexpr const char* kType = "ED25519";
constexpr std::size_t kSeedBytes = 32;
constexpr Purpose kPurposes[] = {Purpose::kSign};
constexpr AlgorithmInfo kRows[] = {
    {Algorithm::kEd25519, "ed25519", kPurposes, true, 0, 0, true},
};

bool has(Algorithm) {
  static const bool known = key_type_available(kType);
  return known;
}

Result<Material> make(Algorithm) {
  KW_TRY(const PkeyPtr pair, generate_pair(kType, nullptr));
  return encode_pair(pair.get());
}

Result<Material> check(Algorithm, const SecretBytes& secret) {
  const PkeyPtr pair = parse_private(secret, kType);
  if (pair == nullptr) return bad_key("not an Ed25519 key as PKCS#8 DER");
  SecretBytes seed(kSeedBytes);
  std::size_t size = seed.size();
  require(EVP_PKEY_get_raw_private_key(pair.get(), seed.reveal_mutable(Reveal{}).data(), &size));
  KW_OK(check_raw_key(seed, {kSeedBytes, kSeedBytes}));
  return encode_pair(pair.get());
}

Result<KeyPtr> open(Algorithm algorithm, const SecretBytes& secret) {
  PkeyPtr pair = parse_private(secret, kType);
  if (pair == nullptr) return private_load_failed();
  return signature_key(algorithm, std::move(pair), Half::kPrivate, {});
}

Result<KeyPtr> open_public(Algorithm algorithm, ByteView spki) {
  PkeyPtr key = parse_public(spki, kType);
  if (key == nullptr) return stored_key_broken();
  return signature_key(algorithm, std::move(key), Half::kPublic, {});
}

}  // namespace

const Family& ed25519_family() {
  static constexpr Family kFamily{kRows, has, make, check, open, open_public};
  return kFamily;
}

}  // namespace kw::crypto
