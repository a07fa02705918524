#include "connectors/aad_template.h"

#include <gtest/gtest.h>

namespace kw::connectors {
namespace {

TEST(AadTemplate, puts_values_in_place_of_names) {
  const auto made = AadTemplate::parse("{tenant}/{{x}}/{pk}", {"tenant", "pk"});
  ASSERT_TRUE(made);
  EXPECT_EQ(as_text(made->fill({{"tenant", "acme"}, {"pk", "{tenant}"}})), "acme/{x}/{tenant}");
}

TEST(AadTemplate, an_empty_one_binds_to_nothing) {
  EXPECT_TRUE(AadTemplate::parse("", {})->fill({}).empty());
}

TEST(AadTemplate, refuses_unknown_names_and_lone_braces) {
  for (const char* text : {"{row}", "{pk", "pk}", "{}", "{p{k}"})
    EXPECT_EQ(AadTemplate::parse(text, {"pk"}).error().reason, "bad_aad") << text;
}

}  // namespace
}  // namespace kw::connectors
