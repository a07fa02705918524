#include "keys/operations.h"

#include "base/reveal.h"
#include "keys/house_for_test.h"
#include "keys/message_budget.h"
#include "keys/usage.h"

namespace kw::keys {
namespace {

using crypto::Algorithm;
using enum VersionState;

const ByteView kMessage = as_bytes("attack at dawn");
const ByteView kContext = as_bytes("tenant 7");

class Uses : public testing::Test {
 protected:
  /// A key called like its algorithm.
  Key make(Algorithm algorithm) {
    const std::string name(crypto::info(algorithm).name);
    must(house.create(name, algorithm));
    return house.key(name);
  }
  Key now(const Key& key) { return house.key(key.name); }
  void rotate(const Key& key) { must(house.rotate(key.name)); }
  void move(const Key& key, std::uint32_t version, VersionState to) {
    Keyring::Move wanted;
    wanted.to = to;
    must(house.move(key.name, version, wanted));
  }
  std::int64_t uses(const Key& key, std::uint32_t version, std::string_view operation) {
    std::int64_t count = 0;
    for (const UsageRow& row : must(usage.usage(key.id, WallTime{}))) {
      if (row.version == version && row.operation == operation && row.caller == "app")
        count += row.count;
    }
    return count;
  }
  std::string opened(const Key& key, const Bytes& envelope, ByteView aad = kContext) {
    const auto plaintext = uses_.decrypt(key, envelope, aad, "app");
    if (!plaintext) return plaintext.error().reason;
    return std::string(as_text(plaintext->content));
  }

