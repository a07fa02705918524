#include "cli/command.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "cli/advice.h"
#include "cli/doctor_topics.h"
#include "cli/exit_code.h"
#include "cli/help.h"
#include "cli/hints.h"
#include "cli/progress.h"
#include "cli/runbook_texts.h"

namespace kw::cli {
namespace {

TEST(Commands, have_distinct_names_and_an_example_each) {
  std::set<std::string> names;
  for (const Command& command : all_commands()) {
    const std::string name = command.noun + " " + command.verb;
    EXPECT_TRUE(names.insert(name).second) << name;
    ASSERT_FALSE(command.examples.empty()) << name;
    for (const std::string& example : command.examples)
      EXPECT_EQ(
          example.rfind(
              "keywright " + (command.noun.empty() ? "" : command.noun + " ") + command.verb, 0),
          0u)
          << example;
  }
}

TEST(Commands, have_nouns_that_the_help_explains) {
  for (const Command& command : all_commands())
    EXPECT_TRUE(command.noun.empty() || !noun_summary(command.noun).empty()) << command.noun;
}

TEST(Commands, take_no_secret_as_a_flag) {
  for (const Command& command : all_commands())
    for (const Flag& flag : command.flags)
      for (const char* word : {"--token", "--share", "--password", "--secret", "--key-material"})
        EXPECT_NE(flag.name, word) << command.verb;
}

TEST(FirstScreen, fits_twelve_lines_of_eighty_columns) {
  const std::string text = first_screen();
  std::size_t lines = 1, column = 0;
  for (const char c : text) {
    if (c != '\n') {
      EXPECT_LE(++column, 80u);
    }
    if (c == '\n') ++lines, column = 0;
  }
  EXPECT_LE(lines, 13u);
}

TEST(NearestCommand, is_offered_for_a_typo) {
  std::vector<Command> commands = all_commands();
  std::string program = "keywright", noun = "key", verb = "rotat";
  char* argv[] = {program.data(), noun.data(), verb.data()};
  EXPECT_EQ(nearest_command(commands, 3, argv), "key rotate");
}

TEST(NearestCommand, finds_the_noun_first) {
  const std::vector<Command> commands = all_commands();
  std::string program = "keywright", noun = "tenat", verb = "lst", unlike = "zebra";
  char* both[] = {program.data(), noun.data(), verb.data()};
  EXPECT_EQ(nearest_command(commands, 3, both), "tenant list");
  EXPECT_EQ(nearest_command(commands, 2, both), "tenant --help");
  char* neither[] = {program.data(), unlike.data()};
  EXPECT_EQ(nearest_command(commands, 2, neither), "help");
}

TEST(Nearest, is_what_a_typo_explains) {
  const std::vector<std::string> names = {"orders", "payments", "tls"};
  EXPECT_EQ(nearest("order", names), "orders");
  EXPECT_EQ(nearest("ordres", names), "orders");
  EXPECT_EQ(nearest("tsl", names), "tls");
  EXPECT_EQ(nearest("xyz", names), "");
  EXPECT_EQ(nearest("tl", names), "tls");
  EXPECT_EQ(nearest("invoices", names), "");
}

TEST(DoctorTopics, are_found_by_their_id) {
  ASSERT_NE(doctor_topic("ST-1"), nullptr);
  EXPECT_EQ(doctor_topic("ST-1")->id, "ST-1");
  EXPECT_EQ(doctor_topic("st-1"), nullptr);
}

TEST(Advice, keeps_its_first_line_short) {
  Hints hints;
  hints.why = "what only it protects becomes unreadable";
  hints.attempt = "keywright key destroy orders@1 --confirm orders";
  const Error failure =
      error(Code::kInvalidArgument, "confirm_required",
            "destroy of acme:orders@1 needs a name to confirm, and there is no terminal");
  EXPECT_EQ(advice(failure, {}, false, hints),
            "error: destroy of acme:orders@1 needs a name to confirm, and there is no terminal\n"
            "  why: what only it protects becomes unreadable [confirm_required]\n"
            "  try: keywright key destroy orders@1 --confirm orders");
}

TEST(Advice, says_of_a_file_what_why_and_where_to_look) {
  const auto said = [](const char* reason, const char* message) {
    const Error failure = error(Code::kInvalidArgument, reason, message);
    return advice(failure, {}, false, file_trouble(failure));
  };
  EXPECT_EQ(said("cannot_read", "cannot read etc/policy.yaml: there is no such file"),
            "error: cannot read etc/policy.yaml [cannot_read]\n  why: there is no such file\n"
            "  try: ls -ld etc/");
  EXPECT_EQ(said("cannot_read", "cannot read a: b.txt: this user may not"),
            "error: cannot read a: b.txt [cannot_read]\n  why: this user may not\n"
            "  try: ls -l 'a: b.txt'");
  EXPECT_EQ(said("file_too_large", "cannot read x: it has more than 1 GiB"),
            "error: cannot read x [file_too_large]\n  why: it has more than 1 GiB\n"
            "  try: split it, or choose another file");
}

TEST(Advice, names_the_run_and_the_incident_that_are_in_the_way) {
  client::Problem problem;
  problem.run_id = "11aa";
  EXPECT_EQ(
      advice(error(Code::kFailedPrecondition, "run_open", "run 11aa is open"), problem, false),
      "error: run 11aa is open [run_open]\n  try: keywright run watch 11aa   (wait for its "
      "end; or: keywright run rollback 11aa, run abort)");
  problem.incident_id = "22bb";
  EXPECT_EQ(
      advice(error(Code::kFailedPrecondition, "frozen_by_incident", "frozen"), problem, false),
      "error: frozen [frozen_by_incident]\n  try: keywright incident watch 22bb   (the freeze "
      "ends with it)");
}

TEST(Runbooks, are_inside_the_program) {
  const auto pages = runbook_texts();
  EXPECT_GT(pages.size(), 20u);
  EXPECT_TRUE(std::any_of(pages.begin(), pages.end(), [](const RunbookText& page) {
    return page.name == "RO-4" && page.text.starts_with("# RO-4: ");
  }));
}

TEST(Advice, says_how_to_name_a_tenant) {
  EXPECT_EQ(advice(error(Code::kInvalidArgument, "no_tenant", "no tenant is named"), {}, false),
            "error: no tenant is named [no_tenant]\n"
            "  try: the same with -t TENANT or TENANT:NAME   (keywright tenant list shows them)");
}

TEST(Advice, says_what_why_and_what_to_type_in_four_lines) {
  client::Problem problem;
  problem.blockers.push_back({"in_use", "billing", "no use for 3600 s", 12});
  const std::string text = advice(
      error(Code::kFailedPrecondition, "not_ready", "the version is still needed"), problem, false);
  EXPECT_EQ(text,
            "error: the version is still needed [not_ready]\n"
            "  why: in_use by billing (12), clears when: no use for 3600 s\n"
            "  try: keywright key readiness KEY@N   (what is in the way, and when it clears)");
}

TEST(ExitCodes, follow_the_class_of_the_failure) {
  EXPECT_EQ(exit_code(error(Code::kUnauthenticated, "token_expired", "")), kNotLoggedIn);
  EXPECT_EQ(exit_code(error(Code::kPermissionDenied, "permission_denied", "")), kDenied);
  EXPECT_EQ(exit_code(error(Code::kNotFound, "not_found", "")), kNoSuchObject);
  EXPECT_EQ(exit_code(error(Code::kFailedPrecondition, "not_ready", "")), kRefused);
  EXPECT_EQ(exit_code(error(Code::kFailedPrecondition, "approval_required", "")), kNotYet);
  EXPECT_EQ(exit_code(error(Code::kInvalidArgument, "decrypt_failed", "")), kProofFailed);
  EXPECT_EQ(exit_code(error(Code::kUnavailable, "sealed", "")), kRetryLater);
  EXPECT_EQ(exit_code(error(Code::kInvalidArgument, "bad_name", "")), kUsage);
}

TEST(TimeLeft, is_told_from_five_percent_on) {
  EXPECT_EQ(time_left(1, 100, 10), "");
  EXPECT_EQ(time_left(50, 100, 10), "6 s left");
  EXPECT_EQ(time_left(50, 100000, 0), "");
  EXPECT_EQ(time_left(100000, 1000000, 1000), "15 min left");
}

}  // namespace
}  // namespace kw::cli
