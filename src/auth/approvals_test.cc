#include "auth/approvals.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "auth/room_for_tests.h"

namespace kw::auth {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;

constexpr const char* kPeople[] = {"req", "a1", "a2", "a3", "a4", "a5"};

crypto::Digest256 hash_of(std::string_view request) {
  return crypto::sha256(as_bytes(request));
}

class ApprovalTest : public Room {
 protected:
  void SetUp() override {
    Room::SetUp();
    if (IsSkipped()) return;
    for (const char* name : kPeople) add_principal(name, {{Role::kApprover, "*"}});
    approvals_ = std::make_unique<Approvals>(store(), barrier(), clock());
  }
  void TearDown() override {
    approvals_.reset();
    Room::TearDown();
  }
  Approvals& approvals() { return *approvals_; }

  static Approval wanted(int needed, std::string_view request = "destroy orders v3",
                         std::string_view by = "req") {
    Approval approval;
    approval.operation = "key:destroy";
    approval.tenant = "acme";
    approval.object = "orders";
    approval.summary = "Destroy version 3 of key orders.";
    approval.request_hash = hash_of(request);
    approval.requester = by;
    approval.needed = needed;
    return approval;
  }
  Approval opened(const Approval& approval, seconds valid = hours(1)) {
    Approval result;
    EXPECT_EQ(write([&](store::Tx& tx) -> Status {
                KW_TRY(result, approvals().open(tx, approval, valid));
                return ok();
              }),
              "");
    return result;
  }
  std::string try_open(const Approval& approval, seconds valid = hours(1)) {
    return write([&](store::Tx& tx) -> Status {
      KW_OK(approvals().open(tx, approval, valid));
      return ok();
    });
  }
  std::string approve(const ApprovalId& id, std::string_view who) {
    return write([&](store::Tx& tx) -> Status {
      KW_OK(approvals().approve(tx, id, who));
      return ok();
    });
  }
  std::string reject(const ApprovalId& id, std::string_view who) {
    return write([&](store::Tx& tx) -> Status {
      KW_OK(approvals().reject(tx, id, who));
      return ok();
    });
  }
  std::string consume(const ApprovalId& id, std::string_view who = "req",
                      std::string_view request = "destroy orders v3") {
    return write([&](store::Tx& tx) -> Status {
      KW_OK(approvals().consume(tx, id, who, hash_of(request)));
      return ok();
    });
  }
  Approval shown(const ApprovalId& id) {
    Approval result;
    const Status read = store().read([&](store::Reader& reader) -> Status {
      KW_TRY(result, approvals().show(reader, id));
      return ok();
    });
    EXPECT_EQ(reason(read), "");
    return result;
  }
  std::string state(const ApprovalId& id) {
    return std::string(approval_state_name(shown(id).state));
  }

