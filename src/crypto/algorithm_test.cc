#include "crypto/algorithm.h"

#include <gtest/gtest.h>

#include <set>

namespace kw::crypto {
namespace {

TEST(Algorithm, catalogue_is_complete_and_without_duplicates) {
  std::set<std::string_view> names;
  std::set<int> numbers;
  for (const AlgorithmInfo& row : algorithms()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(numbers.insert(static_cast<int>(row.algorithm)).second) << row.name;
    EXPECT_FALSE(row.purposes.empty()) << row.name;
    EXPECT_EQ(parse_algorithm(row.name).value(), row.algorithm);
    EXPECT_EQ(algorithm_from_number(static_cast<int>(row.algorithm)).value(), row.algorithm);
    EXPECT_EQ(info(row.algorithm).name, row.name);
  }
  EXPECT_EQ(names.size(), 23U);
}

TEST(Algorithm, stored_numbers_never_change) {
  EXPECT_EQ(static_cast<int>(Algorithm::kAes256Gcm), 1);
  EXPECT_EQ(static_cast<int>(Algorithm::kAes256GcmCounted), 2);
  EXPECT_EQ(static_cast<int>(Algorithm::kAes256Siv), 3);
  EXPECT_EQ(static_cast<int>(Algorithm::kChaCha20Poly1305), 4);
  EXPECT_EQ(static_cast<int>(Algorithm::kRsa3072Oaep), 10);
  EXPECT_EQ(static_cast<int>(Algorithm::kRsa4096Pkcs1), 23);
  EXPECT_EQ(static_cast<int>(Algorithm::kEcdsaP521), 32);
  EXPECT_EQ(static_cast<int>(Algorithm::kEd25519), 40);
  EXPECT_EQ(static_cast<int>(Algorithm::kHmacSha512), 52);
  EXPECT_EQ(static_cast<int>(Algorithm::kHkdfSha512), 61);
  EXPECT_EQ(static_cast<int>(Algorithm::kMlDsa87), 71);
  EXPECT_EQ(static_cast<int>(Algorithm::kMlKem1024), 81);
}

TEST(Algorithm, refuses_unknown_names_and_numbers) {
  EXPECT_EQ(parse_algorithm("aes-128-gcm").error().reason, "unknown_algorithm");
  EXPECT_EQ(parse_algorithm("").error().reason, "unknown_algorithm");
  EXPECT_EQ(parse_algorithm("AES-256-GCM").error().reason, "unknown_algorithm");
  for (const std::int64_t number : {0L, -1L, 5L, 65537L})
    EXPECT_FALSE(algorithm_from_number(number).has_value());
  EXPECT_EQ(parse_purpose("decrypt").error().reason, "unknown_purpose");
}

TEST(Algorithm, every_purpose_has_a_name_and_an_available_default) {
  for (const Purpose purpose : {Purpose::kEncrypt, Purpose::kWrap, Purpose::kSign, Purpose::kMac,
                                Purpose::kDerive, Purpose::kDeterministic}) {
    EXPECT_EQ(parse_purpose(purpose_name(purpose)).value(), purpose);
    EXPECT_TRUE(allows(default_algorithm(purpose), purpose));
    EXPECT_TRUE(available(default_algorithm(purpose)));
  }
}

TEST(Algorithm, a_deterministic_key_is_for_nothing_else) {
  for (const AlgorithmInfo& row : algorithms()) {
    const bool alone = row.purposes.size() == 1;
    EXPECT_TRUE(alone || !allows(row.algorithm, Purpose::kDeterministic)) << row.name;
  }
  EXPECT_FALSE(allows(Algorithm::kRsa3072Pkcs1, Purpose::kEncrypt));
}

TEST(Algorithm, random_nonce_suites_stop_before_2_to_the_32) {
  EXPECT_EQ(info(Algorithm::kAes256GcmCounted).messages_max, 4'293'918'720U);
  EXPECT_EQ(info(Algorithm::kChaCha20Poly1305).messages_max, 4'293'918'720U);
  EXPECT_EQ(info(Algorithm::kAes256Gcm).messages_max, 0U);
}

}  // namespace
}  // namespace kw::crypto
