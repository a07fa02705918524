#include "crypto/uuid.h"

#include <gtest/gtest.h>

#include <set>

#include "base/id.h"

namespace kw::crypto {
namespace {

TEST(Uuid, of_a_time_begins_with_its_milliseconds_and_says_its_version) {
  // RFC 9562 appendix A.6: 2022-02-22T19:22:22Z.
  const auto id = uuid_of_time(from_micros(1'645'557'742'000'999));
  EXPECT_EQ(RunId(id).text().substr(0, 13), "017f22e279b07");
  EXPECT_EQ(id[8] >> 6, 2);
}

TEST(Uuid, of_one_time_are_different_and_of_a_later_one_greater) {
  std::set<RunId> first;
  for (int i = 0; i < 1000; ++i) first.insert(id_of_time<RunId>(from_micros(5'000'000)));
  EXPECT_EQ(first.size(), 1000U);
  EXPECT_LT(*first.rbegin(), id_of_time<RunId>(from_micros(5'001'000)));
}

}  // namespace
}  // namespace kw::crypto
