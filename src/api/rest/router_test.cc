#include "api/rest/router.h"

#include <gtest/gtest.h>

namespace kw::api::rest {
namespace {

const Router router;

TEST(Router, finds_every_operation_by_its_own_path) {
  for (const service::Operation& operation : service::operations()) {
    std::string path(operation.path);
    for (auto open = path.find('{'); open != path.npos; open = path.find('{'))
      path.replace(open, path.find('}') - open + 1, "x1");
    const auto match = router.match(operation.method, path);
    ASSERT_TRUE(match) << path;
    EXPECT_EQ(match->operation->name, operation.name);
  }
}

TEST(Router, hands_out_parameters_undecoded) {
  const auto match =
      router.match("POST", "/api/v1/tenants/acme/keys/orders.v2/versions/17:promote");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->parameter("tenant"), "acme");
  EXPECT_EQ(match->parameter("key"), "orders.v2");
  EXPECT_EQ(match->parameter("version"), "17");
  EXPECT_EQ(match->parameter("other"), "");
}

TEST(Router, keeps_a_verb_apart_from_a_name) {
  EXPECT_EQ(router.match("POST", "/api/v1/tenants/acme/keys:import")->operation->name,
            "key_import");
  EXPECT_EQ(router.match("POST", "/api/v1/tenants/acme/keys")->operation->name, "key_create");
  EXPECT_EQ(router.match("POST", "/api/v1/tenants/acme/keys/a:unknown").error().reason,
            "no_such_route");
}

TEST(Router, a_tail_takes_segments_as_they_are_and_leaves_the_verb) {
  const auto read = router.match("GET", "/api/v1/tenants/acme/secrets/app/db/main");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->operation->name, "secret_read");
  EXPECT_EQ(read->parameter("path"), "app/db/main");
  const auto verb = router.match("POST", "/api/v1/tenants/acme/secrets/app/db:rotate");
  ASSERT_TRUE(verb);
  EXPECT_EQ(verb->operation->name, "secret_rotate");
  EXPECT_EQ(verb->parameter("path"), "app/db");
  EXPECT_EQ(router.match("GET", "/api/v1/tenants/acme/secrets")->operation->name, "secret_list");
  EXPECT_EQ(router.match("GET", "/api/v1/tenants/acme/secrets/a//b")->parameter("path"), "a//b");
  EXPECT_FALSE(router.match("GET", "/api/v1/tenants/acme/secrets/"));
  EXPECT_EQ(router.match("POST", "/api/v1/tenants/acme/secrets/a/b").error().reason,
            "method_not_allowed");
}

TEST(Router, refuses_what_is_not_a_route) {
  for (const char* path :
       {"", "/", "/api", "/api/v1/tenants/", "/api/v1/tenants//keys", "/api/v1/tenants/acme/keys/",
        "api/v1/tenants", "/api/v1/tenants/acme/keys/a/b", "/api/v1/tenants/acme/keys/:encrypt"})
    EXPECT_FALSE(router.match("GET", path)) << path;
}

TEST(Router, names_the_methods_of_a_known_path) {
  const auto refused = router.match("DELETE", "/api/v1/tenants/acme/keys");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "method_not_allowed");
  EXPECT_NE(refused.error().message.find("POST"), std::string::npos);
}

}  // namespace
}  // namespace kw::api::rest
