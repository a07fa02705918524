// ChaCha20-Poly1305: suite 0x0104, for machines without AES instructions. Not FIPS approved.
// @source RFC 8439.
#include "crypto/algorithms/family.h"
#include "crypto/algorithms/one_shot_aead.h"
#include "crypto/algorithms/symmetric_material.h"

namespace kw::crypto {

namespace {

constexpr KeySizes kSizes{32, 32};
constexpr Purpose kPurposes[] = {Purpose::kEncrypt};
constexpr AlgorithmInfo kRows[] = {
    {Algorithm::kChaCha20Poly1305, "chacha20-poly1305", kPurposes, false, 0x0104,
     kRandomNonceMessagesMax, false},
};

bool has(Algorithm) {
  return fetched_cipher(Cipher::kChaCha20Poly1305) != nullptr;
}

Result<Material> make(Algorithm) {
  return random_material(kSizes.least);
}

Result<Material> check(Algorithm, const SecretBytes& secret) {
  return check_raw_key(secret, kSizes);
}

Result<KeyPtr> open(Algorithm algorithm, const SecretBytes& secret) {
  KW_OK(check_stored_size(secret, kSizes));
  return one_shot_key(algorithm, Cipher::kChaCha20Poly1305, secret);
}

}  // namespace

const Family& chacha20_poly1305_family() {
  static constexpr Family kFamily{kRows, has, make, check, open, nullptr};
  return kFamily;
}

}  // namespace kw::crypto
