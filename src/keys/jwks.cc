#include "keys/jwks.h"

#include <algorithm>

#include "rotation/duration_text.h"

namespace kw::keys {

namespace {

using std::chrono::seconds;

constexpr seconds kMaxAge{600};

bool signed_lately(const Key& key, const Version& version, seconds token_life, WallTime now) {
  // A version that was never demoted has no last signature on record: it stays while it is kept.
  if (!version.demoted_at) return true;
  return now < *version.demoted_at + key.lease_grace + token_life + kClockSkew;
}

}  // namespace

bool signs_tokens(const Key& key) {
  if (key.purpose != crypto::Purpose::kSign && key.purpose != crypto::Purpose::kMac) return false;
  const auto use = key.labels.find(std::string(kUseLabel));
  return use != key.labels.end() && use->second == kUseTokens;
}

seconds token_life(const Key& key, seconds min_overlap) {
  const auto label = key.labels.find(std::string(kTokenLifeLabel));
  if (label == key.labels.end()) return min_overlap;
  const auto life = rotation::parse_duration(label->second);
  return life ? std::max(*life, min_overlap) : min_overlap;
}

bool published(const Key& key, const Version& version, seconds token_life, WallTime now) {
  using enum VersionState;
  switch (version.state) {
    case kActive:
    case kPrimary:
    case kSecondary:
      return true;
    case kRetired:
    case kArchived:
      return signed_lately(key, version, token_life, now);
    case kPending:
    case kSuspended:
    case kRevoked:
    case kDestroying:
    case kDestroyed:
      return false;
  }
  return false;
}

std::vector<const Version*> published_versions(const Key& key, seconds token_life, WallTime now) {
  std::vector<const Version*> shown;
  const Version* primary = key.version(key.primary);
  if (primary != nullptr) shown.push_back(primary);
  for (auto each = key.versions.rbegin(); each != key.versions.rend(); ++each)
    if (&*each != primary && published(key, *each, token_life, now)) shown.push_back(&*each);
  return shown;
}

seconds set_max_age(seconds publish_wait) {
  return std::clamp(publish_wait / 2, seconds(0), kMaxAge);
}

}  // namespace kw::keys
