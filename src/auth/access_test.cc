#include "auth/access.h"

#include <gtest/gtest.h>

#include <thread>

#include "auth/room_for_tests.h"

namespace kw::auth {
namespace {

using AccessTest = Room;
INSTANTIATE_TEST_SUITE_P(Store, AccessTest, testing::Values("sqlite", "postgres"), engine_name);

constexpr std::string_view kForbidAll = "statements: [{effect: forbid}]";

Question about(std::string_view action, std::string_view tenant) {
  Question question;
  question.action = action;
  question.tenant = tenant;
  question.kind = "key";
  question.name = "orders";
  question.roles = {Role::kKeyUser};
  return question;
}

Principal user_of(std::string_view tenant) {
  Principal principal;
  principal.name = "app";
  principal.grants = {{Role::kKeyUser, std::string(tenant)}};
  return principal;
}

TEST_P(AccessTest, keeps_principals_as_they_were_given) {
  add_principal("ann", {{Role::kKeyAdmin, "acme"}, {Role::kTenantOwner, "*"}},
                "spiffe://example.org/ann");
  add_principal("bob", {});
  const PrincipalRecord ann = principal("ann");
  EXPECT_EQ(ann.grants, (std::vector<Grant>{{Role::kKeyAdmin, "acme"}, {Role::kTenantOwner, "*"}}));
  EXPECT_EQ(ann.certificate_name, "spiffe://example.org/ann");
  EXPECT_FALSE(ann.disabled);
  EXPECT_TRUE(principal("bob").grants.empty());
}

TEST_P(AccessTest, lists_principals_in_pages) {
  for (const char* name : {"p1", "p2", "p3", "p4", "p5"}) add_principal(name, {});
  std::string seen;
  const Status read = store().read([&](store::Reader& reader) -> Status {
    std::string after;
    for (;;) {
      KW_TRY(const auto page, access().principals(reader, after, 2));
      if (page.empty()) return ok();
      for (const auto& record : page) seen += record.name + " ";
      after = page.back().name;
    }
  });
  EXPECT_EQ(reason(read), "");
  EXPECT_EQ(seen, "p1 p2 p3 p4 p5 ");
}

TEST_P(AccessTest, refuses_a_name_that_reads_like_another) {
  add_principal("Ann", {}, "ann.example.org");
  for (const char* name : {"Ann", "ann", "ANN", "aNN"}) {
    EXPECT_EQ(change([&](store::Tx& tx) {
                return access().create_principal(tx, {object_name(name), {}, ""});
              }),
              "already_exists");
  }
  for (const char* name : {"System", "SCHEDULER", "anonymous"}) {
    EXPECT_EQ(change([&](store::Tx& tx) {
                return access().create_principal(tx, {object_name(name), {}, ""});
              }),
              "reserved_name");
  }
  EXPECT_EQ(change([&](store::Tx& tx) {
              return access().create_principal(tx, {object_name("bob"), {}, "ann.example.org"});
            }),
            "already_exists");
  EXPECT_EQ(number("SELECT COUNT(*) FROM principal"), 1);
}

TEST_P(AccessTest, refuses_bad_grants_and_certificate_names) {
  const auto create = [&](std::vector<Grant> grants, std::string certificate) {
    const NewPrincipal wanted{object_name("bob"), std::move(grants), std::move(certificate)};
    return change([&](store::Tx& tx) { return access().create_principal(tx, wanted); });
  };
  EXPECT_EQ(create({{Role::kKeyAdmin, "acme"}, {Role::kKeyUser, "*"}}, ""), "duties_conflict");
  EXPECT_EQ(create({{Role::kKeyAdmin, ""}}, ""), "bad_grant");
  EXPECT_EQ(create({{Role::kKeyAdmin, "a,setup@*"}}, ""), "bad_grant");
  EXPECT_EQ(create({{Role::kKeyAdmin, "acme"}, {Role::kKeyAdmin, "acme"}}, ""), "bad_grant");
  EXPECT_EQ(create({{static_cast<Role>(kRoleCount), "acme"}}, ""), "bad_grant");
  EXPECT_EQ(create(std::vector<Grant>(257, {Role::kKeyAdmin, "acme"}), ""), "bad_grant");
  for (const char* name : {"App.example.org", "*.example.org", "a b", "spiffe://x/*", "a\tb"}) {
    EXPECT_EQ(create({}, name), "bad_certificate_name") << name;
  }
  EXPECT_EQ(create({}, std::string(513, 'a')), "bad_certificate_name");
  EXPECT_EQ(number("SELECT COUNT(*) FROM principal"), 0);
}

TEST_P(AccessTest, lets_one_person_play_all_roles_in_development_only) {
  const NewPrincipal dev{object_name("dev"),
                         {{Role::kKeyAdmin, "*"}, {Role::kKeyUser, "*"}, {Role::kAuditor, "*"}},
                         ""};
  EXPECT_EQ(write([&](store::Tx& tx) { return access().create_principal(tx, dev); }),
            "duties_conflict");
  const auto relaxed = another_node(Duties::kDevelopment);
  EXPECT_EQ(write([&](store::Tx& tx) { return relaxed->create_principal(tx, dev); }), "");
}

TEST_P(AccessTest, refuses_a_second_change_of_the_same_epoch) {
  add_principal("ann", {{Role::kKeyUser, "acme"}});
  PrincipalRecord first = principal("ann");
  PrincipalRecord second = first;
  first.grants = {{Role::kAuditor, "*"}};
  second.grants = {{Role::kOperator, "*"}};
  EXPECT_EQ(change([&](store::Tx& tx) { return access().update_principal(tx, first); }), "");
  EXPECT_EQ(change([&](store::Tx& tx) { return access().update_principal(tx, second); }),
            "stale_epoch");
  EXPECT_EQ(principal("ann").grants, first.grants);
  second.name = "nobody";
  EXPECT_EQ(change([&](store::Tx& tx) { return access().update_principal(tx, second); }),
            "not_found");
}

TEST_P(AccessTest, refuses_an_update_that_breaks_the_rules_of_creation) {
  add_principal("ann", {}, "ann.example.org");
  add_principal("bob", {});
  PrincipalRecord bob = principal("bob");
  const auto update = [&] {
    return change([&](store::Tx& tx) { return access().update_principal(tx, bob); });
  };
  bob.certificate_name = "ann.example.org";
  EXPECT_EQ(update(), "already_exists");
  bob.certificate_name = "";
  bob.grants = {{Role::kAuditor, "*"}, {Role::kOperator, "*"}};
  EXPECT_EQ(update(), "duties_conflict");
}

TEST_P(AccessTest, leaves_out_a_tampered_principal_and_keeps_serving_others) {
  add_principal("ann", {{Role::kKeyUser, "acme"}}, "ann.example.org");
  add_principal("bob", {{Role::kKeyUser, "acme"}}, "bob.example.org");
  const IssuedToken token = issue("bob");
  for (const char* tampering :
       {"UPDATE principal SET grants = 'security-officer@*' WHERE name = 'ann'",
        "UPDATE principal SET disabled = 1 WHERE name = 'ann'",
        "UPDATE principal SET certificate_name = 'eve.example.org' WHERE name = 'ann'",
        "UPDATE principal SET grants = 'root@*' WHERE name = 'ann'",
        "UPDATE principal SET name = 'eve' WHERE name = 'ann'"}) {
    EXPECT_EQ(run(tampering), "");
    Access fresh(store(), barrier(), clock(), {Duties::kEnforce, test_vocabulary()});
    EXPECT_EQ(reason(fresh.reload()), "row_tampered") << tampering;
    for (const char* name : {"ann.example.org", "eve.example.org"}) {
      const std::vector<std::string> names = {name};
      EXPECT_EQ(reason(fresh.authenticate_certificate(names, "")), "certificate_unknown");
    }
    EXPECT_EQ(authenticate(token, &fresh), "");
  }
}

TEST_P(AccessTest, keeps_its_snapshot_when_the_store_goes_back_in_time) {
  add_principal("ann", {}, "ann.example.org");
  add_principal("bob", {});
  EXPECT_EQ(run("UPDATE access_change SET number = number - 1"), "");
  EXPECT_EQ(reason(access().reload()), "access_rolled_back");
  const std::vector<std::string> names = {"ann.example.org"};
  EXPECT_EQ(reason(access().authenticate_certificate(names, "")), "");
}

TEST_P(AccessTest, knows_a_certificate_by_exactly_one_name) {
  add_principal("ann", {{Role::kKeyUser, "acme"}}, "ann.example.org");
  add_principal("bob", {}, "spiffe://example.org/bob");
  add_principal("gone", {}, "gone.example.org");
  EXPECT_EQ(disable("gone"), "");
  const auto who = [&](std::vector<std::string> names) {
    const auto found = access().authenticate_certificate(names, "ab12");
    return found ? (*found)->name : found.error().reason;
  };
  EXPECT_EQ(who({"ann.example.org"}), "ann");
  EXPECT_EQ(who({"spiffe://example.org/bob"}), "bob");
  EXPECT_EQ(who({"unknown.example.org", "ann.example.org", "ann.example.org"}), "ann");
  EXPECT_EQ(who({}), "certificate_unknown");
  EXPECT_EQ(who({""}), "certificate_unknown");
  EXPECT_EQ(who({"unknown.example.org"}), "certificate_unknown");
  EXPECT_EQ(who({"Ann.example.org"}), "certificate_unknown");
  EXPECT_EQ(who({"ann.example.org."}), "certificate_unknown");
  EXPECT_EQ(who({std::string("ann.example.org\0.evil", 21)}), "certificate_unknown");
  EXPECT_EQ(who({"spiffe://example.org/bo"}), "certificate_unknown");
  EXPECT_EQ(who({"ann.example.org", "spiffe://example.org/bob"}), "certificate_unknown");
  EXPECT_EQ(who({"ann.example.org", "gone.example.org"}), "certificate_unknown");
  EXPECT_EQ(who({"gone.example.org", "ann.example.org"}), "certificate_unknown");
}

TEST_P(AccessTest, tells_how_a_certificate_holder_was_known) {
  add_principal("ann", {{Role::kKeyUser, "acme"}}, "ann.example.org");
  const std::vector<std::string> names = {"ann.example.org"};
  const auto found = access().authenticate_certificate(names, "ab12");
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->method, "certificate");
  EXPECT_EQ((*found)->certificate_sha256, "ab12");
  EXPECT_TRUE((*found)->has(Role::kKeyUser, "acme"));
}

TEST_P(AccessTest, puts_policies_in_force_with_the_reload) {
  const Principal app = user_of("acme");
  EXPECT_TRUE(access().decide(app, about("key:encrypt", "acme")).allowed);
  const std::string before = access().policy_hash();
  const auto other = another_node();
  EXPECT_EQ(change([&](store::Tx& tx) {
              return access().put_policy(tx, "acme", object_name("stop"), kForbidAll);
            }),
            "");
  const Decision decision = access().decide(app, about("key:encrypt", "acme"));
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.because, "stop:1 forbids");
  EXPECT_NE(access().policy_hash(), before);
  EXPECT_EQ(access().policy_hash().size(), 64U);

