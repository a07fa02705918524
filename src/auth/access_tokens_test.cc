#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "auth/access.h"
#include "auth/room_for_tests.h"

namespace kw::auth {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class TokenTest : public Room {
 protected:
  void SetUp() override {
    Room::SetUp();
    if (!IsSkipped()) add_principal("app", {{Role::kKeyUser, "acme"}});
  }
  std::string revoke(std::string_view accessor) {
    return write([&](store::Tx& tx) { return access().revoke_token(tx, accessor); });
  }
  std::string try_issue(seconds time_to_live, seconds idle_max = seconds(0),
                        std::string certificate = "") {
    const NewToken wanted{object_name("app"), time_to_live, idle_max, std::move(certificate)};
    return write([&](store::Tx& tx) -> Status {
      KW_OK(access().issue_token(tx, wanted));
      return ok();
    });
  }
  std::vector<TokenRecord> listed(std::string_view after = "", int limit = 1000) {
    std::vector<TokenRecord> records;
    const Status read = store().read([&](store::Reader& reader) -> Status {
      KW_TRY(records, access().tokens(reader, "app", after, limit));
      return ok();
    });
    EXPECT_EQ(reason(read), "");
    return records;
  }
};
INSTANTIATE_TEST_SUITE_P(Store, TokenTest, testing::Values("sqlite", "postgres"), engine_name);

TEST_P(TokenTest, an_issued_token_proves_its_principal) {
  const IssuedToken token = issue("app");
  const auto found = access().authenticate_token(token.text, "");
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->name, "app");
  EXPECT_EQ((*found)->method, "token");
  EXPECT_EQ((*found)->token_accessor, token.accessor);
  EXPECT_EQ((*found)->expires_at, token.expires_at);
  EXPECT_TRUE((*found)->has(Role::kKeyUser, "acme"));
}

TEST_P(TokenTest, a_token_has_a_typed_prefix_and_43_random_characters) {
  std::set<std::string> texts;
  for (int i = 0; i < 100; ++i) {
    const IssuedToken token = issue("app");
    EXPECT_EQ(token.text.size(), 47U);
    EXPECT_EQ(token.text.substr(0, 4), "kwt_");
    EXPECT_TRUE(TokenId::parse(token.accessor));
    texts.insert(std::string(token.text));
  }
  EXPECT_EQ(texts.size(), 100U);
}

TEST_P(TokenTest, other_texts_are_refused_alike) {
  const IssuedToken token = issue("app");
  const std::string text(token.text);
  EXPECT_EQ(reason(access().authenticate_token("", "")), "token_missing");
  std::vector<std::string> others = {"kwt_",
                                     "x",
                                     text.substr(0, 46),
                                     text + "A",
                                     " " + text,
                                     text + " ",
                                     "Kwt_" + text.substr(4),
                                     "kwt-" + text.substr(4),
                                     std::string(1 << 20, 'a')};
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    others.push_back(changed);
  }
  std::set<std::string> messages;
  for (const std::string& other : others) {
    const auto refused = access().authenticate_token(other, "");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kUnauthenticated);
    EXPECT_EQ(refused.error().reason, "token_invalid");
    messages.insert(refused.error().message);
  }
  EXPECT_EQ(messages.size(), 1U);
  EXPECT_EQ(authenticate(token), "");
}

TEST_P(TokenTest, lives_exactly_as_long_as_it_was_given) {
  const IssuedToken token = issue("app", seconds(60));
  EXPECT_EQ(token.expires_at, clock().wall() + seconds(60));
  clock().advance(seconds(60) - microseconds(1));
  EXPECT_EQ(authenticate(token), "");
  clock().advance(microseconds(1));
  EXPECT_EQ(authenticate(token), "token_expired");
  EXPECT_EQ(authenticate(token, another_node().get()), "token_expired");
}

TEST_P(TokenTest, lives_between_a_minute_and_a_year) {
  const seconds year = hours(24 * 365);
  EXPECT_EQ(try_issue(seconds(60)), "");
  EXPECT_EQ(try_issue(year), "");
  for (const seconds time :
       {seconds(0), seconds(-1), seconds(59), year + seconds(1), seconds::max(), seconds::min()}) {
    EXPECT_EQ(try_issue(time), "bad_time_to_live") << time.count();
  }
  for (const seconds idle :
       {seconds(-1), seconds(1), seconds(119), year + seconds(1), seconds::max()}) {
    EXPECT_EQ(try_issue(hours(1), idle), "bad_idle") << idle.count();
  }
  for (const char* certificate : {"ab", "AB12", "zz"}) {
    EXPECT_EQ(try_issue(hours(1), seconds(0), certificate), "bad_certificate");
  }
}

