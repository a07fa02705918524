#include "keys/reencryption_cipher.h"

#include "crypto/envelope.h"
#include "crypto/random.h"
#include "keys/house_for_test.h"
#include "keys/message_budget.h"
#include "keys/usage.h"

namespace kw::keys {
namespace {

class ReencryptionCipherTest : public testing::Test {
 protected:
  ReencryptionCipherTest() {
    must(house.create("orders", crypto::Algorithm::kAes256Gcm));
    first = must(uses.encrypt(house.key("orders"), 0, aad, as_bytes("card 4711"), "a")).content;
    must(house.rotate("orders"));
    cipher = must(ReencryptionCipher::open(*house.keyring, uses, "acme", "orders"));
  }
  std::string plain(const Bytes& envelope) {
    const auto opened = must(uses.decrypt(house.key("orders"), envelope, aad, "a"));
    return std::string(as_text(opened.content));
  }

  TestHouse house;
  UsageLedger usage{*house.store, house.clock};
  MessageBudget budget{*house.store, {}};
  Operations uses{*house.keyring, usage, budget, house.clock};
  const ByteView aad = as_bytes("acme/orders/card/1");
  Bytes first;
  std::unique_ptr<ReencryptionCipher> cipher;
};

TEST_F(ReencryptionCipherTest, moves_a_ciphertext_to_the_named_version) {
  EXPECT_EQ(cipher->inspect(first), 1U);
  const Bytes second = must(cipher->reencrypt(first, aad, 2));
  EXPECT_EQ(cipher->inspect(second), 2U);
  EXPECT_EQ(plain(second), "card 4711");
}

TEST_F(ReencryptionCipherTest, a_text_form_stays_a_text_form) {
  const std::string text = crypto::envelope_text(first);
  const Bytes moved = must(cipher->reencrypt(as_bytes(text), aad, 2));
  EXPECT_TRUE(as_text(moved).starts_with("kw1:"));
  EXPECT_EQ(cipher->inspect(moved), 2U);
  EXPECT_EQ(plain(must(crypto::envelope_from_text(as_text(moved)))), "card 4711");
}

TEST_F(ReencryptionCipherTest, tells_what_is_wrong_with_an_item) {
  EXPECT_EQ(reason_of(cipher->reencrypt(as_bytes("plain text"), aad, 2)), "not_ours");
  Bytes damaged = first;
  damaged.back() ^= 1;
  EXPECT_EQ(reason_of(cipher->reencrypt(damaged, aad, 2)), "tag_invalid");
  EXPECT_EQ(reason_of(cipher->reencrypt(first, as_bytes("acme/orders/card/2"), 2)), "tag_invalid");
  EXPECT_EQ(reason_of(cipher->reencrypt(ByteView(first).first(30), aad, 2)), "tag_invalid");
  const std::string cut = crypto::envelope_text(first).substr(0, 41);
  EXPECT_EQ(reason_of(cipher->reencrypt(as_bytes(cut), aad, 2)), "tag_invalid");
  Bytes unknown = first;
  unknown[23] = 77;
  EXPECT_EQ(cipher->inspect(unknown), 77U);
  EXPECT_EQ(reason_of(cipher->reencrypt(unknown, aad, 2)), "kid_missing");
}

TEST_F(ReencryptionCipherTest, another_keys_ciphertext_is_not_ours) {
  must(house.create("other", crypto::Algorithm::kAes256Gcm));
  const Bytes foreign = must(uses.encrypt(house.key("other"), 0, aad, aad, "a")).content;
  EXPECT_EQ(cipher->inspect(foreign), std::nullopt);
  EXPECT_EQ(reason_of(cipher->reencrypt(foreign, aad, 2)), "not_ours");
}

TEST_F(ReencryptionCipherTest, a_target_that_may_not_protect_stops_the_batch) {
  house.clock.advance(std::chrono::hours(1));
  const Bytes second = must(cipher->reencrypt(first, aad, 2));
  const auto back = cipher->reencrypt(second, aad, 1);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, Code::kFailedPrecondition);
  EXPECT_EQ(back.error().reason, "version_state");
}

class GrantTest : public ReencryptionCipherTest {
 protected:
  GrantTest() {
    must(house.move("orders", 1, VersionState::kRevoked));
    granted = must(ReencryptionCipher::open(*house.keyring, uses, "acme", "orders", [this] {
      return ReencryptionGrant::load(*house.keyring, job);
    }));
  }
  void grant(const rotation::Versions& versions) {
    must(house.change([&](Change change) -> Status {
      return grant_reencryption(*house.keyring, change, {"key", "acme", "orders"}, versions, job);
    }));
  }
  const JobId job = crypto::random_id<JobId>();
  std::unique_ptr<ReencryptionCipher> granted;
};

TEST_F(GrantTest, opens_a_revoked_version_for_its_job_alone) {
  EXPECT_EQ(reason_of(granted->reencrypt(first, aad, 2)), "version_state");
  grant({1});
  EXPECT_EQ(plain(must(granted->reencrypt(first, aad, 2))), "card 4711");
  EXPECT_EQ(reason_of(cipher->reencrypt(first, aad, 2)), "version_state") << "another job's";
  EXPECT_EQ(reason_of(uses.decrypt(house.key("orders"), first, aad, "a")), "version_state");
  EXPECT_EQ(reason_of(uses.rewrap(house.key("orders"), first, aad, "a")), "version_state");
}

TEST_F(GrantTest, ends_by_itself) {
  grant({1});
  EXPECT_EQ(reason_of(granted->reencrypt(first, aad, 2)), "");
  house.clock.advance(kGrantLife);
  EXPECT_EQ(reason_of(granted->reencrypt(first, aad, 2)), "grant_over");
}

TEST_F(GrantTest, covers_its_versions_and_nothing_that_is_stopped_otherwise) {
  must(house.rotate("orders"));
  const Bytes second = must(uses.encrypt(house.key("orders"), 2, aad, as_bytes("x"), "a")).content;
  must(house.move("orders", 2, VersionState::kSuspended));
  grant({2});
  EXPECT_EQ(reason_of(granted->reencrypt(first, aad, 3)), "version_state");
  EXPECT_EQ(reason_of(granted->reencrypt(second, aad, 3)), "version_state") << "suspended";
}

TEST_F(GrantTest, is_not_believed_without_its_mac) {
  grant({2});
  must(house.tamper("UPDATE key_reencryption_grant SET versions = x'00000001'"));
  EXPECT_EQ(reason_of(granted->reencrypt(first, aad, 2)), "row_tampered");
}

TEST_F(ReencryptionCipherTest, its_work_is_in_the_usage_ledger) {
  must(cipher->reencrypt(first, aad, 2));
  must(usage.flush("node-1", 0));
  bool seen = false;
  for (const UsageRow& row : must(usage.usage(house.key("orders").id, WallTime{})))
    seen |= row.caller == kReencryptionCaller && row.version == 1;
  EXPECT_TRUE(seen);
}

TEST_F(ReencryptionCipherTest, a_signing_key_has_nothing_to_re_encrypt) {
  must(house.create("signer", crypto::Algorithm::kEd25519));
  EXPECT_EQ(reason_of(ReencryptionCipher::open(*house.keyring, uses, "acme", "signer")),
            "wrong_purpose");
}

}  // namespace
}  // namespace kw::keys
