#include "crypto/algorithms/seed_key.h"

#include <algorithm>

#include "base/reveal.h"
#include "crypto/algorithms/family.h"
#include "crypto/algorithms/symmetric_material.h"

namespace kw::crypto {

namespace {

// OpenSSL's own encoder writes the expanded key beside the seed; the seed says all and is small.
Result<Material> encode_seed(const SeedFormat& format, EVP_PKEY* pair) {
  SecretBytes pkcs8(format.prefix.size() + format.seed_bytes);
  const auto bytes = pkcs8.reveal_mutable(Reveal{});
  std::copy(format.prefix.begin(), format.prefix.end(), bytes.begin());
  const auto seed = bytes.subspan(format.prefix.size());
  std::size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(pair, "seed", seed.data(), seed.size(), &size) != 1 ||
      size != format.seed_bytes) {
    forget_errors();
    return bad_key("the key must come with its seed");
  }
  return Material{std::move(pkcs8), encode_public(pair)};
}

}  // namespace

Result<Material> generate_seed_pair(const SeedFormat& format) {
  KW_TRY(const PkeyPtr pair, generate_pair(format.type, nullptr));
  return encode_seed(format, pair.get());
}

Result<Material> check_seed_pair(const SeedFormat& format, const SecretBytes& pkcs8) {
  const PkeyPtr pair = parse_private(pkcs8, format.type);
  if (pair == nullptr) return bad_key("not a key of this algorithm as PKCS#8 DER");
  KW_TRY(Material material, encode_seed(format, pair.get()));
  const SecretBytes seed =
      SecretBytes::copy_of(material.secret.reveal(Reveal{}).subspan(format.prefix.size()));
  KW_OK(check_raw_key(seed, {format.seed_bytes, format.seed_bytes}));
  return material;
}

}  // namespace kw::crypto
