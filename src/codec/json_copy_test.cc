#include "codec/json_copy.h"

#include <gtest/gtest.h>

namespace kw::codec {
namespace {

TEST(JsonCopy, keeps_order_types_and_whole_numbers) {
  const std::string text =
      R"({"z":9223372036854775807,"a":[1,-2.5,true,null,"\u0001\"x"],"m":{"b":{},"c":[]}})";
  const auto document = JsonDocument::parse(text);
  ASSERT_TRUE(document);
  JsonWriter json;
  write_view(json, document->root());
  EXPECT_EQ(json.text(), text);
}

}  // namespace
}  // namespace kw::codec
