#include "cli/run_view.h"

#include <gtest/gtest.h>

namespace kw::cli {
namespace {

constexpr std::string_view kDraining = R"({
  "id":"0123456789abcdef0123456789abcdef","subject":"key:acme/orders","state":"drain","percent":100,
  "from_version":1,"to_version":2,"problem":"overlap","waits_for":"@1 and @2 to be old enough",
  "trigger":"schedule","requested_by":"scheduler","reason":"","created_at":"2026-11-20T13:00:00Z",
  "plan_hash":"00112233445566778899","approvals_needed":0,
  "ladder":[{"state":"plan","status":"done","left_at":"2026-11-20T13:00:01Z"},
            {"state":"approve","status":"done"},{"state":"generate","status":"done"},
            {"state":"stage","status":"done"},{"state":"validate","status":"done"},
            {"state":"rollout","status":"done"},{"state":"promote","status":"done"},
            {"state":"drain","status":"current"},{"state":"quarantine","status":"skipped"},
            {"state":"revoke","status":"skipped"},{"state":"archive","status":"open"}],
  "checklist":[{"phase":"before","name":"preflight","state":"met","detail":"no drift"},
               {"phase":"after","name":"inventory","state":"open","detail":"later"}]})";

codec::JsonDocument parsed(std::string_view text) {
  auto document = codec::JsonDocument::parse(text);
  return *std::move(document);
}

TEST(RunView, fits_the_ladder_into_the_columns) {
  const auto run = parsed(kDraining);
  EXPECT_EQ(run_ladder(run.root(), 80),
            "✓plan ✓approve ✓generate ✓stage ✓validate ✓rollout ✓promote ▸DRAIN -quarantine …");
  EXPECT_EQ(run_ladder(run.root(), 79),
            "✓plan ✓approve ✓generate ✓stage ✓validate ✓rollout ✓promote ▸DRAIN …");
  EXPECT_EQ(run_ladder(run.root(), 200),
            "✓plan ✓approve ✓generate ✓stage ✓validate ✓rollout ✓promote ▸DRAIN -quarantine "
            "-revoke ·archive");
}

TEST(RunView, says_in_one_line_what_changed) {
  const auto run = parsed(kDraining);
  EXPECT_EQ(run_line(run.root(), "13:42:10Z"),
            "13:42:10Z  drain  waits for @1 and @2 to be old enough");
}

TEST(RunView, shows_title_ladder_rollout_and_what_it_waits_for) {
  const auto run = parsed(kDraining);
  const auto lines = run_screen(run.root(), "13:42:10Z");
  ASSERT_GE(lines.size(), 5u);
  EXPECT_EQ(lines[0].substr(0, 36), "01234567  key:acme/orders @1 -> @2  ");
  EXPECT_EQ(lines[0].size(), 80u);
  EXPECT_EQ(lines[2], "  rollout    [████████████████████] 100 %");
  EXPECT_EQ(lines[3], "  waits for  @1 and @2 to be old enough");
}

TEST(RunView, shows_the_checklist_by_phase) {
  const auto lines = run_pages(parsed(kDraining).root());
  const auto has = [&](const std::string& wanted) {
    return std::find(lines.begin(), lines.end(), wanted) != lines.end();
  };
  EXPECT_TRUE(has("before"));
  EXPECT_TRUE(has("  ✓ preflight        no drift"));
  EXPECT_TRUE(has("  · inventory        later"));
}

TEST(RunView, ends_with_how_it_ended) {
  const auto done = parsed(R"({"state":"done","subject":"key:acme/orders","to_version":2})");
  EXPECT_EQ(run_end(done.root()), "✓ done: key:acme/orders@2 is primary");
  const auto back = parsed(
      R"({"state":"rolled_back","subject":"key:acme/orders","from_version":1,"problem":"latency"})");
  EXPECT_EQ(run_end(back.root()), "✗ rolled back: key:acme/orders@1 is primary (latency)");
}

}  // namespace
}  // namespace kw::cli