 private:
  std::unique_ptr<Approvals> approvals_;
};
INSTANTIATE_TEST_SUITE_P(Store, ApprovalTest, testing::Values("sqlite", "postgres"), engine_name);

TEST_P(ApprovalTest, two_others_make_it_usable_once) {
  const Approval opened_one = opened(wanted(2));
  EXPECT_EQ(opened_one.state, ApprovalState::kOpen);
  EXPECT_EQ(opened_one.expires_at, clock().wall() + hours(1));
  EXPECT_EQ(consume(opened_one.id), "approval_open");
  EXPECT_EQ(approve(opened_one.id, "a1"), "");
  EXPECT_EQ(consume(opened_one.id), "approval_open");
  EXPECT_EQ(approve(opened_one.id, "a2"), "");
  const Approval approved = shown(opened_one.id);
  EXPECT_EQ(approved.state, ApprovalState::kApproved);
  EXPECT_EQ(approved.approvers, (std::vector<std::string>{"a1", "a2"}));
  EXPECT_EQ(approved.summary, "Destroy version 3 of key orders.");
  EXPECT_EQ(consume(opened_one.id), "");
  EXPECT_EQ(state(opened_one.id), "spent");
  EXPECT_EQ(consume(opened_one.id), "approval_closed");
  EXPECT_EQ(approve(opened_one.id, "a3"), "approval_closed");
  EXPECT_EQ(reject(opened_one.id, "a3"), "approval_closed");
}

TEST_P(ApprovalTest, nobody_approves_their_own_request_or_twice) {
  const ApprovalId id = opened(wanted(2)).id;
  EXPECT_EQ(approve(id, "req"), "own_request");
  EXPECT_EQ(approve(id, "a1"), "");
  EXPECT_EQ(approve(id, "a1"), "already_voted");
  EXPECT_EQ(reject(id, "a1"), "already_voted");
  EXPECT_EQ(consume(id), "approval_open");
}

TEST_P(ApprovalTest, only_enabled_principals_vote) {
  const ApprovalId id = opened(wanted(1)).id;
  EXPECT_EQ(disable("a1"), "");
  for (const char* who : {"a1", "nobody", "", "A2"}) {
    EXPECT_EQ(approve(id, who), "approver_disabled") << who;
    EXPECT_EQ(reject(id, who), "approver_disabled") << who;
  }
  EXPECT_EQ(state(id), "open");
}

TEST_P(ApprovalTest, a_vote_is_void_when_its_approver_is_disabled_or_changed) {
  const ApprovalId id = opened(wanted(2)).id;
  EXPECT_EQ(approve(id, "a1"), "");
  EXPECT_EQ(approve(id, "a2"), "");
  EXPECT_EQ(state(id), "approved");
  EXPECT_EQ(disable("a1"), "");
  EXPECT_EQ(consume(id), "approval_open");
  PrincipalRecord record = principal("a1");
  record.disabled = false;
  EXPECT_EQ(change([&](store::Tx& tx) { return access().update_principal(tx, record); }), "");
  EXPECT_EQ(consume(id), "approval_open");
  EXPECT_EQ(approve(id, "a1"), "");
  EXPECT_EQ(consume(id), "");
}

TEST_P(ApprovalTest, is_bound_to_requester_and_request) {
  const ApprovalId id = opened(wanted(1)).id;
  EXPECT_EQ(approve(id, "a1"), "");
  EXPECT_EQ(consume(id, "req", "destroy orders v4"), "approval_mismatch");
  EXPECT_EQ(consume(id, "a2"), "approval_mismatch");
  EXPECT_EQ(consume(ApprovalId()), "not_found");
  EXPECT_EQ(consume(id), "");
}

TEST_P(ApprovalTest, expires_and_stays_so_when_the_clock_goes_back) {
  const ApprovalId id = opened(wanted(1), seconds(60)).id;
  const ApprovalId open = opened(wanted(1, "other"), seconds(60)).id;
  EXPECT_EQ(approve(id, "a1"), "");
  clock().advance(seconds(60) - microseconds(1));
  EXPECT_EQ(state(id), "approved");
  clock().advance(microseconds(1));
  EXPECT_EQ(state(id), "expired");
  EXPECT_EQ(consume(id), "approval_closed");
  EXPECT_EQ(approve(open, "a1"), "approval_closed");
  clock().jump_wall(-hours(2));
  EXPECT_EQ(consume(id), "approval_closed");
  EXPECT_EQ(reason(access().flush_last_used()), "");
}

TEST_P(ApprovalTest, expiry_survives_a_restart_with_a_clock_that_went_back) {
  const ApprovalId id = opened(wanted(1), seconds(60)).id;
  EXPECT_EQ(approve(id, "a1"), "");
  clock().advance(hours(1));
  EXPECT_EQ(reason(access().flush_last_used()), "");
  clock().jump_wall(-hours(1));
  Approvals fresh(store(), barrier(), clock());
  EXPECT_EQ(write([&](store::Tx& tx) -> Status {
              KW_OK(fresh.consume(tx, id, "req", hash_of("destroy orders v3")));
              return ok();
            }),
            "approval_closed");
}

TEST_P(ApprovalTest, one_rejection_closes_it) {
  for (const char* who : {"a2", "req"}) {
    const ApprovalId id = opened(wanted(1)).id;
    EXPECT_EQ(approve(id, "a1"), "");
    EXPECT_EQ(reject(id, who), "");
    EXPECT_EQ(state(id), "rejected");
    EXPECT_EQ(consume(id), "approval_closed");
    EXPECT_EQ(approve(id, "a3"), "approval_closed");
  }
}

TEST_P(ApprovalTest, the_same_request_finds_the_same_approval) {
  const Approval first = opened(wanted(2));
  EXPECT_EQ(opened(wanted(2)).id, first.id);
  EXPECT_EQ(opened(wanted(1)).id, first.id);
  EXPECT_NE(opened(wanted(3)).id, first.id);
  EXPECT_NE(opened(wanted(2, "destroy orders v4")).id, first.id);
  EXPECT_NE(opened(wanted(2, "destroy orders v3", "a1")).id, first.id);
  EXPECT_EQ(reject(first.id, "a2"), "");
  EXPECT_NE(opened(wanted(2)).id, first.id);
}

TEST_P(ApprovalTest, refuses_what_is_out_of_range) {
  EXPECT_EQ(try_open(wanted(0)), "bad_approval");
  EXPECT_EQ(try_open(wanted(6)), "bad_approval");
  EXPECT_EQ(try_open(wanted(1), seconds(59)), "bad_approval");
  EXPECT_EQ(try_open(wanted(1), hours(24) + seconds(1)), "bad_approval");
  EXPECT_EQ(try_open(wanted(1, "x", "")), "bad_approval");
  Approval long_summary = wanted(1);
  long_summary.summary.assign(1025, 'x');
  EXPECT_EQ(try_open(long_summary), "bad_approval");
}

TEST_P(ApprovalTest, a_requester_has_at_most_64_open_ones) {
  std::vector<ApprovalId> ids;
  ids.reserve(kOpenApprovalsPerRequesterMax);
  for (int i = 0; i < kOpenApprovalsPerRequesterMax; ++i)
    ids.push_back(opened(wanted(1, std::to_string(i))).id);
  EXPECT_EQ(try_open(wanted(1, "one more")), "too_many_approvals");
  EXPECT_EQ(opened(wanted(1, "7")).id, ids[7]);
  EXPECT_EQ(try_open(wanted(1, "one more", "a1")), "");
  EXPECT_EQ(reject(ids[0], "req"), "");
  EXPECT_EQ(try_open(wanted(1, "one more")), "");
  clock().advance(hours(2));
  EXPECT_EQ(try_open(wanted(1, "after expiry")), "");
}

TEST_P(ApprovalTest, closed_ones_are_forgotten_after_90_days) {
  const ApprovalId id = opened(wanted(1)).id;
  EXPECT_EQ(approve(id, "a1"), "");
  clock().advance(hours(24 * 90 + 2));
  EXPECT_EQ(try_open(wanted(1, "later")), "");
  EXPECT_EQ(consume(id), "not_found");
  EXPECT_EQ(number("SELECT COUNT(*) FROM approval_vote"), 0);
}

TEST_P(ApprovalTest, lists_newest_first_by_state) {
  std::vector<ApprovalId> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(opened(wanted(1, std::to_string(i)), hours(i == 0 ? 1 : 20)).id);
    clock().advance(seconds(1));
  }
  EXPECT_EQ(approve(ids[1], "a1"), "");
  EXPECT_EQ(reject(ids[2], "a1"), "");
  clock().advance(hours(2));
  const auto list = [&](std::string_view tenant, std::optional<ApprovalState> wanted_state,
                        int limit) {
    std::vector<ApprovalId> found;
    const Status read = store().read([&](store::Reader& reader) -> Status {
      KW_TRY(const auto all, approvals().list(reader, tenant, wanted_state, limit));
      for (const Approval& approval : all) found.push_back(approval.id);
      return ok();
    });
    EXPECT_EQ(reason(read), "");
    return found;
  };
  using Ids = std::vector<ApprovalId>;
  EXPECT_EQ(list("acme", std::nullopt, 10), (Ids{ids[4], ids[3], ids[2], ids[1], ids[0]}));
  EXPECT_EQ(list("acme", std::nullopt, 2), (Ids{ids[4], ids[3]}));
  EXPECT_EQ(list("acme", ApprovalState::kOpen, 10), (Ids{ids[4], ids[3]}));
  EXPECT_EQ(list("acme", ApprovalState::kApproved, 10), (Ids{ids[1]}));
  EXPECT_EQ(list("acme", ApprovalState::kRejected, 10), (Ids{ids[2]}));
  EXPECT_EQ(list("acme", ApprovalState::kExpired, 10), (Ids{ids[0]}));
  EXPECT_EQ(list("globex", std::nullopt, 10), Ids{});
}