  EXPECT_TRUE(other->decide(app, about("key:encrypt", "acme")).allowed);
  EXPECT_EQ(reason(other->reload()), "");
  EXPECT_FALSE(other->decide(app, about("key:encrypt", "acme")).allowed);
  EXPECT_EQ(other->policy_hash(), access().policy_hash());

  EXPECT_EQ(change([&](store::Tx& tx) {
              return access().remove_policy(tx, "acme", object_name("stop"));
            }),
            "");
  EXPECT_EQ(reason(other->reload()), "");
  EXPECT_TRUE(other->decide(app, about("key:encrypt", "acme")).allowed);
  EXPECT_EQ(other->policy_hash(), before);
  EXPECT_EQ(another_node()->policy_hash(), before);
}

TEST_P(AccessTest, a_tenants_policy_reaches_that_tenant_only) {
  EXPECT_EQ(change([&](store::Tx& tx) {
              return access().put_policy(tx, "acme", object_name("stop"), kForbidAll);
            }),
            "");
  EXPECT_FALSE(access().decide(user_of("*"), about("key:encrypt", "acme")).allowed);
  EXPECT_TRUE(access().decide(user_of("*"), about("key:encrypt", "globex")).allowed);
  EXPECT_TRUE(access().decide(user_of("*"), about("key:encrypt", "")).allowed);
  for (const char* text :
       {"statements: [{effect: forbid, tenant: globex}]",
        "statements: [{effect: permit, principals: [app], actions: [key:encrypt], tenant: globex, "
        "kind: key}]"}) {
    EXPECT_EQ(change([&](store::Tx& tx) {
                return access().put_policy(tx, "acme", object_name("reach"), text);
              }),
              "bad_policy");
  }
}

