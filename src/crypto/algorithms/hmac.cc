// HMAC with SHA-256, SHA-384 and SHA-512, full tags. @source FIPS 198-1.
#include <array>

#include "crypto/algorithms/family.h"
#include "crypto/algorithms/symmetric_material.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"

namespace kw::crypto {

namespace {

constexpr std::size_t kKeyBytesMax = 128;
constexpr Purpose kPurposes[] = {Purpose::kMac};
constexpr AlgorithmInfo kRows[] = {
    {Algorithm::kHmacSha256, "hmac-sha256", kPurposes, false, 0, 0, true},
    {Algorithm::kHmacSha384, "hmac-sha384", kPurposes, false, 0, 0, true},
    {Algorithm::kHmacSha512, "hmac-sha512", kPurposes, false, 0, 0, true},
};

Hash hash_of(Algorithm algorithm) {
  if (algorithm == Algorithm::kHmacSha256) return Hash::kSha256;
  return algorithm == Algorithm::kHmacSha384 ? Hash::kSha384 : Hash::kSha512;
}

// RFC 2104, 3: keys shorter than the hash output weaken the function; foreign keys may be longer.
KeySizes sizes_of(Algorithm algorithm) {
  return {digest_size(hash_of(algorithm)), kKeyBytesMax};
}

class HmacKey final : public Key {
 public:
  HmacKey(Algorithm algorithm, const SecretBytes& secret)
      : algorithm_(algorithm), secret_(secret.clone()) {}

  Algorithm algorithm() const override { return algorithm_; }
  Result<Bytes> mac(ByteView message) const override {
    return hmac(hash_of(algorithm_), secret_, message);
  }
  Result<bool> verify_mac(ByteView message, ByteView tag) const override {
    return equal_tags(hmac(hash_of(algorithm_), secret_, message), tag);
  }

 private:
  Algorithm algorithm_;
  SecretBytes secret_;
};

bool has(Algorithm) {
  return true;
}

Result<Material> make(Algorithm algorithm) {
  return random_material(sizes_of(algorithm).least);
}

Result<Material> check(Algorithm algorithm, const SecretBytes& secret) {
  return check_raw_key(secret, sizes_of(algorithm));
}

Result<KeyPtr> open(Algorithm algorithm, const SecretBytes& secret) {
  KW_OK(check_stored_size(secret, sizes_of(algorithm)));
  return KeyPtr(std::make_shared<HmacKey>(algorithm, secret));
}

}  // namespace

const Family& hmac_family() {
  static constexpr Family kFamily{kRows, has, make, check, open, nullptr};
  return kFamily;
}

}  // namespace kw::crypto