TEST_P(TokenTest, a_setup_token_lives_an_hour_at_most) {
  add_principal("first", {{Role::kSetup, "*"}, {Role::kSetup, "acme"}});
  const auto issue_setup = [&](seconds time_to_live) {
    const NewToken wanted{object_name("first"), time_to_live, seconds(0), ""};
    return write([&](store::Tx& tx) -> Status {
      KW_OK(access().issue_token(tx, wanted));
      return ok();
    });
  };
  EXPECT_EQ(issue_setup(hours(1)), "");
  EXPECT_EQ(issue_setup(hours(1) + seconds(1)), "bad_time_to_live");
}

TEST_P(TokenTest, is_not_issued_to_nobody_or_the_disabled) {
  const auto issue_to = [&](std::string_view name) {
    const NewToken wanted{object_name(name), hours(1), seconds(0), ""};
    return write([&](store::Tx& tx) -> Status {
      KW_OK(access().issue_token(tx, wanted));
      return ok();
    });
  };
  EXPECT_EQ(issue_to("nobody"), "not_found");
  EXPECT_EQ(disable("app"), "");
  EXPECT_EQ(issue_to("app"), "principal_disabled");
  EXPECT_EQ(number("SELECT COUNT(*) FROM token"), 0);
}

TEST_P(TokenTest, a_clock_that_jumps_back_revives_nothing) {
  const IssuedToken token = issue("app", hours(1));
  clock().advance(hours(1));
  EXPECT_EQ(authenticate(token), "token_expired");
  for (const hours back : {hours(1), hours(24), hours(24 * 365 * 10)}) {
    clock().jump_wall(-back);
    EXPECT_EQ(authenticate(token), "token_expired") << back.count();
  }
}

TEST_P(TokenTest, a_clock_that_jumps_ahead_and_back_revives_nothing) {
  const IssuedToken token = issue("app", hours(1));
  clock().jump_wall(hours(24 * 3650));
  EXPECT_EQ(authenticate(token), "token_expired");
  clock().jump_wall(-hours(24 * 3650));
  EXPECT_EQ(authenticate(token), "token_expired");
  // Time goes on meanwhile: what is issued now ends.
  const IssuedToken next = issue("app", hours(1));
  EXPECT_EQ(authenticate(next), "");
  clock().advance(hours(1));
  EXPECT_EQ(authenticate(next), "token_expired");
}

TEST_P(TokenTest, a_restart_with_a_clock_that_went_back_revives_nothing) {
  const IssuedToken token = issue("app", hours(1));
  clock().advance(hours(2));
  EXPECT_EQ(reason(access().flush_last_used()), "");
  clock().jump_wall(-hours(2));
  EXPECT_EQ(authenticate(token, another_node().get()), "token_expired");
  EXPECT_EQ(run("UPDATE clock_high_water SET at = at - 7200000000"), "");
  Access fresh(store(), barrier(), clock(), {Duties::kEnforce, test_vocabulary()});
  EXPECT_EQ(reason(fresh.reload()), "row_tampered");
}

TEST_P(TokenTest, ends_when_it_was_idle_too_long) {
  const IssuedToken token = issue("app", hours(24), minutes(10));
  for (int i = 0; i < 5; ++i) {
    clock().advance(minutes(10) - microseconds(1));
    EXPECT_EQ(authenticate(token), "");
  }
  clock().advance(minutes(10));
  EXPECT_EQ(authenticate(token), "token_expired");
  EXPECT_EQ(authenticate(token), "token_expired");
  EXPECT_EQ(authenticate(token, another_node().get()), "token_expired");
}

TEST_P(TokenTest, is_not_idle_while_another_node_sees_it) {
  const IssuedToken token = issue("app", hours(24), minutes(10));
  const auto other = another_node();
  EXPECT_EQ(authenticate(token), "");
  for (int i = 0; i < 30; ++i) {
    clock().advance(minutes(1));
    EXPECT_EQ(authenticate(token, other.get()), "");
    EXPECT_EQ(reason(other->flush_last_used()), "");
  }
  EXPECT_EQ(authenticate(token), "");
}

TEST_P(TokenTest, is_not_kept_from_idling_by_someone_without_its_certificate) {
  const std::string certificate(64, 'a');
  const IssuedToken token = issue("app", hours(24), minutes(10), certificate);
  EXPECT_EQ(authenticate(token, nullptr, certificate), "");
  clock().advance(minutes(6));
  EXPECT_EQ(authenticate(token), "certificate_mismatch");
  clock().advance(minutes(6));
  EXPECT_EQ(authenticate(token, nullptr, certificate), "token_expired");
}

