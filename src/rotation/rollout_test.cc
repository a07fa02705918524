#include "rotation/rollout.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "crypto/random.h"

namespace kw::rotation {
namespace {

const Bytes kSalt(16, 7);

TEST(Rollout, only_adds_units_when_the_percentage_rises) {
  for (int i = 0; i < 2000; ++i) {
    const std::string unit = "tenant-" + std::to_string(i);
    bool in = false;
    for (int percent = 0; percent <= 100; ++percent) {
      const bool now = in_rollout(kSalt, unit, percent);
      EXPECT_TRUE(now || !in) << unit << " left at " << percent;
      in = now;
    }
    EXPECT_TRUE(in);
    EXPECT_FALSE(in_rollout(kSalt, unit, 0));
  }
}

TEST(Rollout, gives_a_unit_the_same_bucket_everywhere_and_always) {
  // Computed by hand with another HMAC implementation (Python hmac): the first 8 bytes of
  // HMAC-SHA256(07 x 16, "acme"), big-endian, mod 10,000.
  EXPECT_EQ(rollout_bucket(kSalt, "acme"), 9358);
}

TEST(Rollout, spreads_units_evenly) {
  constexpr int kUnits = 100'000, kCells = 100;
  Bytes salt(16);
  crypto::random_public(salt);
  std::array<int, kCells> seen{};
  for (int i = 0; i < kUnits; ++i)
    ++seen[static_cast<std::size_t>(rollout_bucket(salt, "unit-" + std::to_string(i))) / 100];
  double chi = 0;
  constexpr double kExpected = static_cast<double>(kUnits) / kCells;
  for (const int count : seen) chi += (count - kExpected) * (count - kExpected) / kExpected;
  EXPECT_LT(chi, 180);  // 99 degrees of freedom: beyond 180 once in a million
  EXPECT_GT(chi, 40);   // and not suspiciously even
}

TEST(Rollout, chooses_other_units_with_another_salt) {
  const Bytes other(16, 8);
  int both = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string unit = "unit-" + std::to_string(i);
    both += in_rollout(kSalt, unit, 10) && in_rollout(other, unit, 10) ? 1 : 0;
  }
  EXPECT_NEAR(both, 100, 60);
}

}  // namespace
}  // namespace kw::rotation
