#include "client/connection.h"

#include <gtest/gtest.h>

namespace kw::client {
namespace {

TEST(Query, encodes_values_and_leaves_out_empty_ones) {
  EXPECT_EQ(query({{"owner", "a b&c"}, {"state", ""}, {"after", "x-1"}}),
            "?owner=a%20b%26c&after=x-1");
  EXPECT_EQ(query({{"owner", ""}}), "");
}

TEST(Connection, says_that_a_server_is_not_there) {
  ConnectionOptions options;
  options.http.base_url = "https://127.0.0.1:1";
  auto connection = Connection::open(std::move(options));
  ASSERT_TRUE(connection);
  Request request;
  request.path = "/api/v1/sys/health";
  const auto answer = connection->send(request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, "unreachable");
}

}  // namespace
}  // namespace kw::client