TEST_P(TokenTest, writes_its_last_use_at_most_once_a_minute) {
  const IssuedToken token = issue("app");
  const WallTime issued_at = clock().wall();
  const auto last_used = [&] { return listed().at(0).last_used_at - issued_at; };
  clock().advance(seconds(5));
  EXPECT_EQ(authenticate(token), "");
  EXPECT_EQ(last_used(), seconds(0));
  EXPECT_EQ(reason(access().flush_last_used()), "");
  EXPECT_EQ(last_used(), seconds(5));
  clock().advance(seconds(30));
  EXPECT_EQ(authenticate(token), "");
  EXPECT_EQ(reason(access().flush_last_used()), "");
  EXPECT_EQ(last_used(), seconds(5));
  clock().advance(seconds(30));
  EXPECT_EQ(reason(access().flush_last_used()), "");
  EXPECT_EQ(last_used(), seconds(35));
  EXPECT_EQ(authenticate(token, another_node().get()), "");
}

TEST_P(TokenTest, is_refused_from_the_moment_its_revocation_commits) {
  const IssuedToken token = issue("app");
  EXPECT_EQ(authenticate(token), "");
  EXPECT_EQ(revoke(token.accessor), "");
  EXPECT_EQ(authenticate(token), "token_revoked");
  EXPECT_EQ(reason(access().reload()), "");
  EXPECT_EQ(authenticate(token), "token_revoked");
  EXPECT_EQ(revoke(token.accessor), "");
  EXPECT_EQ(revoke("00000000000000000000000000000000"), "not_found");
  EXPECT_EQ(revoke("' OR 1=1"), "not_found");
}

TEST_P(TokenTest, stays_valid_when_its_revocation_is_undone) {
  const IssuedToken token = issue("app");
  EXPECT_EQ(authenticate(token), "");
  EXPECT_EQ(write([&](store::Tx& tx) -> Status {
              KW_OK(access().revoke_token(tx, token.accessor));
              return error(Code::kInternal, "undone", "the transaction fails");
            }),
            "undone");
  EXPECT_EQ(authenticate(token), "");
  EXPECT_EQ(reason(access().reload()), "");
  EXPECT_EQ(authenticate(token), "");
}

TEST_P(TokenTest, is_refused_on_other_nodes_from_their_reload_on) {
  const IssuedToken token = issue("app");
  const IssuedToken kept = issue("app");
  const auto other = another_node();
  EXPECT_EQ(authenticate(token, other.get()), "");
  EXPECT_EQ(authenticate(kept, other.get()), "");
  EXPECT_EQ(revoke(token.accessor), "");
  EXPECT_EQ(reason(other->reload()), "");
  EXPECT_EQ(authenticate(token, other.get()), "token_revoked");
  EXPECT_EQ(authenticate(kept, other.get()), "");
}

TEST_P(TokenTest, is_refused_when_its_principal_is_disabled) {
  const IssuedToken token = issue("app");
  EXPECT_EQ(authenticate(token), "");
  EXPECT_EQ(disable("app"), "");
  EXPECT_EQ(authenticate(token), "token_revoked");
}

TEST_P(TokenTest, carries_new_grants_from_the_reload_on) {
  const IssuedToken token = issue("app");
  EXPECT_EQ(authenticate(token), "");
  PrincipalRecord record = principal("app");
  record.grants = {{Role::kAuditor, "*"}};
  EXPECT_EQ(change([&](store::Tx& tx) { return access().update_principal(tx, record); }), "");
  const auto found = access().authenticate_token(token.text, "");
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->grants, record.grants);
}

TEST_P(TokenTest, a_bound_one_needs_its_certificate_each_time) {
  const std::string certificate(64, 'a');
  const IssuedToken token = issue("app", hours(1), seconds(0), certificate);
  EXPECT_EQ(authenticate(token), "certificate_mismatch");
  EXPECT_EQ(authenticate(token, nullptr, certificate), "");
  EXPECT_EQ(authenticate(token), "certificate_mismatch");
  EXPECT_EQ(authenticate(token, nullptr, std::string(64, 'b')), "certificate_mismatch");
  EXPECT_EQ(authenticate(token, nullptr, certificate), "");
  EXPECT_EQ(authenticate(issue("app"), nullptr, certificate), "");
}

TEST_P(TokenTest, is_never_stored_itself) {
  const IssuedToken token = issue("app");
  static std::string sql;  // statements must outlive the store
  sql = "SELECT COUNT(*) FROM token WHERE accessor LIKE '%" + std::string(token.text.substr(4)) +
        "%' OR principal LIKE '%kwt%'";
  EXPECT_EQ(number(sql), 0);
  const Status read = store().read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row, reader.query_one("SELECT token_mac FROM token", {}));
    EXPECT_EQ(row->bytes(0).size(), 32U);
    EXPECT_EQ(as_text(row->bytes(0)).find(std::string_view(token.text).substr(4, 8)),
              std::string_view::npos);
    return ok();
  });
  EXPECT_EQ(reason(read), "");
}

