#include "secrets/settings.h"

#include <gtest/gtest.h>

namespace kw::secrets {
namespace {

constexpr SettingRule kRules[] = {{"host", "name or address", true, ""},
                                  {"port", "1 to 65535", false, "5432"}};

TEST(Settings, AnUnknownMissingOrUnprintableSettingIsNamedWithoutItsValue) {
  EXPECT_TRUE(check_settings({{"host", "db"}}, kRules));
  EXPECT_EQ(check_settings({{"host", "db"}, {"hots", "x"}}, kRules).error().reason,
            "unknown_setting");
  EXPECT_EQ(check_settings({}, kRules).error().reason, "missing_setting");
  const Status bad = check_settings({{"host", "d\nb-value"}}, kRules);
  EXPECT_EQ(bad.error().reason, "bad_setting");
  EXPECT_EQ(bad.error().message.find("b-value"), std::string::npos);
}

TEST(Settings, WhatIsMissingIsWhatTheRuleSays) {
  EXPECT_EQ(setting({{"port", "1"}}, kRules, "port"), "1");
  EXPECT_EQ(setting({}, kRules, "port"), "5432");
  EXPECT_EQ(setting({}, kRules, "host"), "");
}

}  // namespace
}  // namespace kw::secrets