TEST_P(ApprovalTest, lists_across_pages) {
  EXPECT_EQ(write([&](store::Tx& tx) -> Status {
              for (int i = 0; i < 600; ++i) {
                const std::string requester = "r" + std::to_string(i / 60);
                KW_OK(approvals().open(tx, wanted(1, std::to_string(i), requester), hours(1)));
              }
              return ok();
            }),
            "");
  const Status read = store().read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto all, approvals().list(reader, "acme", std::nullopt, 1000));
    std::set<ApprovalId> distinct;
    for (const Approval& approval : all) distinct.insert(approval.id);
    EXPECT_EQ(distinct.size(), 600U);
    return ok();
  });
  EXPECT_EQ(reason(read), "");
}

TEST_P(ApprovalTest, tampering_is_found) {
  for (const char* tampering :
       {"UPDATE approval SET needed = 1", "UPDATE approval SET requester = 'a5'",
        "UPDATE approval SET state = 1", "UPDATE approval SET expires_at = expires_at + 1",
        "UPDATE approval SET operation = 'key:create'", "UPDATE approval SET object = 'other'",
        "UPDATE approval SET request_hash = mac", "UPDATE approval SET epoch = 9",
        "UPDATE approval_vote SET approver = 'a5'",
        "UPDATE approval_vote SET approver_epoch = approver_epoch + 1",
        // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one statement on two lines
        "INSERT INTO approval_vote (approval, approver, approver_epoch, voted_at, mac) "
        "SELECT approval, 'a2', approver_epoch, voted_at, mac FROM approval_vote"}) {
    EXPECT_EQ(run("DELETE FROM approval"), "");
    EXPECT_EQ(run("DELETE FROM approval_vote"), "");
    const ApprovalId id = opened(wanted(2)).id;
    EXPECT_EQ(approve(id, "a1"), "");
    EXPECT_EQ(run(tampering), "");
    EXPECT_EQ(consume(id), "row_tampered") << tampering;
  }
}

