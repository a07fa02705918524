#include "seal/shamir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "base/reveal.h"
#include "crypto/random.h"
#include "seal/gf256.h"

namespace kw::seal {
namespace {

template <typename T>
std::string reason_of(const Result<T>& result) {
  return result ? std::string() : result.error().reason;
}

Share copy_of(const Share& share) {
  return {share.index, share.value.clone()};
}

std::vector<Share> pick(const std::vector<Share>& all, const std::vector<std::size_t>& which) {
  std::vector<Share> picked;
  picked.reserve(which.size());
  for (std::size_t i : which) picked.push_back(copy_of(all[i]));
  return picked;
}

TEST(Gf256, multiplies_like_the_textbook) {
  // FIPS 197, 4.2: {57}*{83} = {c1}; 4.2.1: {57}*{13} = {fe}.
  EXPECT_EQ(gf256::multiply(0x57, 0x83), 0xc1);
  EXPECT_EQ(gf256::multiply(0x57, 0x13), 0xfe);
  // Against the schoolbook product, reduced afterwards, for all operands.
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      unsigned product = 0;
      for (unsigned bit = 0; bit < 8; ++bit)
        if ((b >> bit & 1) != 0) product ^= a << bit;
      for (unsigned bit = 15; bit >= 8; --bit)
        if ((product >> bit & 1) != 0) product ^= 0x11Bu << (bit - 8);
      ASSERT_EQ(gf256::multiply(static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b)),
                product);
    }
  }
}

TEST(Gf256, inverts_everything_but_zero) {
  EXPECT_EQ(gf256::invert(0), 0);
  for (unsigned a = 1; a < 256; ++a) {
    const auto value = static_cast<std::uint8_t>(a);
    ASSERT_EQ(gf256::multiply(value, gf256::invert(value)), 1) << a;
  }
}

TEST(Shamir, comes_back_from_any_threshold_of_shares) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (int round = 0; round < 1000; ++round) {
    const int shares = 1 + static_cast<int>(random() % (round % 50 == 0 ? 255 : 16));
    const int threshold = 1 + static_cast<int>(random() % static_cast<unsigned>(shares));
    const SecretBytes secret = crypto::random_secret(1 + random() % 64);
    auto made = split(secret, shares, threshold);
    ASSERT_TRUE(made);
    ASSERT_EQ(made->size(), static_cast<std::size_t>(shares));
    std::shuffle(made->begin(), made->end(), random);
    made->resize(static_cast<std::size_t>(threshold));
    const auto back = combine(*made);
    ASSERT_TRUE(back);
    ASSERT_TRUE(equal_constant_time(*back, secret)) << shares << " " << threshold;
  }
}

TEST(Shamir, does_not_come_back_from_one_share_less) {
  const SecretBytes secret = crypto::random_secret(32);
  for (int threshold = 2; threshold <= 5; ++threshold) {
    const auto all = split(secret, 5, threshold);
    ASSERT_TRUE(all);
    int subsets = 0;
    for (unsigned mask = 0; mask < 32; ++mask) {
      std::vector<std::size_t> which;
      for (std::size_t i = 0; i < 5; ++i)
        if ((mask >> i & 1) != 0) which.push_back(i);
      if (which.size() != static_cast<std::size_t>(threshold) - 1) continue;
      const auto wrong = combine(pick(*all, which));
      ASSERT_TRUE(wrong);
      EXPECT_FALSE(equal_constant_time(*wrong, secret));
      ++subsets;
    }
    EXPECT_GE(subsets, 5);
  }
}

// The bytes of threshold - 1 shares are uniform whatever the secret is: chi-square with 255 degrees
// of freedom; beyond 400 (mean 255, deviation 22.6) once in 10^9 runs.
TEST(Shamir, reveals_nothing_below_the_threshold) {
  constexpr int kSamples = 2'000;
  for (const std::uint8_t planted : {std::uint8_t{0x00}, std::uint8_t{0xFF}, std::uint8_t{0x5A}}) {
    SecretBytes secret(32);
    for (std::uint8_t& byte : secret.reveal_mutable(Reveal{})) byte = planted;
    std::array<std::array<double, 256>, 2> count{};
    std::array<double, 256> combined{};
    for (int i = 0; i < kSamples; ++i) {
      const auto all = split(secret, 5, 3);
      ASSERT_TRUE(all);
      for (std::size_t s = 0; s < 2; ++s)
        for (const std::uint8_t byte : (*all)[s].value.reveal(Reveal{})) ++count[s][byte];
      const auto guess = combine(pick(*all, {0, 1}));
      ASSERT_TRUE(guess);
      for (const std::uint8_t byte : guess->reveal(Reveal{})) ++combined[byte];
    }
    const auto chi_square = [&](const std::array<double, 256>& seen) {
      const double expected = kSamples * 32 / 256.0;
      double sum = 0;
      for (const double n : seen) sum += (n - expected) * (n - expected) / expected;
      return sum;
    };
    EXPECT_LT(chi_square(count[0]), 400);
    EXPECT_LT(chi_square(count[1]), 400);
    EXPECT_LT(chi_square(combined), 400);
  }
}

TEST(Shamir, gives_indexes_from_one_and_fresh_shares_each_time) {
  const SecretBytes secret = crypto::random_secret(32);
  const auto first = split(secret, 3, 2);
  const auto second = split(secret, 3, 2);
  ASSERT_TRUE(first && second);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*first)[i].index, i + 1);
    EXPECT_FALSE(equal_constant_time((*first)[i].value, (*second)[i].value));
  }
  EXPECT_FALSE(equal_constant_time(*combine(pick(*first, {0, 1})), *combine([&] {
    auto mixed = pick(*first, {0});
    mixed.push_back(copy_of((*second)[1]));
    return mixed;
  }())));
}

TEST(Shamir, refuses_bad_counts_and_bad_sets) {
  const SecretBytes secret = crypto::random_secret(32);
  for (const auto& [shares, threshold] :
       {std::pair{0, 0}, {1, 0}, {2, 3}, {256, 2}, {-1, 1}, {3, -1}})
    EXPECT_EQ(reason_of(split(secret, shares, threshold)), "bad_threshold");
  EXPECT_EQ(reason_of(split(SecretBytes(), 2, 2)), "bad_threshold");
  const auto all = split(secret, 3, 2);
  ASSERT_TRUE(all);
  EXPECT_EQ(reason_of(combine({})), "bad_share");
  EXPECT_EQ(reason_of(combine(pick(*all, {0, 0}))), "bad_share");
  auto shorter = pick(*all, {0, 1});
  shorter[1].value.shrink(31);
  EXPECT_EQ(reason_of(combine(shorter)), "bad_share");
  auto zero = pick(*all, {0, 1});
  zero[0].index = 0;
  EXPECT_EQ(reason_of(combine(zero)), "bad_share");
}

}  // namespace
}  // namespace kw::seal
