#include "keys/jwks.h"

#include <gtest/gtest.h>

namespace kw::keys {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using enum VersionState;

const WallTime kNow = from_micros(1'800'000'000'000'000);

Key key_with(std::initializer_list<VersionState> states) {
  Key key;
  key.purpose = crypto::Purpose::kSign;
  key.labels = {{"use", "jwt"}};
  for (const VersionState state : states) {
    Version version;
    version.number = static_cast<std::uint32_t>(key.versions.size()) + 1;
    version.state = state;
    if (state == kPrimary) key.primary = version.number;
    key.versions.push_back(version);
  }
  return key;
}

std::vector<std::uint32_t> shown(const Key& key, WallTime now = kNow) {
  std::vector<std::uint32_t> numbers;
  for (const Version* each : published_versions(key, hours(24), now))
    numbers.push_back(each->number);
  return numbers;
}

TEST(Jwks, shows_the_primary_first_and_what_comes_before_and_after_it) {
  const Key key = key_with({kSecondary, kPrimary, kActive, kPending});
  EXPECT_EQ(shown(key), (std::vector<std::uint32_t>{2, 3, 1}));
}

TEST(Jwks, never_shows_what_is_stopped) {
  EXPECT_TRUE(shown(key_with({kPending, kSuspended, kRevoked, kDestroying, kDestroyed})).empty());
}

TEST(Jwks, a_retired_version_stays_until_its_last_token_is_over) {
  for (const VersionState state : {kRetired, kArchived}) {
    Key key = key_with({state, kPrimary});
    key.lease_grace = seconds(60);
    key.versions[0].demoted_at = kNow;
    const WallTime over = kNow + seconds(60) + hours(24) + kClockSkew;
    EXPECT_EQ(shown(key, over - seconds(1)), (std::vector<std::uint32_t>{2, 1}));
    EXPECT_EQ(shown(key, over), (std::vector<std::uint32_t>{2}));
  }
}

TEST(Jwks, only_labelled_keys_of_purpose_sign_or_mac_sign_tokens) {
  Key key = key_with({kPrimary});
  EXPECT_TRUE(signs_tokens(key));
  key.purpose = crypto::Purpose::kMac;
  EXPECT_TRUE(signs_tokens(key));
  key.purpose = crypto::Purpose::kWrap;
  EXPECT_FALSE(signs_tokens(key));
  key.purpose = crypto::Purpose::kSign;
  key.labels = {{"use", "releases"}};
  EXPECT_FALSE(signs_tokens(key));
  key.labels.clear();
  EXPECT_FALSE(signs_tokens(key));
}

TEST(Jwks, the_longer_of_label_and_policy_is_the_life_of_a_token) {
  Key key = key_with({kPrimary});
  EXPECT_EQ(token_life(key, hours(24)), hours(24));
  key.labels["jwt.token-life"] = "30d";
  EXPECT_EQ(token_life(key, hours(24)), hours(24 * 30));
  key.labels["jwt.token-life"] = "5min";
  EXPECT_EQ(token_life(key, hours(24)), hours(24));
}

TEST(Jwks, caches_may_keep_the_set_for_half_of_the_wait_and_at_most_ten_minutes) {
  EXPECT_EQ(set_max_age(hours(1)), seconds(600));
  EXPECT_EQ(set_max_age(seconds(900)), seconds(450));
  EXPECT_EQ(set_max_age(seconds(1)), seconds(0));
  EXPECT_EQ(set_max_age(seconds(0)), seconds(0));
}

}  // namespace
}  // namespace kw::keys