TEST_P(ApprovalTest, exactly_one_of_64_threads_spends_it) {
  for (int round = 0; round < 5; ++round) {
    const ApprovalId id = opened(wanted(1, "destroy orders v3")).id;
    EXPECT_EQ(approve(id, "a1"), "");
    std::atomic<int> spent{0};
    std::atomic<int> closed{0};
    std::vector<std::thread> threads;
    threads.reserve(64);
    for (int t = 0; t < 64; ++t) {
      threads.emplace_back([&] {
        const std::string outcome = consume(id);
        if (outcome.empty()) ++spent;
        if (outcome == "approval_closed" || outcome == "stale_epoch") ++closed;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(spent, 1);
    EXPECT_EQ(closed, 63);
  }
}

// A step is a person who approves, or (from kRejects on) rejects.
constexpr int kSteps = 6;
constexpr int kRejects = 6;

struct Walk {
  int needed = 0;
  std::vector<int> steps;
};

// What the rules say, without the code under test: does this sequence end in an approval that can
// be spent?
std::string expected(const Walk& walk) {
  std::set<int> approvers;
  bool rejected = false;
  for (const int step : walk.steps) {
    const bool is_approved = static_cast<int>(approvers.size()) >= walk.needed;
    const int person = step % kSteps;
    if (rejected) continue;
    if (step >= kRejects) {
      if (!approvers.contains(person)) rejected = true;
    } else if (person != 0 && !is_approved) {
      approvers.insert(person);
    }
  }
  if (rejected) return "approval_closed";
  return static_cast<int>(approvers.size()) >= walk.needed ? "" : "approval_open";
}

// All sequences of `length` steps below `kinds`, in order.
std::vector<std::vector<int>> sequences(int length, int kinds) {
  std::vector<std::vector<int>> all = {{}};
  for (int i = 0; i < length; ++i) {
    std::vector<std::vector<int>> longer;
    for (const auto& shorter : all) {
      for (int step = 0; step < kinds; ++step) {
        longer.push_back(shorter);
        longer.back().push_back(step);
      }
    }
    all = std::move(longer);
  }
  return all;
}

Status run_walk(store::Tx& tx, Approvals& approvals, const Approval& wanted, const Walk& walk) {
  KW_TRY(const Approval opened, approvals.open(tx, wanted, hours(1)));
  for (const int step : walk.steps) {
    const char* person = kPeople[step % kSteps];
    auto voted = step >= kRejects ? approvals.reject(tx, opened.id, person)
                                  : approvals.approve(tx, opened.id, person);
    if (!voted && voted.error().code == Code::kInternal) return voted.error();
  }
  EXPECT_EQ(reason(approvals.consume(tx, opened.id, wanted.requester, wanted.request_hash)),
            expected(walk));
  const bool again =
      approvals.consume(tx, opened.id, wanted.requester, wanted.request_hash).has_value();
  EXPECT_FALSE(again);
  // Frees the requester's quota.
  static_cast<void>(approvals.reject(tx, opened.id, "req"));
  return ok();
}

TEST_P(ApprovalTest, all_ordered_sequences_of_votes_end_as_the_rules_say) {
  const bool quick = GetParam() == "postgres";
  int walks = 0;
  const auto run_all = [&](int needed, int length, int kinds) {
    const auto all = sequences(length, kinds);
    EXPECT_EQ(write([&](store::Tx& tx) -> Status {
                for (const auto& steps : all) {
                  KW_OK(run_walk(tx, approvals(), wanted(needed, "walk " + std::to_string(walks)),
                                 {needed, steps}));
                  ++walks;
                }
                return ok();
              }),
              "");
  };
  for (int needed = 1; needed <= (quick ? 3 : 5); ++needed) run_all(needed, needed, kSteps);
  for (int needed = 1; needed <= (quick ? 1 : 3); ++needed)
    run_all(needed, quick ? 2 : 3, 2 * kSteps);
  std::cout << walks << " sequences\n";
  EXPECT_EQ(walks, quick ? 258 + 144 : 9330 + 3 * 1728);
}

}  // namespace
}  // namespace kw::auth
