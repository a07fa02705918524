// ML-DSA-65 and ML-DSA-87, hedged, empty context; only with a library that has them (OpenSSL 3.5).
// @source FIPS 204.
#include <array>

#include "crypto/algorithms/family.h"
#include "crypto/algorithms/seed_key.h"
#include "crypto/algorithms/signature_key.h"

namespace kw::crypto {

namespace {

constexpr Purpose kPurposes[] = {Purpose::kSign};
constexpr AlgorithmInfo kRows[] = {
    {Algorithm::kMlDsa65, "ml-dsa-65", kPurposes, true, 0, 0, true},
    {Algorithm::kMlDsa87, "ml-dsa-87", kPurposes, true, 0, 0, true},
};

// SEQUENCE { 0, SEQUENCE { OID 2.16.840.1.101.3.4.3.18 (or .19) }, OCTET STRING { [0] seed } }. RFC
// 9881, 6.
constexpr std::array<std::uint8_t, 22> prefix_with(std::uint8_t last_arc) {
  return {0x30, 0x34, 0x02, 0x01, 0x00, 0x30, 0x0B,     0x06, 0x09, 0x60, 0x86,
          0x48, 0x01, 0x65, 0x03, 0x04, 0x03, last_arc, 0x04, 0x22, 0x80, 0x20};
}

SeedFormat format_of(Algorithm algorithm) {
  static constexpr auto k65 = prefix_with(0x12);
  static constexpr auto k87 = prefix_with(0x13);
  if (algorithm == Algorithm::kMlDsa65) return {"ML-DSA-65", k65, 32};
  return {"ML-DSA-87", k87, 32};
}

bool has(Algorithm algorithm) {
  static const bool known65 = key_type_available("ML-DSA-65");
  static const bool known87 = key_type_available("ML-DSA-87");
  return algorithm == Algorithm::kMlDsa65 ? known65 : known87;
}

Result<Material> make(Algorithm algorithm) {
  return generate_seed_pair(format_of(algorithm));
}

Result<Material> check(Algorithm algorithm, const SecretBytes& secret) {
  return check_seed_pair(format_of(algorithm), secret);
}

Result<KeyPtr> open(Algorithm algorithm, const SecretBytes& secret) {
  PkeyPtr pair = parse_private(secret, format_of(algorithm).type);
  if (pair == nullptr) return private_load_failed();
  return signature_key(algorithm, std::move(pair), Half::kPrivate, {});
}

Result<KeyPtr> open_public(Algorithm algorithm, ByteView spki) {
  PkeyPtr key = parse_public(spki, format_of(algorithm).type);
  if (key == nullptr) return stored_key_broken();
  return signature_key(algorithm, std::move(key), Half::kPublic, {});
}

}  // namespace

const Family& ml_dsa_family() {
  static constexpr Family kFamily{kRows, has, make, check, open, open_public};
  return kFamily;
}

}  // namespace kw::crypto
