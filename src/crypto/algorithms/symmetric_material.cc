#include "crypto/algorithms/symmetric_material.h"

#include "base/reveal.h"
#include "crypto/algorithms/family.h"
#include "crypto/random.h"

namespace kw::crypto {

namespace {

bool within(const SecretBytes& secret, KeySizes sizes) {
  return secret.size() >= sizes.least && secret.size() <= sizes.most;
}

bool all_equal(ByteView bytes) {
  std::uint8_t difference = 0;
  for (const std::uint8_t byte : bytes)
    difference |= static_cast<std::uint8_t>(byte ^ bytes.front());
  return difference == 0;
}

}  // namespace

Material random_material(std::size_t size) {
  return {random_secret(size), {}};
}

Result<Material> check_raw_key(const SecretBytes& secret, KeySizes sizes) {
  if (!within(secret, sizes)) return bad_key("the key has not the size of this algorithm");
  if (all_equal(secret.reveal(Reveal{}))) return weak_key("all bytes of the key are equal");
  return Material{secret.clone(), {}};
}

Status check_stored_size(const SecretBytes& secret, KeySizes sizes) {
  if (!within(secret, sizes)) return stored_key_broken();
  return ok();
}

}  // namespace kw::crypto
