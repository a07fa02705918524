// What a verification says about signatures of versions that are over, stopped or compromised.
#include "keys/house_for_test.h"
#include "keys/message_budget.h"
#include "keys/operations.h"
#include "keys/usage.h"

namespace kw::keys {
namespace {

using crypto::Algorithm;
using std::chrono::hours;
using enum VersionState;

const ByteView kMessage = as_bytes("attack at dawn");

class SignatureVerdicts : public testing::Test {
 protected:
  void SetUp() override {
    must(house.create("k", Algorithm::kEcdsaP256));
    signature = must(uses.sign(house.key("k"), 0, kMessage, "app")).content;
    must(house.rotate("k"));
  }
  void revoke(std::optional<WallTime> compromised_at) {
    Keyring::Move move;
    move.to = kRevoked;
    move.reason = "leak";
    move.compromised_at = compromised_at;
    must(house.move("k", 1, move));
  }
  std::string verdict(std::optional<WallTime> signed_at = {}, Witness witness = {}) {
    const SignatureClaim claim{kMessage, signature, crypto::SignatureForm::kDer, signed_at,
                               std::move(witness)};
    return std::string(verdict_name(must(uses.verify(house.key("k"), 0, claim, "app")).verdict));
  }
  static Witness recorded(std::optional<WallTime> at) {
    return [at](const Version&, ByteView) { return at; };
  }

  TestHouse house;
  UsageLedger usage{*house.store, house.clock};
  MessageBudget budget{*house.store, MessageBudget::Options{4, 16}};
  Operations uses{*house.keyring, usage, budget, house.clock};
  Bytes signature;
};

TEST_F(SignatureVerdicts, a_version_that_ended_in_order_still_proves_its_signatures) {
  EXPECT_EQ(verdict(), "valid");
  must(house.move("k", 1, kRetired));
  EXPECT_EQ(verdict(), "valid_retired");
  must(house.move("k", 1, kArchived));
  EXPECT_EQ(verdict(), "valid_retired");
  must(house.move("k", 1, kDestroying));
  EXPECT_EQ(verdict(), "valid_retired");
  house.clock.advance(hours(31 * 24));
  ASSERT_EQ(must(house.keyring->destroy_due(house.event)), 1);
  EXPECT_EQ(verdict(), "valid_retired");
}

TEST_F(SignatureVerdicts, a_compromised_version_proves_nothing_by_itself) {
  const WallTime leaked = house.clock.wall() + hours(1);
  revoke(leaked);
  EXPECT_EQ(verdict(), "untrusted");
  EXPECT_EQ(verdict(leaked - hours(1)), "untrusted");  // anybody can say so
  EXPECT_EQ(verdict(leaked), "signed_after_compromise");
  EXPECT_EQ(verdict({}, recorded(std::nullopt)), "untrusted");
  EXPECT_EQ(verdict({}, recorded(leaked - std::chrono::seconds(1))), "valid_before_compromise");
  EXPECT_EQ(verdict({}, recorded(leaked)), "signed_after_compromise");
}

TEST_F(SignatureVerdicts, without_a_time_of_the_compromise_no_record_helps) {
  revoke(std::nullopt);
  EXPECT_EQ(verdict({}, recorded(WallTime{})), "untrusted");
}

TEST_F(SignatureVerdicts, a_wrong_signature_is_invalid_whatever_the_record_says) {
  revoke(house.clock.wall());
  signature.back() ^= 1;
  EXPECT_EQ(verdict({}, recorded(WallTime{})), "invalid");
}

TEST_F(SignatureVerdicts, only_three_verdicts_may_be_relied_on) {
  int relied = 0;
  for (int i = 0; i < 6; ++i) relied += relied_on(static_cast<Verdict>(i)) ? 1 : 0;
  EXPECT_EQ(relied, 3);
  EXPECT_FALSE(relied_on(Verdict::kUntrusted));
  EXPECT_FALSE(relied_on(Verdict::kSignedAfterCompromise));
}

TEST_F(SignatureVerdicts, the_raw_form_is_understood_and_only_where_it_is_named) {
  const Bytes raw =
      must(crypto::in_form(Algorithm::kEcdsaP256, crypto::SignatureForm::kJose, signature));
  const auto judged = [&](ByteView evidence, crypto::SignatureForm form) {
    return must(uses.verify(house.key("k"), 0, SignatureClaim{kMessage, evidence, form}, "app"))
        .verdict;
  };
  EXPECT_EQ(judged(raw, crypto::SignatureForm::kJose), Verdict::kValid);
  EXPECT_EQ(judged(raw, crypto::SignatureForm::kDer), Verdict::kInvalid);
  EXPECT_EQ(judged(signature, crypto::SignatureForm::kJose), Verdict::kInvalid);
}

}  // namespace
}  // namespace kw::keys