TEST_P(AccessTest, a_policy_of_no_tenant_reaches_all) {
  EXPECT_EQ(change([&](store::Tx& tx) {
              return access().put_policy(tx, "", object_name("stop"), kForbidAll);
            }),
            "");
  for (const char* tenant : {"acme", "globex", ""}) {
    EXPECT_FALSE(access().decide(user_of("*"), about("key:encrypt", tenant)).allowed) << tenant;
  }
}

TEST_P(AccessTest, keeps_policy_texts_and_replaces_them) {
  const auto put = [&](std::string_view text) {
    return change(
        [&](store::Tx& tx) { return access().put_policy(tx, "acme", object_name("p"), text); });
  };
  EXPECT_EQ(put(kForbidAll), "");
  const std::string second = "statements: [{effect: forbid, kind: secret}]";
  EXPECT_EQ(put(second), "");
  EXPECT_EQ(put("statements: [{effect: maybe}]"), "bad_policy");
  EXPECT_EQ(put(std::string(kPolicyBytesMax + 1, ' ')), "policy_too_large");
  EXPECT_EQ(write([&](store::Tx& tx) {
              return access().put_policy(tx, "Acme", object_name("p"), kForbidAll);
            }),
            "bad_name");
  std::vector<Access::PolicyRecord> records;
  const Status read = store().read([&](store::Reader& reader) -> Status {
    KW_TRY(records, access().policies(reader, "acme"));
    return ok();
  });
  EXPECT_EQ(reason(read), "");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].yaml, second);
  EXPECT_EQ(
      change([&](store::Tx& tx) { return access().remove_policy(tx, "acme", object_name("p")); }),
      "");
  EXPECT_EQ(
      change([&](store::Tx& tx) { return access().remove_policy(tx, "acme", object_name("p")); }),
      "not_found");
  EXPECT_EQ(
      change([&](store::Tx& tx) { return access().remove_policy(tx, "acme", object_name("q")); }),
      "not_found");
}

