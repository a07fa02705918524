#include "service/incident_approval.h"

#include <gtest/gtest.h>

namespace kw::service {
namespace {

using rotation::IncidentRequest;
using rotation::Scope;

std::string tenant_of(Scope::Kind kind, std::vector<std::string> names) {
  IncidentRequest request;
  request.scope = {kind, std::move(names)};
  return incident_tenant(request);
}

TEST(TheTenantOfAnIncident, is_the_one_that_its_scope_names) {
  EXPECT_EQ(tenant_of(Scope::Kind::kSubject, {"key:acme/orders", "kek:acme/kek"}), "acme");
  EXPECT_EQ(tenant_of(Scope::Kind::kTenant, {"acme"}), "acme");
}

TEST(TheTenantOfAnIncident, is_none_where_several_or_all_may_be_meant) {
  EXPECT_EQ(tenant_of(Scope::Kind::kSubject, {"key:acme/orders", "key:globex/orders"}), "");
  EXPECT_EQ(tenant_of(Scope::Kind::kTenant, {"acme", "globex"}), "");
  EXPECT_EQ(tenant_of(Scope::Kind::kCaller, {"acme"}), "");
  EXPECT_EQ(tenant_of(Scope::Kind::kSubject, {}), "");
}

TEST(TheTenantOfAnIncident, does_not_believe_a_name_that_is_no_subject) {
  EXPECT_EQ(tenant_of(Scope::Kind::kSubject, {"acme/key:orders"}), "");
  EXPECT_EQ(tenant_of(Scope::Kind::kSubject, {"orders"}), "");
}

}  // namespace
}  // namespace kw::service
