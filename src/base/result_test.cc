#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace kw {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return error(Code::kInvalidArgument, "odd", "only even numbers have a half");
  return number / 2;
}

Result<int> quarter(int number) {
  KW_TRY(const int once, half(number));
  KW_TRY(const int twice, half(once));
  return twice;
}

Status check_quarter(int number) {
  KW_OK(quarter(number));
  return ok();
}

TEST(Result, hands_values_through) {
  EXPECT_EQ(*quarter(8), 2);
}

TEST(Result, returns_the_first_error_to_the_caller) {
  const auto result = quarter(6);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().reason, "odd");
  EXPECT_EQ(check_quarter(6).error().code, Code::kInvalidArgument);
  EXPECT_TRUE(check_quarter(8).has_value());
}

TEST(Result, carries_move_only_values) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> owned = *std::move(result);
  EXPECT_EQ(*owned, 7);
}

TEST(ResultDeathTest, aborts_when_a_failure_is_read_as_a_value) {
  EXPECT_DEATH(static_cast<void>(*half(1)), "contract broken");
}

}  // namespace
}  // namespace kw