  TestHouse house;
  UsageLedger usage{*house.store, house.clock};
  MessageBudget budget{*house.store, MessageBudget::Options{4, 16}};
  Operations uses_{*house.keyring, usage, budget, house.clock};
};

TEST_F(Uses, every_available_algorithm_makes_its_round_trip_before_and_after_a_rotation) {
  int tried = 0;
  for (const crypto::AlgorithmInfo& each : crypto::algorithms()) {
    if (!crypto::available(each.algorithm)) continue;
    SCOPED_TRACE(each.name);
    ++tried;
    const Key first = make(each.algorithm);
    switch (first.purpose) {
      case crypto::Purpose::kSign: {
        const auto made = must(uses_.sign(first, 0, kMessage, "app"));
        rotate(first);
        const Key second = now(first);
        const auto found = must(uses_.verify(second, 0, kMessage, made.content, "app"));
        EXPECT_EQ(found.verdict, Verdict::kValid);
        EXPECT_EQ(found.version, 1u);
        EXPECT_EQ(must(uses_.verify(second, 0, kContext, made.content, "app")).verdict,
                  Verdict::kInvalid);
        EXPECT_EQ(must(uses_.verify(second, 2, kMessage, made.content, "app")).verdict,
                  Verdict::kInvalid);
        break;
      }
      case crypto::Purpose::kMac: {
        const auto made = must(uses_.mac(first, 0, kMessage, "app"));
        rotate(first);
        const auto found = must(uses_.verify_mac(now(first), 0, kMessage, made.content, "app"));
        EXPECT_EQ(found.verdict, Verdict::kValid);
        EXPECT_EQ(found.version, 1u);
        break;
      }
      case crypto::Purpose::kDerive: {
        const auto made = must(uses_.derive(first, 0, kContext, 32, "app"));
        rotate(first);
        const auto other = must(uses_.derive(now(first), 0, kContext, 32, "app"));
        const auto again = must(uses_.derive(now(first), 1, kContext, 32, "app"));
        EXPECT_FALSE(equal_constant_time(made.content, other.content));
        EXPECT_TRUE(equal_constant_time(made.content, again.content));
        break;
      }
      default: {
        const auto made = must(uses_.encrypt(first, 0, kContext, kMessage, "app"));
        EXPECT_EQ(made.version, 1u);
        rotate(first);
        EXPECT_EQ(opened(now(first), made.content), "attack at dawn");
        const auto wrapped = must(uses_.rewrap(now(first), made.content, kContext, "app"));
        EXPECT_EQ(wrapped.version, 2u);
        EXPECT_EQ(opened(now(first), wrapped.content), "attack at dawn");
        EXPECT_EQ(opened(now(first), made.content, kMessage), "decrypt_failed");
      }
    }
  }
  EXPECT_GE(tried, 19);
}

TEST_F(Uses, a_data_key_comes_in_clear_and_wrapped) {
  const Key key = make(Algorithm::kAes256Gcm);
  for (const std::size_t size : {16u, 32u, 64u}) {
    const DataKey made = must(uses_.generate_data_key(key, 0, kContext, size, "app"));
    EXPECT_EQ(made.plaintext.size(), size);
    const auto opened_again = must(uses_.decrypt(key, made.wrapped, kContext, "app"));
    EXPECT_TRUE(same_bytes(opened_again.content, made.plaintext.reveal(Reveal{})));
  }
  for (const std::size_t size : {0u, 15u, 65u})
    EXPECT_EQ(reason_of(uses_.generate_data_key(key, 0, kContext, size, "app")), "bad_size");
}

TEST_F(Uses, one_error_for_every_ciphertext_that_does_not_open) {
  const Key key = make(Algorithm::kAes256Gcm);
  const Key other = must(house.create("other", Algorithm::kAes256Gcm));
  must(house.create("key", Algorithm::kAes256Gcm, "globex"));
  const Bytes good = must(uses_.encrypt(key, 0, kContext, kMessage, "app")).content;
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes bad = good;
    bad[at] ^= 0x01;
    EXPECT_EQ(opened(key, bad), "decrypt_failed") << at;
  }
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_EQ(opened(key, Bytes(good.begin(), good.begin() + static_cast<long>(size))),
              "decrypt_failed")
        << size;
  EXPECT_EQ(opened(other, good), "decrypt_failed");
  EXPECT_EQ(opened(house.key("key", "globex"), good), "decrypt_failed");
  EXPECT_EQ(opened(key, good, as_bytes("")), "decrypt_failed");
  Bytes later = good;
  later[23] = 2;  // the last byte of the version: a version that the key does not have
  EXPECT_EQ(opened(key, later), "decrypt_failed");
}

TEST_F(Uses, a_key_serves_its_purpose_only) {
  const Key cipher = make(Algorithm::kAes256Gcm), signer = make(Algorithm::kEd25519);
  const Key tagger = make(Algorithm::kHmacSha256), deriver = make(Algorithm::kHkdfSha256);
  for (const Key* key : {&signer, &tagger, &deriver}) {
    EXPECT_EQ(reason_of(uses_.encrypt(*key, 0, kContext, kMessage, "app")), "wrong_purpose");
    EXPECT_EQ(reason_of(uses_.decrypt(*key, kMessage, kContext, "app")), "wrong_purpose");
    EXPECT_EQ(reason_of(uses_.rewrap(*key, kMessage, kContext, "app")), "wrong_purpose");
    EXPECT_EQ(reason_of(uses_.generate_data_key(*key, 0, kContext, 32, "app")), "wrong_purpose");
  }
  for (const Key* key : {&cipher, &tagger, &deriver}) {
    EXPECT_EQ(reason_of(uses_.sign(*key, 0, kMessage, "app")), "wrong_purpose");
    EXPECT_EQ(reason_of(uses_.verify(*key, 0, kMessage, kContext, "app")), "wrong_purpose");
  }
  for (const Key* key : {&cipher, &signer, &deriver}) {
    EXPECT_EQ(reason_of(uses_.mac(*key, 0, kMessage, "app")), "wrong_purpose");
    EXPECT_EQ(reason_of(uses_.verify_mac(*key, 0, kMessage, kContext, "app")), "wrong_purpose");
  }
  for (const Key* key : {&cipher, &signer, &tagger})
    EXPECT_EQ(reason_of(uses_.derive(*key, 0, kContext, 32, "app")), "wrong_purpose");
}

TEST_F(Uses, deterministic_encryption_needs_a_context) {
  const Key key = make(Algorithm::kAes256Siv);
  EXPECT_EQ(reason_of(uses_.encrypt(key, 0, {}, kMessage, "app")), "context_required");
  const auto one = must(uses_.encrypt(key, 0, kContext, kMessage, "app"));
  const auto two = must(uses_.encrypt(key, 0, kContext, kMessage, "app"));
  const auto other = must(uses_.encrypt(key, 0, as_bytes("tenant 8"), kMessage, "app"));
  EXPECT_EQ(one.content, two.content);
  EXPECT_NE(one.content, other.content);
}

TEST_F(Uses, an_active_version_protects_only_when_named) {
  const Key key = make(Algorithm::kAes256Gcm);
  Keyring::Rotate canary;
  canary.promote = false;
  must(house.rotate(key.name, canary));
  EXPECT_EQ(must(uses_.encrypt(now(key), 0, {}, kMessage, "app")).version, 1u);
  EXPECT_EQ(must(uses_.encrypt(now(key), 2, {}, kMessage, "app")).version, 2u);
  EXPECT_EQ(reason_of(uses_.encrypt(now(key), 3, {}, kMessage, "app")), "not_found");
}

TEST_F(Uses, a_secondary_protects_only_when_named_and_inside_the_lease_grace) {
  const Key key = make(Algorithm::kAes256Gcm);
  rotate(key);
  house.clock.advance(std::chrono::seconds(59));
  EXPECT_EQ(must(uses_.encrypt(now(key), 1, {}, kMessage, "app")).version, 1u);
  house.clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(reason_of(uses_.encrypt(now(key), 1, {}, kMessage, "app")), "version_state");
  EXPECT_EQ(must(uses_.encrypt(now(key), 0, {}, kMessage, "app")).version, 2u);
}

TEST_F(Uses, retired_and_archived_versions_do_what_the_table_says) {
  const Key cipher = make(Algorithm::kAes256Gcm), signer = make(Algorithm::kEd25519);
  const Key tagger = make(Algorithm::kHmacSha256);
  const Bytes envelope = must(uses_.encrypt(cipher, 0, kContext, kMessage, "app")).content;
  const Bytes signature = must(uses_.sign(signer, 0, kMessage, "app")).content;
  const Bytes tag = must(uses_.mac(tagger, 0, kMessage, "app")).content;
  for (const Key* key : {&cipher, &signer, &tagger}) {
    rotate(*key);
    move(*key, 1, kRetired);
  }
  EXPECT_EQ(opened(now(cipher), envelope), "attack at dawn");
  EXPECT_EQ(reason_of(uses_.encrypt(now(cipher), 1, {}, kMessage, "app")), "version_state");
  EXPECT_EQ(must(uses_.verify_mac(now(tagger), 1, kMessage, tag, "app")).verdict, Verdict::kValid);
  for (const Key* key : {&cipher, &signer, &tagger}) move(*key, 1, kArchived);
  EXPECT_EQ(opened(now(cipher), envelope), "version_state");
  EXPECT_EQ(reason_of(uses_.rewrap(now(cipher), envelope, kContext, "app")), "version_state");
  EXPECT_EQ(must(uses_.verify(now(signer), 0, kMessage, signature, "app")).verdict,
            Verdict::kValidRetired);
  EXPECT_EQ(reason_of(uses_.verify_mac(now(tagger), 1, kMessage, tag, "app")), "version_state");
}

TEST_F(Uses, stopped_versions_are_refused_or_untrusted) {
  for (const VersionState stopped : {kSuspended, kRevoked}) {
    const std::string suffix(state_name(stopped));
    const Key cipher = must(house.create("c-" + suffix, Algorithm::kAes256Gcm));
    const Key signer = must(house.create("s-" + suffix, Algorithm::kEd25519));
    const Key tagger = must(house.create("m-" + suffix, Algorithm::kHmacSha256));
    const Bytes envelope = must(uses_.encrypt(cipher, 0, kContext, kMessage, "app")).content;
    const Bytes signature = must(uses_.sign(signer, 0, kMessage, "app")).content;
    const Bytes tag = must(uses_.mac(tagger, 0, kMessage, "app")).content;
    for (const Key* key : {&cipher, &signer, &tagger}) move(*key, 1, stopped);
    EXPECT_EQ(opened(now(cipher), envelope), "version_state");
    EXPECT_EQ(reason_of(uses_.encrypt(now(cipher), 1, {}, kMessage, "app")), "version_state");
    EXPECT_EQ(must(uses_.encrypt(now(cipher), 0, {}, kMessage, "app")).version, 2u);
    const Verified verified = must(uses_.verify(now(signer), 0, kMessage, signature, "app"));
    EXPECT_EQ(verified.verdict, Verdict::kUntrusted);
    EXPECT_EQ(verified.version, 1u);
    EXPECT_EQ(verified.reason, state_name(stopped));
    EXPECT_EQ(must(uses_.verify(now(signer), 1, kContext, signature, "app")).verdict,
              Verdict::kInvalid);
    EXPECT_EQ(must(uses_.verify_mac(now(tagger), 1, kMessage, tag, "app")).verdict,
              Verdict::kUntrusted);
    EXPECT_EQ(must(uses_.verify_mac(now(tagger), 0, kMessage, tag, "app")).verdict,
              Verdict::kInvalid);
  }
}

TEST_F(Uses, a_destroyed_signing_version_still_explains_its_signatures) {
  const Key key = make(Algorithm::kEcdsaP256);
  const Bytes signature = must(uses_.sign(key, 0, kMessage, "app")).content;
  move(key, 1, kRevoked);
  move(key, 1, kDestroying);
  house.clock.advance(std::chrono::hours(31 * 24));
  ASSERT_EQ(must(house.keyring->destroy_due(house.event)), 1);
  const Verified verified = must(uses_.verify(now(key), 0, kMessage, signature, "app"));
  EXPECT_EQ(verified.verdict, Verdict::kUntrusted);
  EXPECT_EQ(verified.reason, "destroyed");
}

TEST_F(Uses, a_pending_version_does_nothing) {
  const Key key = make(Algorithm::kEd25519);
  const auto material = must(crypto::generate(Algorithm::kEd25519));
  NewKey wanted = wanted_key(key.name, Algorithm::kEd25519);
  must(house.change(
      [&](Change c) { return house.keyring->import(c, "acme", wanted, material.secret); }));
  EXPECT_EQ(reason_of(uses_.sign(now(key), 2, kMessage, "app")), "version_state");
  EXPECT_EQ(reason_of(uses_.verify(now(key), 2, kMessage, kContext, "app")), "version_state");
}

TEST_F(Uses, without_a_primary_nothing_is_protected_by_default) {
  const Key key = make(Algorithm::kAes256Gcm);
  const Bytes envelope = must(uses_.encrypt(key, 0, kContext, kMessage, "app")).content;
  rotate(key);
  Keyring::Move stop;
  stop.to = kSuspended;
  stop.outage_accepted = true;
  must(house.move(key.name, 2, stop));
  EXPECT_EQ(reason_of(uses_.encrypt(now(key), 0, {}, kMessage, "app")), "no_primary");
  EXPECT_EQ(reason_of(uses_.rewrap(now(key), envelope, kContext, "app")), "no_primary");
  EXPECT_EQ(opened(now(key), envelope), "attack at dawn");
}

TEST_F(Uses, limited_algorithms_stop_before_their_limit) {
  const Key key = make(Algorithm::kAes256GcmCounted);
  int made = 0;
  while (made < 100 && uses_.encrypt(key, 0, {}, kMessage, "app")) ++made;
  EXPECT_EQ(made, 12);  // a quarter below the limit of 16 that this test set
  EXPECT_EQ(reason_of(uses_.encrypt(key, 0, {}, kMessage, "app")), "key_exhausted");
  EXPECT_EQ(reason_of(uses_.generate_data_key(key, 0, {}, 32, "app")), "key_exhausted");
  rotate(key);
  EXPECT_TRUE(uses_.encrypt(now(key), 0, {}, kMessage, "app"));
}

TEST_F(Uses, counts_what_succeeded_under_the_version_that_did_it) {
  const Key key = make(Algorithm::kAes256Gcm);
  const Bytes envelope = must(uses_.encrypt(key, 0, kContext, kMessage, "app")).content;
  rotate(key);
  must(uses_.rewrap(now(key), envelope, kContext, "app"));
  opened(now(key), envelope);
  opened(now(key), envelope, kMessage);
  EXPECT_EQ(uses(key, 1, "encrypt"), 1);
  EXPECT_EQ(uses(key, 1, "decrypt"), 2);  // once to re-wrap
  EXPECT_EQ(uses(key, 2, "rewrap"), 1);
  EXPECT_EQ(uses(key, 2, "decrypt"), 0);
}

TEST_F(Uses, a_signature_without_version_is_tried_on_the_32_likeliest_only) {
  const Key key = make(Algorithm::kEd25519);
  const Bytes signature = must(uses_.sign(key, 0, kMessage, "app")).content;
  for (int i = 0; i < 31; ++i) rotate(key);
  EXPECT_EQ(must(uses_.verify(now(key), 0, kMessage, signature, "app")).version, 1u);
  rotate(key);
  const Verified beyond = must(uses_.verify(now(key), 0, kMessage, signature, "app"));
  EXPECT_EQ(beyond.verdict, Verdict::kInvalid);
  EXPECT_EQ(beyond.version, 0u);
  EXPECT_EQ(must(uses_.verify(now(key), 1, kMessage, signature, "app")).verdict, Verdict::kValid);
}

TEST_F(Uses, operation_names_are_those_of_the_interface) {
  const std::string_view names[] = {"encrypt", "decrypt", "rewrap",     "sign",
                                    "verify",  "mac",     "verify-mac", "generate-data-key",
                                    "derive"};
  for (int i = 0; i < kOperationCount; ++i)
    EXPECT_EQ(operation_name(static_cast<Operation>(i)), names[i]);
}

}  // namespace
}  // namespace kw::keys
