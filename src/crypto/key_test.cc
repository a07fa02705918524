#include "crypto/key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "base/reveal.h"
#include "crypto/hex_test_support.h"

namespace kw::crypto {
namespace {

using KeyPtr = std::shared_ptr<const Key>;

EnvelopeHeader some_header() {
  EnvelopeHeader header;
  header.key = KeyId::parse("000102030405060708090a0b0c0d0e0f").value();
  header.version = 3;
  return header;
}

bool encrypts(const AlgorithmInfo& row) {
  return row.suite != 0;
}
bool signs(const AlgorithmInfo& row) {
  return allows(row.algorithm, Purpose::kSign);
}
bool encrypts_for_a_public_key(const AlgorithmInfo& row) {
  return encrypts(row) && row.asymmetric;
}
bool any(const AlgorithmInfo&) {
  return true;
}

// Rows of the catalogue; RSA-4096 keys take a second each, so 3072 bits stand for both.
std::vector<Algorithm> rows_that(bool (*wanted)(const AlgorithmInfo&)) {
  std::vector<Algorithm> chosen;
  for (const AlgorithmInfo& row : algorithms())
    if (wanted(row) && row.name.find("rsa-4096") == std::string_view::npos)
      chosen.push_back(row.algorithm);
  return chosen;
}

std::string test_name(const testing::TestParamInfo<Algorithm>& tested) {
  std::string name(info(tested.param).name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// One key pair per algorithm for all tests: generating RSA keys is slow.
const Material& material_of(Algorithm algorithm) {
  static std::map<Algorithm, Material> made;
  const auto known = made.find(algorithm);
  if (known != made.end()) return known->second;
  return made.emplace(algorithm, generate(algorithm).value()).first->second;
}

class EveryAlgorithm : public testing::TestWithParam<Algorithm> {
 protected:
  void SetUp() override {
    if (!available(GetParam())) GTEST_SKIP() << info(GetParam()).name << " is not in this library";
    material_ = &material_of(GetParam());
    key_ = load(GetParam(), material_->secret).value();
  }

  const Material* material_ = nullptr;
  KeyPtr key_;
};
class EveryCipher : public EveryAlgorithm {};
class EveryPublicCipher : public EveryAlgorithm {};
class EverySignature : public EveryAlgorithm {};

INSTANTIATE_TEST_SUITE_P(Catalogue, EveryAlgorithm, testing::ValuesIn(rows_that(any)), test_name);
INSTANTIATE_TEST_SUITE_P(Catalogue, EveryCipher, testing::ValuesIn(rows_that(encrypts)), test_name);
INSTANTIATE_TEST_SUITE_P(Catalogue, EverySignature, testing::ValuesIn(rows_that(signs)), test_name);
INSTANTIATE_TEST_SUITE_P(Catalogue, EveryPublicCipher,
                         testing::ValuesIn(rows_that(encrypts_for_a_public_key)), test_name);

TEST_P(EveryAlgorithm, passes_its_own_import_gate_unchanged) {
  auto checked = check_import(GetParam(), material_->secret);
  ASSERT_TRUE(checked.has_value()) << checked.error().message;
  EXPECT_TRUE(equal_constant_time(checked->secret, material_->secret));
  EXPECT_EQ(checked->public_key, material_->public_key);
  EXPECT_EQ(material_->public_key.empty(), !info(GetParam()).asymmetric);
  EXPECT_EQ(key_->algorithm(), GetParam());
}

TEST_P(EveryCipher, decrypts_what_it_encrypted_and_nothing_else) {
  for (const std::size_t size : {0U, 1U, 16U, 300U}) {
    const Bytes plaintext(size, 0x41);
    const auto sealed = key_->encrypt(some_header(), as_bytes("context"), plaintext);
    ASSERT_TRUE(sealed.has_value());
    const auto envelope = parse_envelope(sealed.value());
    ASSERT_TRUE(envelope.has_value());
    EXPECT_EQ(envelope->header.suite, info(GetParam()).suite);
    EXPECT_EQ(envelope->header.version, 3U);
    const auto opened = key_->decrypt(envelope.value(), as_bytes("context"));
    ASSERT_TRUE(opened.has_value()) << size;
    EXPECT_TRUE(same_bytes(opened.value(), plaintext));
    EXPECT_EQ(key_->decrypt(envelope.value(), as_bytes("Context")).error().reason,
              "decrypt_failed");
    EXPECT_FALSE(key_->decrypt(envelope.value(), {}).has_value());
  }
}

TEST_P(EveryCipher, refuses_every_changed_byte_with_one_error) {
  const Bytes sealed =
      key_->encrypt(some_header(), as_bytes("context"), as_bytes("plaintext")).value();
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    Bytes changed = sealed;
    changed[at] ^= 0x01;
    const auto envelope = parse_envelope(changed);
    if (!envelope.has_value()) continue;  // refused even earlier
    const auto opened = key_->decrypt(envelope.value(), as_bytes("context"));
    ASSERT_FALSE(opened.has_value()) << at;
    EXPECT_EQ(opened.error().reason, decrypt_failed().reason) << at;
    EXPECT_EQ(opened.error().message, decrypt_failed().message) << at;
  }
  for (std::size_t size = kEnvelopeHeaderBytes + kEnvelopeBodyBytesMin; size < sealed.size();
       ++size) {
    const auto envelope = parse_envelope(ByteView(sealed).first(size));
    ASSERT_TRUE(envelope.has_value());
    EXPECT_FALSE(key_->decrypt(envelope.value(), as_bytes("context")).has_value()) << size;
  }
}

TEST_P(EveryCipher, randomised_suites_never_repeat_and_the_deterministic_one_always_does) {
  const Bytes first = key_->encrypt(some_header(), as_bytes("context"), as_bytes("same")).value();
  const Bytes second = key_->encrypt(some_header(), as_bytes("context"), as_bytes("same")).value();
  EXPECT_EQ(first == second, allows(GetParam(), Purpose::kDeterministic));
  const Bytes other = key_->encrypt(some_header(), as_bytes("other"), as_bytes("same")).value();
  EXPECT_NE(first, other);
}

TEST_P(EveryCipher, another_key_cannot_open) {
  const KeyPtr other = load(GetParam(), generate(GetParam()).value().secret).value();
  const Bytes sealed =
      key_->encrypt(some_header(), as_bytes("context"), as_bytes("plaintext")).value();
  EXPECT_FALSE(other->decrypt(parse_envelope(sealed).value(), as_bytes("context")).has_value());
}

TEST_P(EverySignature, verifies_what_it_signed_and_nothing_else) {
  const KeyPtr public_key = load_public(GetParam(), material_->public_key).value();
  for (const std::string_view message : {"", "a message"}) {
    const Bytes signature = key_->sign(as_bytes(message)).value();
    EXPECT_TRUE(public_key->verify(as_bytes(message), signature).value());
    EXPECT_TRUE(key_->verify(as_bytes(message), signature).value());
    EXPECT_FALSE(public_key->verify(as_bytes("another"), signature).value());
    Bytes changed = signature;
    changed[changed.size() / 2] ^= 1;
    EXPECT_FALSE(public_key->verify(as_bytes(message), changed).value());
    EXPECT_FALSE(public_key->verify(as_bytes(message), {}).value());
    EXPECT_FALSE(
        public_key->verify(as_bytes(message), ByteView(signature).first(signature.size() - 1))
            .value());
  }
  EXPECT_EQ(public_key->sign({}).error().reason, "unsupported_operation");
}

TEST_P(EveryPublicCipher, the_public_half_encrypts_and_cannot_decrypt) {
  const KeyPtr public_key = load_public(GetParam(), material_->public_key).value();
  const Bytes sealed = public_key->encrypt(some_header(), {}, as_bytes("for you")).value();
  const Envelope envelope = parse_envelope(sealed).value();
  EXPECT_EQ(public_key->decrypt(envelope, {}).error().reason, "unsupported_operation");
  EXPECT_EQ(as_text(key_->decrypt(envelope, {}).value()), "for you");
}

TEST_P(EveryAlgorithm, refuses_the_operations_of_other_purposes) {
  const auto refused = [](const auto& result) {
    return !result.has_value() && result.error().reason == "unsupported_operation";
  };
  const Envelope envelope{some_header(), {}, {}};
  EXPECT_EQ(refused(key_->mac({})), !allows(GetParam(), Purpose::kMac));
  EXPECT_EQ(refused(key_->verify_mac({}, {})), !allows(GetParam(), Purpose::kMac));
  EXPECT_EQ(refused(key_->derive({}, 32)), !allows(GetParam(), Purpose::kDerive));
  EXPECT_EQ(refused(key_->unwrap_raw({})), GetParam() != Algorithm::kRsa3072Oaep);
  EXPECT_EQ(refused(key_->wrap_raw(SecretBytes())), GetParam() != Algorithm::kRsa3072Oaep);
  const AlgorithmInfo& row = info(GetParam());
  EXPECT_EQ(refused(key_->encrypt(some_header(), as_bytes("c"), {})), !encrypts(row));
  EXPECT_EQ(refused(key_->decrypt(envelope, {})), !encrypts(row));
  EXPECT_EQ(refused(key_->sign({})), !signs(row));
  EXPECT_EQ(refused(key_->verify({}, {})), !signs(row));
  const auto public_half = load_public(GetParam(), material_->public_key);
  EXPECT_EQ(refused(public_half), !info(GetParam()).asymmetric);
}

TEST_P(EveryAlgorithm, serves_many_threads_at_once) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([this, &wrong, &row = info(GetParam())] {
      for (int round = 0; round < 20; ++round) {
        if (encrypts(row)) {
          const Bytes sealed = key_->encrypt(some_header(), as_bytes("c"), as_bytes("p")).value();
          wrong += !key_->decrypt(parse_envelope(sealed).value(), as_bytes("c")).has_value();
        }
        if (signs(row))
          wrong += !key_->verify(as_bytes("m"), key_->sign(as_bytes("m")).value()).value();
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Key, default_suite_costs_100_bytes) {
  const KeyPtr key =
      load(Algorithm::kAes256Gcm, generate(Algorithm::kAes256Gcm).value().secret).value();
  EXPECT_EQ(key->encrypt(some_header(), {}, Bytes(1000)).value().size(), 1100U);
}

TEST(Key, a_ciphertext_of_another_suite_is_refused) {
  const Material material = generate(Algorithm::kAes256Gcm).value();
  const KeyPtr chunked = load(Algorithm::kAes256Gcm, material.secret).value();
  const KeyPtr counted = load(Algorithm::kAes256GcmCounted, material.secret).value();
  const Bytes sealed = counted->encrypt(some_header(), {}, Bytes(100)).value();
  EXPECT_EQ(chunked->decrypt(parse_envelope(sealed).value(), {}).error().reason, "decrypt_failed");
}

TEST(Key, deterministic_encryption_demands_a_context) {
  const KeyPtr key =
      load(Algorithm::kAes256Siv, generate(Algorithm::kAes256Siv).value().secret).value();
  EXPECT_EQ(key->encrypt(some_header(), {}, as_bytes("p")).error().reason, "context_required");
}

TEST(Key, rsa_refuses_what_does_not_fit) {
  const Material& material = material_of(Algorithm::kRsa3072Oaep);
  const KeyPtr key = load_public(Algorithm::kRsa3072Oaep, material.public_key).value();
  EXPECT_TRUE(key->encrypt(some_header(), {}, Bytes(318)).has_value());
  EXPECT_EQ(key->encrypt(some_header(), {}, Bytes(319)).error().reason, "plaintext_too_large");
  EXPECT_EQ(load_public(Algorithm::kRsa4096Oaep, material.public_key).error().reason, "bad_key");
  EXPECT_EQ(load(Algorithm::kRsa4096Pss, material.secret).error().reason, "bad_key");
}

TEST(Key, rsa_wraps_and_unwraps_without_an_envelope) {
  const Material& material = material_of(Algorithm::kRsa3072Oaep);
  const KeyPtr recipient = load_public(Algorithm::kRsa3072Oaep, material.public_key).value();
  const KeyPtr key = load(Algorithm::kRsa3072Oaep, material.secret).value();
  const SecretBytes secret = secret_from_hex(std::string(64, '5'));
  Bytes wrapped = recipient->wrap_raw(secret).value();
  EXPECT_EQ(wrapped.size(), 384U);
  EXPECT_TRUE(equal_constant_time(key->unwrap_raw(wrapped).value(), secret));
  EXPECT_EQ(recipient->unwrap_raw(wrapped).error().reason, "unsupported_operation");
  EXPECT_EQ(recipient->wrap_raw(SecretBytes(319)).error().reason, "plaintext_too_large");
  wrapped[10] ^= 1;
  EXPECT_EQ(key->unwrap_raw(wrapped).error().reason, "decrypt_failed");
}

TEST(Key, derives_with_its_label_and_within_sizes) {
  const SecretBytes secret = secret_from_hex(std::string(64, '1'));
  const KeyPtr key = load(Algorithm::kHkdfSha256, secret).value();
  const SecretBytes derived = key->derive(as_bytes("orders"), 48).value();
  // Computed with Python's hmac module.
  EXPECT_EQ(to_hex(derived.reveal(Reveal{})),
            "f75e981bd79c07e2805d9fd84a67762f223d14d5f2467d43e28d4cbaf03e595d94480dbda383f976ca1de6"
            "8fa1a11c83");
  EXPECT_EQ(key->derive({}, 15).error().reason, "bad_size");
  EXPECT_EQ(key->derive({}, 65).error().reason, "bad_size");
  EXPECT_EQ(key->derive({}, 64).value().size(), 64U);
}

TEST(Key, verifies_only_full_macs) {
  const KeyPtr key =
      load(Algorithm::kHmacSha384, generate(Algorithm::kHmacSha384).value().secret).value();
  const Bytes tag = key->mac(as_bytes("message")).value();
  EXPECT_EQ(tag.size(), 48U);
  EXPECT_TRUE(key->verify_mac(as_bytes("message"), tag).value());
  EXPECT_FALSE(key->verify_mac(as_bytes("message"), ByteView(tag).first(47)).value());
  EXPECT_FALSE(key->verify_mac(as_bytes("massage"), tag).value());
  EXPECT_FALSE(key->verify_mac(as_bytes("message"), {}).value());
}

TEST(Key, broken_stored_material_is_data_loss) {
  for (const AlgorithmInfo& row : algorithms()) {
    if (!available(row.algorithm)) continue;
    for (const std::size_t size : {0U, 1U, 7U, 20'000U}) {
      const auto loaded = load(row.algorithm, SecretBytes(size));
      ASSERT_FALSE(loaded.has_value()) << row.name;
      EXPECT_EQ(loaded.error().code, Code::kDataLoss) << row.name;
    }
    if (!row.asymmetric) continue;
    EXPECT_EQ(load_public(row.algorithm, Bytes(50)).error().code, Code::kDataLoss) << row.name;
  }
}

TEST(Key, what_the_library_lacks_is_refused_and_never_replaced) {
  for (const AlgorithmInfo& row : algorithms()) {
    if (available(row.algorithm)) continue;
    EXPECT_EQ(generate(row.algorithm).error().reason, "algorithm_unavailable") << row.name;
    EXPECT_EQ(check_import(row.algorithm, SecretBytes(54)).error().reason, "algorithm_unavailable")
        << row.name;
    EXPECT_EQ(load(row.algorithm, SecretBytes(54)).error().reason, "algorithm_unavailable")
        << row.name;
  }
}

}  // namespace
}  // namespace kw::crypto
