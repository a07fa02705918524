// Key derivation: HKDF-Expand from a uniformly random key version. @source RFC 5869, 2.3.
#include "base/reveal.h"
#include "crypto/algorithms/family.h"
#include "crypto/algorithms/symmetric_material.h"
#include "crypto/kdf.h"
#include "crypto/openssl.h"

namespace kw::crypto {

namespace {

constexpr std::string_view kLabel = "keywright/derive/v1";
constexpr std::size_t kDerivedBytesMin = 16;
constexpr std::size_t kDerivedBytesMax = 64;
constexpr Purpose kPurposes[] = {Purpose::kDerive};
constexpr AlgorithmInfo kRows[] = {
    {Algorithm::kHkdfSha256, "hkdf-sha256", kPurposes, false, 0, 0, true},
    {Algorithm::kHkdfSha512, "hkdf-sha512", kPurposes, false, 0, 0, true},
};

Hash hash_of(Algorithm algorithm) {
  return algorithm == Algorithm::kHkdfSha256 ? Hash::kSha256 : Hash::kSha512;
}

// RFC 5869, 2.3: the pseudorandom key has at least the hash length; ours has it exactly.
KeySizes sizes_of(Algorithm algorithm) {
  const std::size_t size = digest_size(hash_of(algorithm));
  return {size, size};
}

class HkdfKey final : public Key {
 public:
  HkdfKey(Algorithm algorithm, const SecretBytes& secret)
      : algorithm_(algorithm), secret_(secret.clone()) {}

  Algorithm algorithm() const override { return algorithm_; }
  Result<SecretBytes> derive(ByteView context, std::size_t size) const override {
    if (size < kDerivedBytesMin || size > kDerivedBytesMax)
      return error(Code::kInvalidArgument, "bad_size", "a derived key has 16 to 64 bytes");
    SecretBytes out(size);
    expand_into(hash_of(algorithm_), secret_.reveal(Reveal{}), {as_bytes(kLabel), context},
                out.reveal_mutable(Reveal{}));
    return out;
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
  return KeyPtr(std::make_shared<HkdfKey>(algorithm, secret));
}

}  // namespace

const Family& hkdf_family() {
  static constexpr Family kFamily{kRows, has, make, check, open, nullptr};
  return kFamily;
}

}  // namespace kw::crypto
