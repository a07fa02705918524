#include "api/rest/problem.h"

#include <gtest/gtest.h>

#include "codec/json.h"

namespace kw::api::rest {
namespace {

TEST(Problem, has_the_members_of_rfc_9457_and_a_stable_reason) {
  const net::Response response =
      problem(error(Code::kNotFound, "not_found", "there is no such object"), "00ff");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const auto document = codec::JsonDocument::parse({response.body.data(), response.body.size()});
  ASSERT_TRUE(document);
  EXPECT_EQ(*document->root().text("type"), "urn:keywright:problem:not_found");
  EXPECT_EQ(*document->root().integer("status"), 404);
  EXPECT_EQ(*document->root().text("reason"), "not_found");
  EXPECT_EQ(*document->root().text("request_id"), "00ff");
}

TEST(Problem, maps_every_code_to_a_client_or_server_error) {
  for (int i = 0; i <= static_cast<int>(Code::kInternal); ++i) {
    const int status = http_status(error(static_cast<Code>(i), "r", "m"));
    EXPECT_GE(status, 400);
    EXPECT_LT(status, 600);
  }
  EXPECT_EQ(http_status(error(Code::kAborted, "stale_epoch", "m")), 412);
}

TEST(Problem, tells_when_to_come_back) {
  Error failure = error(Code::kResourceExhausted, "rate_limited", "slow down");
  failure.retry_after = std::chrono::seconds(3);
  const net::Response response = problem(failure, "00");
  bool found = false;
  for (const auto& [name, value] : response.headers)
    found = found || (name == "Retry-After" && value == "3");
  EXPECT_TRUE(found);
}

TEST(Problem, carries_the_approval_and_the_blockers) {
  service::RefusalDetails details;
  details.approval_id = "abc";
  details.approvals_needed = 2;
  details.blockers.push_back({"in_use", "billing", 12, "no use for 1 h"});
  const net::Response response =
      problem(error(Code::kFailedPrecondition, "not_ready", "m"), "00", &details);
  const auto document = codec::JsonDocument::parse({response.body.data(), response.body.size()});
  ASSERT_TRUE(document);
  EXPECT_EQ(*document->root().member("approval")->text("id"), "abc");
  EXPECT_EQ(*document->root().member("blockers")->elements().front().text("where"), "billing");
}

}  // namespace
}  // namespace kw::api::rest
