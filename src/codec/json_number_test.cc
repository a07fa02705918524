#include "codec/json_number.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <random>

namespace kw::codec {
namespace {

// RFC 8785, appendix B.
TEST(Es6Number, writes_the_samples_of_the_standard) {
  const std::pair<std::uint64_t, const char*> samples[] = {
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x8000000000000001, "-5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0xffefffffffffffff, "-1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0xc340000000000000, "-9007199254740992"},
      {0x4430000000000000, "295147905179352830000"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
      {0x444b1ae4d6e2ef4e, "999999999999999700000"},
      {0x444b1ae4d6e2ef4f, "999999999999999900000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x41b3de4355555553, "333333333.3333332"},
      {0x41b3de4355555554, "333333333.33333325"},
      {0x41b3de4355555555, "333333333.3333333"},
      {0x41b3de4355555556, "333333333.3333334"},
      {0x41b3de4355555557, "333333333.33333343"},
      {0xbecbf647612f3696, "-0.0000033333333333333333"},
      {0x43143ff3c1cb0959, "1424953923781206.2"},
  };
  for (const auto& [bits, text] : samples)
    EXPECT_EQ(Es6Number(std::bit_cast<double>(bits)).text(), text);
}

TEST(Es6Number, writes_everyday_numbers_plainly) {
  EXPECT_EQ(Es6Number(1).text(), "1");
  EXPECT_EQ(Es6Number(-1.5).text(), "-1.5");
  EXPECT_EQ(Es6Number(100).text(), "100");
  EXPECT_EQ(Es6Number(0.1).text(), "0.1");
  EXPECT_EQ(Es6Number(123456789.125).text(), "123456789.125");
}

TEST(Es6Number, reads_back_as_the_same_number) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 200'000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const Es6Number number(value);
    double back = 0;
    const std::string_view text = number.text();
    const auto read = std::from_chars(text.data(), text.data() + text.size(), back);
    ASSERT_EQ(read.ptr, text.data() + text.size()) << text;
    ASSERT_EQ(back, value) << text;
  }
}

TEST(Es6NumberDeathTest, aborts_on_what_is_no_number) {
  EXPECT_DEATH(Es6Number(std::nan("")), "contract broken");
  EXPECT_DEATH(Es6Number{HUGE_VAL}, "contract broken");
}

}  // namespace
}  // namespace kw::codec