TEST_P(AccessTest, refuses_a_tampered_policy_and_keeps_the_old_ones_in_force) {
  EXPECT_EQ(change([&](store::Tx& tx) {
              return access().put_policy(tx, "acme", object_name("stop"), kForbidAll);
            }),
            "");
  for (const char* tampering :
       {"UPDATE access_policy SET removed = 1", "UPDATE access_policy SET tenant = 'globex'",
        "UPDATE access_policy SET yaml = 'statements: [{effect: forbid, kind: secret}]'"}) {
    EXPECT_EQ(run(tampering), "");
    Access fresh(store(), barrier(), clock(), {Duties::kEnforce, test_vocabulary()});
    EXPECT_EQ(reason(fresh.reload()), "row_tampered") << tampering;
  }
  add_principal("ann", {});  // moves the change number on, so that there is something to load
  EXPECT_FALSE(access().decide(user_of("acme"), about("key:encrypt", "acme")).allowed);
}

TEST_P(AccessTest, refuses_to_run_with_a_policy_that_it_cannot_read) {
  EXPECT_EQ(change([&](store::Tx& tx) {
              return access().put_policy(tx, "acme", object_name("p"),
                                         "statements: [{effect: forbid, actions: [key:rotate]}]");
            }),
            "");
  constexpr std::string_view kFewer[] = {"key:encrypt"};
  Access older(store(), barrier(), clock(), {Duties::kEnforce, {kFewer, kFewer, kFewer}});
  EXPECT_EQ(reason(older.reload()), "policy_unreadable");
}

