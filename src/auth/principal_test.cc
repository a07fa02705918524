#include "auth/principal.h"

#include <gtest/gtest.h>

#include <set>

namespace kw::auth {
namespace {

constexpr Role kAll[] = {
    Role::kKeyAdmin,    Role::kKeyUser, Role::kSecurityOfficer,  Role::kApprover,
    Role::kTenantOwner, Role::kAuditor, Role::kArchiveCustodian, Role::kOperator,
    Role::kScheduler,   Role::kSetup,   Role::kSecretAdmin,      Role::kSecretUser};

TEST(Role, names_round_trip_and_are_distinct) {
  std::set<std::string_view> names;
  for (const Role role : kAll) {
    names.insert(role_name(role));
    const auto parsed = parse_role(role_name(role));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, role);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kRoleCount));
  EXPECT_EQ(role_name(Role::kKeyAdmin), "key-admin");
  EXPECT_EQ(role_name(Role::kArchiveCustodian), "archive-custodian");
}

TEST(Role, other_spellings_are_refused) {
  const std::string_view with_nul("key-admin\0x", 11);
  for (const std::string_view name :
       {std::string_view(), std::string_view("Key-admin"), std::string_view("key-admin "),
        std::string_view(" key-admin"), std::string_view("key_admin"), with_nul}) {
    const auto parsed = parse_role(name);
    ASSERT_FALSE(parsed) << name;
    EXPECT_EQ(parsed.error().reason, "bad_role");
  }
}

TEST(Principal, has_a_role_where_it_was_granted) {
  Principal principal;
  principal.grants = {{Role::kKeyUser, "acme"}, {Role::kAuditor, "*"}};
  EXPECT_TRUE(principal.has(Role::kKeyUser, "acme"));
  EXPECT_FALSE(principal.has(Role::kKeyUser, "acme2"));
  EXPECT_FALSE(principal.has(Role::kKeyUser, "*"));
  EXPECT_FALSE(principal.has(Role::kKeyAdmin, "acme"));
  EXPECT_TRUE(principal.has(Role::kAuditor, "acme"));
}

TEST(Principal, needs_a_grant_for_all_tenants_for_system_wide_objects) {
  Principal principal;
  principal.grants = {{Role::kOperator, "acme"}};
  EXPECT_FALSE(principal.has(Role::kOperator, ""));
  principal.grants = {{Role::kOperator, ""}};
  EXPECT_FALSE(principal.has(Role::kOperator, ""));
  principal.grants = {{Role::kOperator, "*"}};
  EXPECT_TRUE(principal.has(Role::kOperator, ""));
}

// The rule once more, written as a table of what is allowed.
bool may_be_both(Role a, Role b) {
  using Pair = std::pair<Role, Role>;
  if (a == b) return true;
  const std::set<Role> alone = {Role::kSetup, Role::kAuditor};
  if (alone.contains(a) || alone.contains(b)) return false;
  const std::set<Pair> forbidden = {{Role::kKeyAdmin, Role::kKeyUser},
                                    {Role::kKeyUser, Role::kKeyAdmin},
                                    {Role::kKeyAdmin, Role::kApprover},
                                    {Role::kApprover, Role::kKeyAdmin},
                                    {Role::kSecretAdmin, Role::kSecretUser},
                                    {Role::kSecretUser, Role::kSecretAdmin},
                                    {Role::kSecretAdmin, Role::kApprover},
                                    {Role::kApprover, Role::kSecretAdmin}};
  return !forbidden.contains({a, b});
}

TEST(Duties, every_pair_of_roles_is_judged_for_overlapping_tenants) {
  using Pair = std::pair<const char*, const char*>;
  for (const Role a : kAll) {
    for (const Role b : kAll) {
      for (const auto& [one, other] :
           {Pair{"acme", "acme"}, Pair{"*", "acme"}, Pair{"acme", "*"}, Pair{"*", "*"}}) {
        const std::vector<Grant> grants = {{a, one}, {b, other}};
        const Status judged = check_duties(grants);
        EXPECT_EQ(judged.has_value(), may_be_both(a, b)) << role_name(a) << ' ' << role_name(b);
        EXPECT_TRUE(judged || judged.error().reason == "duties_conflict");
      }
    }
  }
}

TEST(Duties, different_tenants_do_not_overlap_except_for_setup) {
  for (const Role a : kAll) {
    for (const Role b : kAll) {
      const std::vector<Grant> grants = {{a, "acme"}, {b, "globex"}};
      const bool setup_with_other = a != b && (a == Role::kSetup || b == Role::kSetup);
      EXPECT_EQ(check_duties(grants).has_value(), !setup_with_other)
          << role_name(a) << ' ' << role_name(b);
    }
  }
}

TEST(Duties, a_conflict_anywhere_in_the_list_is_found) {
  std::vector<Grant> grants = {
      {Role::kOperator, "*"}, {Role::kTenantOwner, "acme"}, {Role::kKeyUser, "acme"}};
  EXPECT_TRUE(check_duties(grants));
  grants.push_back({Role::kKeyAdmin, "acme"});
  const Status judged = check_duties(grants);
  ASSERT_FALSE(judged);
  EXPECT_EQ(judged.error().message, "one principal cannot be both key-user and key-admin");
}

}  // namespace
}  // namespace kw::auth
