#include "rotation/policy_reference.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace kw::rotation {
namespace {

constexpr const char* kGuide = KW_POLICY_GUIDE;

TEST(PolicyReference, the_guide_is_what_the_program_knows) {
  if (std::getenv("KW_WRITE_POLICY_REFERENCE") != nullptr)  // NOLINT(concurrency-mt-unsafe)
    std::ofstream(kGuide) << policy_reference();
  std::ostringstream written;
  written << std::ifstream(kGuide).rdbuf();
  EXPECT_EQ(written.str(), policy_reference())
      << "run rotation_tests with KW_WRITE_POLICY_REFERENCE=1 and commit docs/guide/policies.md";
}

}  // namespace
}  // namespace kw::rotation