TEST_P(TokenTest, a_tampered_row_is_refused) {
  for (const char* tampering :
       {"UPDATE token SET principal = 'root'", "UPDATE token SET expires_at = expires_at + 1",
        "UPDATE token SET idle_seconds = 0", "UPDATE token SET last_used_at = last_used_at + 1",
        "UPDATE token SET revoked_at = 0", "UPDATE token SET certificate_sha256 = ''",
        "UPDATE token SET epoch = 0", "UPDATE token SET accessor = 'x'"}) {
    EXPECT_EQ(run("DELETE FROM token"), "");
    const IssuedToken token = issue("app", hours(1), minutes(5), std::string(64, 'a'));
    EXPECT_EQ(revoke(token.accessor), "");
    EXPECT_EQ(run(tampering), "");
    EXPECT_EQ(authenticate(token, another_node().get(), std::string(64, 'a')), "row_tampered")
        << tampering;
  }
}

TEST_P(TokenTest, is_listed_by_accessor_in_pages) {
  std::set<std::string> issued;
  for (int i = 0; i < 5; ++i) issued.insert(issue("app").accessor);
  EXPECT_EQ(revoke(*issued.begin()), "");
  std::set<std::string> seen;
  std::string after;
  for (auto page = listed(after, 2); !page.empty(); page = listed(after, 2)) {
    for (const TokenRecord& record : page) {
      seen.insert(record.accessor);
      EXPECT_EQ(record.revoked, record.accessor == *issued.begin());
    }
    after = page.back().accessor;
  }
  EXPECT_EQ(seen, issued);
}

TEST_P(TokenTest, a_principal_has_at_most_ten_thousand_live_ones) {
  const IssuedToken first = issue("app", minutes(1));
  EXPECT_EQ(
      write([&](store::Tx& tx) -> Status {
        for (std::int64_t i = 1; i < kLiveTokensPerPrincipalMax; ++i) {
          const std::string id = std::to_string(i);
          KW_OK(tx.execute(
              "INSERT INTO token (token_mac, accessor, principal, created_at, expires_at, "
              "idle_seconds, last_used_at, revoked_at, certificate_sha256, epoch, mac) "
              "SELECT $1, $2, principal, created_at, expires_at + 1, idle_seconds, last_used_at, "
              "revoked_at, certificate_sha256, epoch, mac FROM token WHERE accessor = $3",
              {as_bytes(id), id, first.accessor}));
        }
        return ok();
      }),
      "");
  EXPECT_EQ(try_issue(hours(1)), "too_many_tokens");
  clock().advance(minutes(1));
  EXPECT_EQ(try_issue(hours(1)), "");
  EXPECT_EQ(try_issue(hours(1)), "too_many_tokens");
}

TEST_P(TokenTest, ended_ones_are_forgotten_after_a_week) {
  issue("app", minutes(1));
  clock().advance(hours(24 * 7));
  EXPECT_EQ(reason(access().flush_last_used()), "");
  EXPECT_EQ(number("SELECT COUNT(*) FROM token"), 1);
  clock().advance(minutes(2));
  EXPECT_EQ(reason(access().flush_last_used()), "");
  EXPECT_EQ(number("SELECT COUNT(*) FROM token"), 0);
}

TEST_P(TokenTest, no_thread_gets_through_after_its_revocation) {
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    const IssuedToken token = issue("app");
    std::atomic<bool> revoked{false};
    std::atomic<bool> stop{false};
    std::atomic<int> late{0};
    std::atomic<int> accepted{0};
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        while (!stop) {
          const bool began_after = revoked;
          if (!authenticate(token).empty()) continue;
          ++accepted;
          if (began_after) ++late;
        }
      });
    }
    while (accepted < 100) std::this_thread::yield();
    EXPECT_EQ(revoke(token.accessor), "");
    if (round % 2 == 0) {
      EXPECT_EQ(reason(access().reload()), "");
    }
    revoked = true;
    for (int i = 0; i < 50; ++i) EXPECT_EQ(authenticate(token), "token_revoked");
    stop = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(late, 0);
  }
}

TEST_P(TokenTest, more_than_the_cache_holds_still_work) {
  std::vector<IssuedToken> tokens;
  EXPECT_EQ(write([&](store::Tx& tx) -> Status {
              for (int i = 0; i < 200; ++i) {
                KW_TRY(IssuedToken token,
                       access().issue_token(tx, {object_name("app"), hours(1), seconds(0), ""}));
                tokens.push_back(std::move(token));
              }
              return ok();
            }),
            "");
  for (int round = 0; round < 3; ++round) {
    for (const IssuedToken& token : tokens) EXPECT_EQ(authenticate(token), "");
  }
}

}  // namespace
}  // namespace kw::auth
