// The gate for foreign keys: each rule refuses a key that breaks only that rule.
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "base/reveal.h"
#include "crypto/algorithms/key_pair.h"
#include "crypto/algorithms/rsa_strength.h"
#include "crypto/hex_test_support.h"
#include "crypto/key.h"
#include "crypto/random.h"

namespace kw::crypto {
namespace {

using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Releaser<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Releaser<OSSL_PARAM_free>>;

BignumPtr fresh() {
  return BignumPtr(BN_secure_new());
}

BignumPtr number(const char* decimal) {
  BIGNUM* raw = nullptr;
  KW_CHECK(BN_dec2bn(&raw, decimal) > 0);
  return BignumPtr(raw);
}

BignumPtr prime(int bits) {
  BignumPtr p = fresh();
  require(BN_generate_prime_ex(p.get(), bits, 0, nullptr, nullptr, nullptr));
  return p;
}

BignumPtr next_prime_after(const BIGNUM* start) {
  BignumPtr p(BN_dup(start));
  do require(BN_add_word(p.get(), 2));
  while (BN_check_prime(p.get(), nullptr, nullptr) != 1);
  return p;
}

BignumPtr product(const BIGNUM* a, const BIGNUM* b) {
  const BignumContext context(BN_CTX_new());
  BignumPtr out = fresh();
  require(BN_mul(out.get(), a, b, context.get()));
  return out;
}

std::string reason_of(Algorithm algorithm, const SecretBytes& secret) {
  const auto checked = check_import(algorithm, secret);
  return checked.has_value() ? "accepted" : checked.error().reason;
}

// The complete RSA key of two primes, as a foreign system would hand it over.
SecretBytes rsa_key(const BIGNUM* p, const BIGNUM* q, unsigned exponent) {
  const BignumContext context(BN_CTX_new());
  const BignumPtr n = product(p, q);
  BignumPtr p1(BN_dup(p));
  BignumPtr q1(BN_dup(q));
  require(BN_sub_word(p1.get(), 1));
  require(BN_sub_word(q1.get(), 1));
  const BignumPtr phi = product(p1.get(), q1.get());
  const BignumPtr e = number(std::to_string(exponent).c_str());
  const BignumPtr d(BN_mod_inverse(nullptr, e.get(), phi.get(), context.get()));
  const BignumPtr dp = fresh();
  const BignumPtr dq = fresh();
  require(BN_mod(dp.get(), d.get(), p1.get(), context.get()));
  require(BN_mod(dq.get(), d.get(), q1.get(), context.get()));
  const BignumPtr inverse(BN_mod_inverse(nullptr, q, p, context.get()));
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  const auto push = [&builder](const char* name, const BIGNUM* value) {
    require(OSSL_PARAM_BLD_push_BN(builder.get(), name, value));
  };
  push(OSSL_PKEY_PARAM_RSA_N, n.get());
  push(OSSL_PKEY_PARAM_RSA_E, e.get());
  push(OSSL_PKEY_PARAM_RSA_D, d.get());
  push(OSSL_PKEY_PARAM_RSA_FACTOR1, p);
  push(OSSL_PKEY_PARAM_RSA_FACTOR2, q);
  push(OSSL_PKEY_PARAM_RSA_EXPONENT1, dp.get());
  push(OSSL_PKEY_PARAM_RSA_EXPONENT2, dq.get());
  push(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, inverse.get());
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const PkeyContext making(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  require(EVP_PKEY_fromdata_init(making.get()));
  EVP_PKEY* raw = nullptr;
  require(EVP_PKEY_fromdata(making.get(), &raw, EVP_PKEY_KEYPAIR, params.get()));
  const PkeyPtr pair(raw);
  return encode_pair(pair.get()).secret;
}

SecretBytes ec_key(const char* group) {
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(group), 0),
      OSSL_PARAM_construct_end()};
  return encode_pair(generate_pair("EC", params).value().get()).secret;
}

TEST(KeyImport, symmetric_keys_have_exact_sizes) {
  const std::pair<Algorithm, std::size_t> sizes[] = {
      {Algorithm::kAes256Gcm, 32},        {Algorithm::kAes256GcmCounted, 32},
      {Algorithm::kChaCha20Poly1305, 32}, {Algorithm::kAes256Siv, 64},
      {Algorithm::kHkdfSha256, 32},       {Algorithm::kHkdfSha512, 64}};
  for (const auto& row : sizes) {
    EXPECT_EQ(reason_of(row.first, random_secret(row.second)), "accepted");
    EXPECT_EQ(reason_of(row.first, random_secret(row.second - 1)), "bad_key");
    EXPECT_EQ(reason_of(row.first, random_secret(row.second + 1)), "bad_key");
    EXPECT_EQ(reason_of(row.first, SecretBytes()), "bad_key");
    EXPECT_EQ(reason_of(row.first, SecretBytes::copy_of(Bytes(row.second, 0x77))), "weak_key");
  }
}

TEST(KeyImport, hmac_keys_may_be_longer_than_the_hash) {
  EXPECT_EQ(reason_of(Algorithm::kHmacSha256, random_secret(31)), "bad_key");
  EXPECT_EQ(reason_of(Algorithm::kHmacSha256, random_secret(32)), "accepted");
  EXPECT_EQ(reason_of(Algorithm::kHmacSha256, random_secret(128)), "accepted");
  EXPECT_EQ(reason_of(Algorithm::kHmacSha256, random_secret(129)), "bad_key");
  EXPECT_EQ(reason_of(Algorithm::kHmacSha512, random_secret(63)), "bad_key");
}

TEST(KeyImport, siv_halves_differ) {
  Bytes twice = from_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  const Bytes half = twice;
  twice.insert(twice.end(), half.begin(), half.end());
  EXPECT_EQ(reason_of(Algorithm::kAes256Siv, SecretBytes::copy_of(twice)), "weak_key");
}

TEST(KeyImport, rsa_accepts_a_sound_foreign_key_and_checks_its_size) {
  const BignumPtr p = prime(1536);
  const BignumPtr q = prime(1536);
  const SecretBytes key = rsa_key(p.get(), q.get(), 65537);
  EXPECT_EQ(reason_of(Algorithm::kRsa3072Pss, key), "accepted");
  EXPECT_EQ(reason_of(Algorithm::kRsa4096Pss, key), "bad_key");
  EXPECT_EQ(reason_of(Algorithm::kEd25519, key), "bad_key");
  EXPECT_EQ(reason_of(Algorithm::kEcdsaP256, key), "bad_key");
  Bytes longer = to_bytes(key.reveal(Reveal{}));
  longer.push_back(0);
  EXPECT_EQ(reason_of(Algorithm::kRsa3072Pss, SecretBytes::copy_of(longer)), "bad_key");
}

TEST(KeyImport, rsa_refuses_small_exponents) {
  // Primes p with p = 2 mod 3, so that 3 has an inverse.
  BignumPtr p = prime(1536);
  while (BN_mod_word(p.get(), 3) != 2) p = next_prime_after(p.get());
  BignumPtr q = prime(1536);
  while (BN_mod_word(q.get(), 3) != 2) q = next_prime_after(q.get());
  EXPECT_EQ(reason_of(Algorithm::kRsa3072Oaep, rsa_key(p.get(), q.get(), 3)), "weak_key");
}

TEST(KeyImport, rsa_refuses_factors_that_are_close) {
  const BignumPtr p = prime(1536);
  const BignumPtr q = next_prime_after(p.get());
  EXPECT_EQ(reason_of(Algorithm::kRsa3072Pkcs1, rsa_key(p.get(), q.get(), 65537)), "weak_key");
  EXPECT_TRUE(falls_to_fermat(product(p.get(), q.get()).get()));
  EXPECT_TRUE(falls_to_fermat(product(p.get(), p.get()).get()));
  EXPECT_FALSE(falls_to_fermat(product(p.get(), prime(1536).get()).get()));
}

TEST(KeyImport, rsa_refuses_a_modulus_that_is_not_the_product_of_two_primes) {
  const BignumPtr p = prime(1536);
  BignumPtr composite = prime(768);
  composite = product(composite.get(), prime(768).get());
  const std::string reason =
      reason_of(Algorithm::kRsa3072Pss, rsa_key(p.get(), composite.get(), 65537));
  EXPECT_TRUE(reason == "bad_key") << reason;
}

TEST(KeyImport, rsa_small_factors_are_found_up_to_ten_thousand) {
  const BignumPtr p = prime(1536);
  EXPECT_FALSE(has_small_factor(p.get()));
  for (const char* factor : {"2", "3", "997", "9973"})
    EXPECT_TRUE(has_small_factor(product(p.get(), number(factor).get()).get())) << factor;
  EXPECT_FALSE(has_small_factor(product(p.get(), number("10007").get()).get()));
}

TEST(KeyImport, rsa_roca_fingerprint_is_membership_in_the_subgroup_of_65537) {
  const BignumContext context(BN_CTX_new());
  BignumPtr primorial = number("2");
  for (unsigned p = 3; p <= 167; p += 2) {
    bool is_prime = true;
    for (unsigned f = 3; f * f <= p; f += 2) is_prime = is_prime && p % f != 0;
    if (is_prime) require(BN_mul_word(primorial.get(), p));
  }
  const BignumPtr generator = number("65537");
  const BignumPtr n = fresh();
  require(BN_mod_exp(n.get(), generator.get(), number("123456789").get(), primorial.get(),
                     context.get()));
  require(BN_add(n.get(), n.get(), product(primorial.get(), prime(512).get()).get()));
  EXPECT_TRUE(has_roca_fingerprint(n.get()));
  int found = 0;
  for (int i = 0; i < 50; ++i) found += has_roca_fingerprint(prime(256).get()) ? 1 : 0;
  EXPECT_EQ(found, 0);  // a random number has it with probability 2^-28
}

TEST(KeyImport, rsa_refuses_a_key_whose_parts_do_not_fit) {
  const BignumPtr p = prime(1536);
  const BignumPtr q = prime(1536);
  const SecretBytes sound = rsa_key(p.get(), q.get(), 65537);
  // A changed byte in each third of the key: modulus, private exponent, primes and CRT values.
  for (const std::size_t at : {200U, 600U, 900U, 1200U, 1400U, 1600U, 1780U}) {
    Bytes changed = to_bytes(sound.reveal(Reveal{}));
    changed.at(at) ^= 0x10;
    EXPECT_NE(reason_of(Algorithm::kRsa3072Oaep, SecretBytes::copy_of(changed)), "accepted") << at;
  }
}

TEST(KeyImport, rsa_refuses_keys_of_three_primes) {
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  require(EVP_PKEY_keygen_init(context.get()));
  require(EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), 3072));
  require(EVP_PKEY_CTX_set_rsa_keygen_primes(context.get(), 3));
  EVP_PKEY* raw = nullptr;
  require(EVP_PKEY_generate(context.get(), &raw));
  const PkeyPtr pair(raw);
  EXPECT_EQ(reason_of(Algorithm::kRsa3072Pss, encode_pair(pair.get()).secret), "bad_key");
}

