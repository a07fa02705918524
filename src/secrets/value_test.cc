#include "secrets/value.h"

#include "secrets/house_for_test.h"

namespace kw::secrets {
namespace {

Fields fields(std::initializer_list<std::pair<const char*, const char*>> texts) {
  Fields all;
  for (const auto& [name, text] : texts) all.emplace_back(name, secret_text(text));
  return all;
}

TEST(Value, fields_are_found_by_name_whatever_their_order) {
  const Value value = must(Value::of_fields(fields({{"username", "app"}, {"password", "p\"w"}})));
  EXPECT_EQ(shown(must(value.part("password"))), "p\"w");
  EXPECT_EQ(must(value.names()), (std::vector<std::string>{"password", "username"}));
  EXPECT_EQ(reason_of(value.part("host")), "no_such_field");
  EXPECT_EQ(reason_of(value.part("")), "no_such_field");
}

TEST(Value, bytes_are_whole_and_may_be_any) {
  const Value value = must(Value::of_bytes(secret_text(std::string("a\0\xff", 3))));
  EXPECT_EQ(must(value.part("")).size(), 3u);
  EXPECT_EQ(reason_of(value.part("password")), "no_such_field");
  EXPECT_EQ(reason_of(Value::of_bytes(SecretBytes())), "bad_value");
  EXPECT_EQ(reason_of(Value::of_bytes(SecretBytes(kValueBytesMax + 1))), "bad_value");
}

TEST(Value, changed_fields_leave_the_others) {
  const Value before = must(Value::of_fields(fields({{"username", "app"}, {"password", "old"}})));
  const Value after = must(before.with(fields({{"password", "new"}, {"port", "5432"}})));
  EXPECT_EQ(shown(must(after.part("username"))), "app");
  EXPECT_EQ(shown(must(after.part("password"))), "new");
  EXPECT_EQ(shown(must(after.part("port"))), "5432");
}

TEST(Value, what_is_no_set_of_fields_is_refused) {
  EXPECT_EQ(reason_of(Value::of_fields({})), "bad_field");
  EXPECT_EQ(reason_of(Value::of_fields(fields({{"a", "1"}, {"a", "2"}}))), "bad_field");
  EXPECT_EQ(reason_of(Value::of_fields(fields({{"Pass-Word", "1"}}))), "bad_field");
  EXPECT_EQ(reason_of(Value::of_fields(fields({{"a", "\xff"}}))), "bad_field");
  EXPECT_EQ(reason_of(Value::from_sealed(Shape::kFields, secret_text("no json"))), "bad_value");
}

}  // namespace
}  // namespace kw::secrets
