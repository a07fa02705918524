#include "cli/incident_view.h"

#include <gtest/gtest.h>

namespace kw::cli {
namespace {

TEST(TheClockOfAnIncident, counts_from_its_opening) {
  EXPECT_EQ(clock_text("2026-11-20T13:00:00Z", "2026-11-20T13:00:00Z"), "T+00:00");
  EXPECT_EQ(clock_text("2026-11-20T13:00:00Z", "2026-11-20T14:02:07.5Z"), "T+62:07");
  EXPECT_EQ(clock_text("2026-11-20T13:00:00Z", "soon"), "T+?");
}

TEST(TheTimelineOfAnIncident, is_followed_once_and_without_single_versions) {
  const auto view = codec::JsonDocument::parse(
      R"({"incident":{"opened_at":"2026-11-20T13:00:00Z"},"timeline":[)"
      R"({"seq":1,"at":"2026-11-20T13:00:00Z","who":"sol","what":"incident.opened","detail":"1 items"},)"
      R"({"seq":2,"at":"2026-11-20T13:00:05Z","who":"system","what":"incident.version_revoked","detail":"x"},)"
      R"({"seq":3,"at":"2026-11-20T13:01:05Z","who":"system","what":"incident.contained","detail":""}]})");
  ASSERT_TRUE(view.has_value());
  testing::internal::CaptureStdout();
  EXPECT_EQ(print_timeline(view->root(), 0), 3);
  EXPECT_EQ(print_timeline(view->root(), 3), 3);
  std::fflush(stdout);
  EXPECT_EQ(testing::internal::GetCapturedStdout(),
            "T+00:00  opened            sol: 1 items\nT+01:05  contained         system\n");
}

TEST(AnApproval, is_told_by_who_gave_it) {
  const auto text = [](const char* json) {
    const auto view = codec::JsonDocument::parse(json);
    return view ? approval_text(view->root()) : "";
  };
  EXPECT_EQ(text(R"({"incident":{},"approval":{"approvers":["amy"],"needed":2,"state":"open"}})"),
            "1 of 2, open");
  EXPECT_EQ(text(R"({"incident":{"approved_at":"2026-11-20T13:00:00Z","approvers":["amy","bob"]}})"),
            "by amy, bob");
  EXPECT_EQ(text(R"({"incident":{"break_glass":{"by":"sol","verdict":"justified","reviewed_by":"amy"}}})"),
            "glass broken by sol; justified says amy");
}

}  // namespace
}  // namespace kw::cli
