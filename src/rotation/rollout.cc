#include "rotation/rollout.h"

#include "crypto/digest.h"

namespace kw::rotation {

namespace {

constexpr std::uint64_t kBuckets = 10'000;

}  // namespace

int rollout_bucket(ByteView salt, std::string_view unit) {
  // The salt is public: it decides whose turn it is, not who may know.
  const crypto::Digest256 mac = crypto::hmac_sha256(SecretBytes::copy_of(salt), as_bytes(unit));
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < 8; ++i) head = head << 8 | mac[i];
  return static_cast<int>(head % kBuckets);
}

bool in_rollout(ByteView salt, std::string_view unit, int percent) {
  if (percent <= 0) return false;
  if (percent >= 100) return true;
  return rollout_bucket(salt, unit) < percent * 100;
}

}  // namespace kw::rotation
