#include "service/operation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace kw::service {
namespace {

TEST(Operations, have_distinct_routes) {
  std::set<std::string> routes;
  for (const Operation& row : operations())
    EXPECT_TRUE(routes.insert(std::string(row.method) + " " + std::string(row.path)).second)
        << row.path;
}

TEST(Operations, stand_at_the_index_of_their_id) {
  for (const Operation& row : operations()) EXPECT_EQ(operation(row.id).name, row.name);
}

TEST(Operations, name_their_event_after_their_action) {
  for (const Operation& row : operations()) {
    std::string event(row.action);
    std::replace(event.begin(), event.end(), ':', '.');
    EXPECT_EQ(row.event, event);
  }
}

TEST(Operations, give_nobody_both_administration_and_use_of_keys) {
  for (const Operation& row : operations()) {
    const auto roles = default_roles(row);
    const bool user = std::find(roles.begin(), roles.end(), auth::Role::kKeyUser) != roles.end();
    const bool admin = std::find(roles.begin(), roles.end(), auth::Role::kKeyAdmin) != roles.end();
    if (row.plane == Plane::kUse) {
      EXPECT_TRUE(user && !admin) << row.name;
    }
    if (row.plane == Plane::kChange) {
      EXPECT_FALSE(user && row.name != "token_self") << row.name;
    }
  }
}

TEST(Operations, let_auditors_change_nothing) {
  for (const Operation& row : operations()) {
    const auto roles = default_roles(row);
    if (row.plane == Plane::kChange || row.plane == Plane::kUse) {
      EXPECT_EQ(std::find(roles.begin(), roles.end(), auth::Role::kAuditor), roles.end())
          << row.name;
    }
  }
}

TEST(Operations, are_public_only_where_there_is_nothing_to_protect) {
  for (const Operation& row : operations())
    if (row.plane == Plane::kPublic) {
      // A hook's message proves itself by its signature, a role by its secret.
      const bool signed_by_itself = row.name == "hook_deliver" || row.name == "auth_exchange";
      // Whoever checks a signature needs the public half, and may be anybody.
      const bool public_half = row.name == "jwks_show" || row.name == "public_key_show";
      EXPECT_TRUE(row.kind == "system" || row.kind == "seal" || signed_by_itself || public_half)
          << row.name;
    }
}

}  // namespace
}  // namespace kw::service
