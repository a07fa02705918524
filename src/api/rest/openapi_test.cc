#include <gtest/gtest.h>

#include "api/rest/handlers.h"

namespace kw::api::rest {
namespace {

TEST(OpenApi, lists_every_operation_once) {
  const std::string text = openapi_json("0.0.0");
  const auto document = codec::JsonDocument::parse(text, {1 << 22, 32, 200'000});
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(*document->root().text("openapi"), "3.1.0");
  std::size_t operations = 0;
  const auto paths = document->root().member("paths");
  for (const auto& [path, methods] : paths->members()) operations += methods.members().size();
  EXPECT_EQ(operations, service::operations().size());
}

}  // namespace
}  // namespace kw::api::rest
