#include "rotation/ceremony.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "codec/base64.h"
#include "crypto/digest.h"
#include "rotation/incident_room_for_test.h"

namespace kw::rotation {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// Performs into a table; what it would do hangs on `state`.
class Work final : public Perform {
 public:
  Result<std::string> request_hash(store::Reader&, std::string_view operation,
                                   std::string_view object) override {
    if (operation != "kek.rotate" && operation != "root.reseal")
      return error(Code::kInvalidArgument, "unknown_operation", "");
    const std::string all = std::string(operation) + " " + std::string(object) + " " + state;
    return codec::hex(crypto::sha256(as_bytes(all)));
  }
  Status perform(Change change, const Ceremony& ceremony) override {
    if (fails) return error(Code::kUnavailable, "sealed", "");
    KW_OK(change.tx.execute("INSERT INTO performed (id) VALUES ($1)", {ceremony.id.bytes()}));
    return ok();
  }
  std::string state = "epoch 7";
  bool fails = false;
};

class CeremonyTest : public testing::Test {
 protected:
  void SetUp() override {
    const store::Migration table{"performed", 1, "CREATE TABLE performed (id BYTEA PRIMARY KEY)"};
    ASSERT_EQ(why(room_.store().migrate({&table, 1})), "");
  }
  static CeremonyRequest request() {
    CeremonyRequest wanted;
    wanted.operation = "kek.rotate";
    wanted.object = "acme";
    wanted.threshold = 2;
    wanted.custodians = {"cora", "carl", "cyd"};
    wanted.witnesses = {"walt", "wanda"};
    return wanted;
  }
  std::string open(const CeremonyRequest& wanted, std::string_view who = "olga") {
    return room_.write(
        [&](Change change) -> Status {
          KW_TRY(ceremony_, ceremonies_.open(change, wanted));
          return ok();
        },
        who);
  }
  std::string acknowledge(std::string_view who, std::string_view hash = "") {
    return room_.write(
        [&](Change change) -> Status {
          KW_TRY(ceremony_, ceremonies_.acknowledge(
                                change, ceremony_.id,
                                hash.empty() ? std::string_view(ceremony_.request_hash) : hash));
          return ok();
        },
        who);
  }
  std::string perform(std::string_view who = "olga") {
    return room_.write(
        [&](Change change) -> Status {
          KW_TRY(ceremony_, ceremonies_.perform(change, ceremony_.id));
          return ok();
        },
        who);
  }
  std::string cancel(std::string_view who) {
    return room_.write(
        [&](Change change) -> Status {
          KW_TRY(ceremony_, ceremonies_.cancel(change, ceremony_.id));
          return ok();
        },
        who);
  }
  void all_acknowledge() {
    for (const char* who : {"carl", "cyd", "wanda", "walt", "olga"})
      EXPECT_EQ(acknowledge(who), "") << who;
  }
  std::int64_t performed() { return room_.number("SELECT count(*) FROM performed"); }