TEST(KeyImport, ecdsa_demands_its_own_curve) {
  const SecretBytes p256 = ec_key("prime256v1");
  EXPECT_EQ(reason_of(Algorithm::kEcdsaP256, p256), "accepted");
  EXPECT_EQ(reason_of(Algorithm::kEcdsaP384, p256), "bad_key");
  EXPECT_EQ(reason_of(Algorithm::kEcdsaP256, ec_key("secp256k1")), "bad_key");
}

TEST(KeyImport, ecdsa_refuses_explicit_parameters) {
  const PkeyPtr pair = parse_private(ec_key("prime256v1"), "EC");
  require(EVP_PKEY_set_utf8_string_param(pair.get(), OSSL_PKEY_PARAM_EC_ENCODING,
                                         OSSL_PKEY_EC_ENCODING_EXPLICIT));
  const SecretBytes spelled_out = encode_pair(pair.get()).secret;
  EXPECT_GT(spelled_out.size(), 300U);
  EXPECT_EQ(reason_of(Algorithm::kEcdsaP256, spelled_out), "bad_key");
}

TEST(KeyImport, ecdsa_refuses_private_keys_that_somebody_counted_up_to) {
  // SEC 1 key with private value 1 and its public point, the generator, in PKCS#8.
  const SecretBytes one = secret_from_hex(
      "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420"
      "0000000000000000000000000000000000000000000000000000000000000001a144034200"
      "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
      "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
  ASSERT_NE(parse_private(one, "EC"), nullptr);
  EXPECT_EQ(reason_of(Algorithm::kEcdsaP256, one), "weak_key");
}

TEST(KeyImport, ecdsa_refuses_a_public_point_of_another_key) {
  Bytes mixed = to_bytes(ec_key("prime256v1").reveal(Reveal{}));
  const Bytes other = to_bytes(ec_key("prime256v1").reveal(Reveal{}));
  std::copy(other.end() - 64, other.end(), mixed.end() - 64);
  EXPECT_EQ(reason_of(Algorithm::kEcdsaP256, SecretBytes::copy_of(mixed)), "bad_key");
  mixed.back() ^= 1;  // and a point that is on no curve
  EXPECT_EQ(reason_of(Algorithm::kEcdsaP256, SecretBytes::copy_of(mixed)), "bad_key");
}

TEST(KeyImport, ed25519_refuses_trivial_seeds) {
  const std::string prefix = "302e020100300506032b657004220420";
  EXPECT_EQ(reason_of(Algorithm::kEd25519, secret_from_hex(prefix + std::string(64, '0'))),
            "weak_key");
  EXPECT_EQ(reason_of(Algorithm::kEd25519, secret_from_hex(prefix + std::string(60, '0') + "1234")),
            "accepted");
  EXPECT_EQ(reason_of(Algorithm::kEd25519, secret_from_hex(prefix + std::string(62, '0'))),
            "bad_key");
}

TEST(KeyImport, post_quantum_keys_are_normalised_to_their_seed) {
  for (const char* type : {"ML-DSA-65", "ML-DSA-87", "ML-KEM-768", "ML-KEM-1024"}) {
    if (!key_type_available(type)) continue;
    std::string name(type);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return static_cast<char>(tolower(c)); });
    const SecretBytes expanded = encode_pair(generate_pair(type, nullptr).value().get()).secret;
    const auto checked = check_import(parse_algorithm(name).value(), expanded);
    ASSERT_TRUE(checked.has_value()) << type << checked.error().message;
    EXPECT_LE(checked->secret.size(), 86U);
  }
}

TEST(KeyImport, refuses_garbage_of_every_size_quickly) {
  for (const AlgorithmInfo& row : algorithms())
    for (const std::size_t size : {0U, 1U, 100U, 16'384U, 16'385U, 1'000'000U}) {
      if (!available(row.algorithm)) continue;
      EXPECT_EQ(reason_of(row.algorithm, random_secret(size)),
                size == 100 && row.name.starts_with("hmac") ? "accepted" : "bad_key")
          << row.name << size;
    }
}

}  // namespace
}  // namespace kw::crypto