TEST_P(AccessTest, allows_a_thousand_policies_per_tenant) {
  EXPECT_EQ(
      write([&](store::Tx& tx) -> Status {
        for (int i = 0; i < kPoliciesPerTenantMax; ++i) {
          KW_OK(access().put_policy(tx, "acme", object_name("p" + std::to_string(i)), kForbidAll));
        }
        return ok();
      }),
      "");
  const auto put = [&](std::string_view tenant, std::string_view name) {
    return write([&](store::Tx& tx) {
      return access().put_policy(tx, tenant, object_name(name), kForbidAll);
    });
  };
  EXPECT_EQ(put("acme", "one-more"), "too_many_policies");
  EXPECT_EQ(put("acme", "p7"), "");
  EXPECT_EQ(put("globex", "one-more"), "");
  EXPECT_EQ(
      change([&](store::Tx& tx) { return access().remove_policy(tx, "acme", object_name("p9")); }),
      "");
  EXPECT_EQ(put("acme", "one-more"), "");
}

TEST_P(AccessTest, allows_a_hundred_thousand_principals) {
  add_principal("p", {});
  // Doubles the rows: each letter is there or not in a name.
  for (const char* letter :
       {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "q"}) {
    const std::string sql =
        std::string("INSERT INTO principal (name, folded, grants, certificate_name, disabled, ") +
        "epoch, created_at, mac) SELECT name || '" + letter + "', folded || '" + letter +
        "', grants, certificate_name, disabled, epoch, created_at, mac FROM principal";
    static std::vector<std::unique_ptr<std::string>> literals;  // statements must outlive the store
    literals.push_back(std::make_unique<std::string>(sql));
    ASSERT_EQ(run(*literals.back()), "");
  }
  ASSERT_EQ(number("SELECT COUNT(*) FROM principal"), 65536);
  ASSERT_EQ(run("INSERT INTO principal (name, folded, grants, certificate_name, disabled, epoch, "
                "created_at, mac) "
                "SELECT name || 'z', folded || 'z', grants, certificate_name, disabled, epoch, "
                "created_at, mac "
                "FROM principal LIMIT 34463"),
            "");
  const auto create = [&](std::string_view name) {
    return write([&](store::Tx& tx) {
      return access().create_principal(tx, {object_name(name), {}, ""});
    });
  };
  EXPECT_EQ(create("last"), "");
  EXPECT_EQ(create("one-more"), "too_many_principals");
}

TEST_P(AccessTest, answers_sealed_while_sealed) {
  add_principal("ann", {}, "ann.example.org");
  const IssuedToken token = issue("ann");
  EXPECT_EQ(authenticate(token), "");
  seal_up();
  EXPECT_EQ(authenticate(token), "sealed");
  const std::vector<std::string> names = {"ann.example.org"};
  EXPECT_EQ(reason(access().authenticate_certificate(names, "")), "sealed");
  EXPECT_EQ(reason(access().reload()), "sealed");
  EXPECT_EQ(reason(access().flush_last_used()), "sealed");
}

TEST_P(AccessTest, knows_nobody_before_the_first_reload) {
  add_principal("ann", {}, "ann.example.org");
  const IssuedToken token = issue("ann");
  Access fresh(store(), barrier(), clock(), {Duties::kEnforce, test_vocabulary()});
  EXPECT_EQ(authenticate(token, &fresh), "token_revoked");
  const std::vector<std::string> names = {"ann.example.org"};
  EXPECT_EQ(reason(fresh.authenticate_certificate(names, "")), "certificate_unknown");
}

TEST_P(AccessTest, numbers_changes_without_gaps_across_concurrent_writers) {
  constexpr int kThreads = 8;
  constexpr int kEach = 10;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  std::atomic<int> failures{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const std::string name = "p" + std::to_string(t) + "-" + std::to_string(i);
        if (!write([&](store::Tx& tx) {
               return access().create_principal(tx, {object_name(name), {}, ""});
             }).empty()) {
          ++failures;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(number("SELECT COUNT(DISTINCT epoch) FROM principal"), kThreads * kEach);
  EXPECT_EQ(number("SELECT number FROM access_change"), kThreads * kEach);
}

}  // namespace
}  // namespace kw::auth