  IncidentRoom room_;
  Work work_;
  Ceremonies ceremonies_{room_.log(), room_.clock(), work_, room_.proof()};
  Ceremony ceremony_;
};

TEST_F(CeremonyTest, executes_once_when_all_have_acknowledged) {
  EXPECT_EQ(open(request()), "");
  EXPECT_EQ(perform(), "ceremony_open");
  all_acknowledge();
  EXPECT_EQ(ceremony_.state, CeremonyState::kComplete);
  EXPECT_EQ(performed(), 0);
  EXPECT_EQ(perform("carl"), "not_the_operator");
  EXPECT_EQ(perform(), "");
  EXPECT_EQ(performed(), 1);
  EXPECT_EQ(perform(), "ceremony_closed");
  EXPECT_EQ(acknowledge("cora"), "ceremony_closed");
  EXPECT_EQ(cancel("walt"), "ceremony_closed");
  EXPECT_EQ(performed(), 1);
}

TEST_F(CeremonyTest, keeps_the_order) {
  EXPECT_EQ(open(request()), "");
  EXPECT_EQ(acknowledge("olga"), "wrong_order");
  EXPECT_EQ(acknowledge("walt"), "wrong_order");
  EXPECT_EQ(acknowledge("carl"), "");
  EXPECT_EQ(acknowledge("carl"), "already_acknowledged");
  EXPECT_EQ(acknowledge("walt"), "wrong_order");
  EXPECT_EQ(acknowledge("cora"), "");
  EXPECT_EQ(acknowledge("olga"), "wrong_order");
  EXPECT_EQ(acknowledge("walt"), "");
  EXPECT_EQ(acknowledge("cyd"), "wrong_order");
  EXPECT_EQ(acknowledge("olga"), "wrong_order");
  EXPECT_EQ(acknowledge("wanda"), "");
  EXPECT_EQ(acknowledge("olga"), "");
  EXPECT_EQ(acknowledge("mallory"), "not_a_participant");
}

TEST_F(CeremonyTest, gives_nobody_two_roles) {
  const auto refused = [&](const std::function<void(CeremonyRequest&)>& change,
                           std::string_view who = "olga") {
    CeremonyRequest wanted = request();
    change(wanted);
    return open(wanted, who);
  };
  EXPECT_EQ(refused([](auto& one) { one.witnesses = {"carl"}; }), "bad_ceremony");
  EXPECT_EQ(refused([](auto& one) { one.witnesses = {"Carl"}; }), "bad_ceremony");
  EXPECT_EQ(refused([](auto& one) { one.custodians = {"carl", "carl"}; }), "bad_ceremony");
  EXPECT_EQ(refused([](auto&) {}, "walt"), "bad_ceremony");
  EXPECT_EQ(refused([](auto&) {}, "CYD"), "bad_ceremony");
  EXPECT_EQ(refused([](auto& one) { one.threshold = 1; }), "bad_ceremony");
  EXPECT_EQ(refused([](auto& one) { one.threshold = 4; }), "bad_ceremony");
  EXPECT_EQ(refused([](auto& one) { one.witnesses.clear(); }), "bad_ceremony");
  EXPECT_EQ(refused([](auto& one) { one.custodians = {"carl\n", "cyd"}; }), "bad_ceremony");
  EXPECT_EQ(refused([](auto& one) { one.object = "a b"; }), "bad_ceremony");
  EXPECT_EQ(refused([](auto& one) { one.valid = seconds(59); }), "bad_ceremony");
  EXPECT_EQ(refused([](auto& one) { one.valid = hours(25); }), "bad_ceremony");
  EXPECT_EQ(refused([](auto& one) { one.valid = seconds::max(); }), "bad_ceremony");
  EXPECT_EQ(refused([](auto& one) { one.operation = "coffee.make"; }), "unknown_operation");
  EXPECT_EQ(refused([](auto&) {}), "");
}

TEST_F(CeremonyTest, runs_out_of_time_also_when_the_clock_goes_back) {
  EXPECT_EQ(open(request()), "");
  EXPECT_EQ(acknowledge("carl"), "");
  room_.clock().advance(seconds(3'599));
  EXPECT_EQ(acknowledge("cyd"), "");
  room_.clock().jump_wall(-hours(1));
  EXPECT_EQ(acknowledge("walt"), "");
  EXPECT_EQ(acknowledge("wanda"), "");
  EXPECT_EQ(acknowledge("olga"), "");
  room_.clock().advance(hours(1) + seconds(1));
  EXPECT_EQ(perform(), "ceremony_closed");
  EXPECT_EQ(performed(), 0);
}

TEST_F(CeremonyTest, executes_only_what_was_shown) {
  EXPECT_EQ(open(request()), "");
  EXPECT_EQ(acknowledge("carl", std::string(64, 'a')), "operation_changed");
  all_acknowledge();
  work_.state = "epoch 8";
  EXPECT_EQ(perform(), "operation_changed");
  EXPECT_EQ(performed(), 0);
  work_.state = "epoch 7";
  work_.fails = true;
  EXPECT_EQ(perform(), "sealed");
  work_.fails = false;
  EXPECT_EQ(perform(), "");
}

TEST_F(CeremonyTest, is_cancelled_by_participants_alone) {
  EXPECT_EQ(open(request()), "");
  EXPECT_EQ(cancel("mallory"), "not_a_participant");
  EXPECT_EQ(cancel("walt"), "");
  EXPECT_EQ(acknowledge("carl"), "ceremony_closed");
}

TEST_F(CeremonyTest, notices_a_forged_row) {
  EXPECT_EQ(open(request()), "");
  EXPECT_EQ(room_.run("UPDATE ceremony SET body = replace(body, 'carl', 'mallory')"), "");
  EXPECT_EQ(acknowledge("mallory"), "row_tampered");
}

TEST_F(CeremonyTest, has_a_transcript_that_verifies_offline) {
  EXPECT_EQ(open(request()), "");
  EXPECT_EQ(why(ceremonies_.transcript(room_.store(), ceremony_.id)), "ceremony_open");
  all_acknowledge();
  EXPECT_EQ(perform(), "");
  const auto file = ceremonies_.transcript(room_.store(), ceremony_.id);
  ASSERT_EQ(why(file), "");
  const auto report = verify_evidence(*file, room_.verifier_key());
  ASSERT_EQ(why(report), "");
  EXPECT_EQ(report->problem, "");
  EXPECT_EQ(report->kind, "ceremony");
  EXPECT_EQ(report->entries, 7U);
}

// A signer that lies about the rules is found out by the verifier, not only a changed file.
TEST_F(CeremonyTest, a_signed_transcript_must_also_keep_the_rules) {
  EXPECT_EQ(open(request()), "");
  all_acknowledge();
  EXPECT_EQ(perform(), "");
  const auto problem = [&](const std::function<void(Ceremony&)>& change) {
    Ceremony told = ceremony_;
    change(told);
    EvidenceDraft draft;
    draft.kind = "ceremony";
    draft.id = told.id.text();
    draft.facts = ceremony_json(told);
    draft.checkpoint = room_.log().checkpoint().value();
    const auto file = sign_evidence(draft, *room_.log().signer(), room_.verifier_key());
    EXPECT_EQ(why(file), "");
    return verify_evidence(*file, room_.verifier_key()).value().problem;
  };
  EXPECT_EQ(problem([](Ceremony&) {}), "");
  EXPECT_EQ(problem([](Ceremony& one) {
              std::swap(one.participants[1].order, one.participants[3].order);
            }),
            "wrong_order");
  EXPECT_EQ(problem([](Ceremony& one) {
              one.participants[2].order = 0;
              one.participants[2].acknowledged_at.reset();
            }),
            "wrong_order");
  EXPECT_EQ(problem([](Ceremony& one) {
              one.participants.back().order = 0;
              one.participants.back().acknowledged_at.reset();
            }),
            "not_complete");
  EXPECT_EQ(problem([](Ceremony& one) { one.participants[1].principal = "WALT"; }), "bad_ceremony");
  EXPECT_EQ(problem([](Ceremony& one) { one.participants[1].seen_hash[0] ^= 1; }),
            "operation_changed");
  EXPECT_EQ(problem([](Ceremony& one) { one.threshold = 3; }), "wrong_order");
  EXPECT_EQ(problem([](Ceremony& one) { one.performed_at = one.expires_at; }), "out_of_time");
  EXPECT_EQ(problem([](Ceremony& one) { one.state = CeremonyState::kComplete; }), "not_complete");
}

TEST_F(CeremonyTest, lists_the_newest_first) {
  EXPECT_EQ(open(request()), "");
  room_.clock().advance(seconds(1));
  EXPECT_EQ(open(request()), "");
  EXPECT_EQ(why(room_.store().read([&](store::Reader& reader) -> Status {
              KW_TRY(const auto all, ceremonies_.list(reader, 10));
              EXPECT_EQ(all.size(), 2U);
              EXPECT_EQ(all[0].id, ceremony_.id);
              KW_OK(ceremonies_.list(reader, 0));
              return ok();
            })),
            "bad_limit");
}

}  // namespace
}  // namespace kw::rotation
