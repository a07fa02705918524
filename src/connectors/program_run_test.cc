#include "connectors/program_run.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

namespace kw::connectors {
namespace {

using How = ProgramEnd::How;

// A shell of the tests; the product starts none.
Result<ProgramEnd> run(const std::string& script, std::string_view input = "",
                       std::chrono::milliseconds patience = std::chrono::seconds(20),
                       bool takes_status = false) {
  return run_program({.path = "/bin/sh",
                      .arguments = {"-c", script},
                      .input = input,
                      .deadline = std::chrono::steady_clock::now() + patience,
                      .takes_status = takes_status});
}

TEST(ProgramRun, takes_what_it_writes_and_its_code) {
  const auto end = run("cat; echo shown >&2; exit 3", "text\n");
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->how, How::kExited);
  EXPECT_EQ(end->code, 3);
  EXPECT_EQ(end->output, "text\n");
}

TEST(ProgramRun, a_missing_program_did_nothing) {
  const auto end =
      run_program({.path = "/nonexistent/program",
                   .deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5)});
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().reason, "program_missing");
}

TEST(ProgramRun, has_an_environment_and_descriptors_of_its_own) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else runs
  ASSERT_EQ(setenv("KW_TEST_SECRET", "hidden", 1), 0);
  const auto end = run("env | sort; ls /proc/self/fd | wc -l; pwd; umask; ulimit -c");
  unsetenv("KW_TEST_SECRET");  // NOLINT(concurrency-mt-unsafe)
  ASSERT_TRUE(end);
  EXPECT_EQ(end->output.find("KW_TEST_SECRET"), WipedText::npos) << end->output;
  // The three usual ones and the one that `ls` lists with.
  EXPECT_NE(end->output.find("\n4\n/\n0077\n0\n"), WipedText::npos) << end->output;
}

TEST(ProgramRun, gains_no_privileges) {
  const auto end = run("grep NoNewPrivs /proc/self/status");
  ASSERT_TRUE(end);
  EXPECT_EQ(end->output, "NoNewPrivs:\t1\n");
}

TEST(ProgramRun, is_killed_with_its_whole_group_at_the_deadline) {
  const auto start = std::chrono::steady_clock::now();
  const auto end = run("sleep 1000 & echo $!; wait", "", std::chrono::milliseconds(300));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->how, How::kTimedOut);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  const pid_t child = static_cast<int>(std::strtol(end->output.c_str(), nullptr, 10));
  ASSERT_GT(child, 1);
  const auto gone = [&] {
    std::ifstream status("/proc/" + std::to_string(child) + "/stat");
    std::string id, name, state;
    status >> id >> name >> state;
    return !status || state == "Z";
  };
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!gone() && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  EXPECT_TRUE(gone());
}

TEST(ProgramRun, a_child_that_holds_the_output_does_not_hold_us) {
  const auto start = std::chrono::steady_clock::now();
  const auto end = run("sleep 1000 & echo done");
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->succeeded());
  EXPECT_EQ(end->output, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(ProgramRun, too_much_output_ends_it) {
  const auto end = run("while :; do echo 0123456789; done");
  ASSERT_TRUE(end);
  EXPECT_EQ(end->how, How::kFlooded);
}

TEST(ProgramRun, a_program_that_does_not_read_does_not_end_us) {
  const std::string much(1 << 20, 'x');
  const auto end = run("exec <&-; exit 0", much);
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->succeeded());
}

TEST(ProgramRun, much_input_and_output_at_once_do_not_lock_each_other) {
  const std::string much(48 << 10, 'x');
  const auto end = run("cat", much);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->output.size(), much.size());
}

TEST(ProgramRun, a_signal_is_no_exit) {
  const auto end = run("kill -9 $$");
  ASSERT_TRUE(end);
  EXPECT_EQ(end->how, How::kKilled);
  EXPECT_FALSE(end->succeeded());
}

TEST(ProgramRun, the_status_comes_on_a_descriptor_of_its_own) {
  const auto end = run("echo state >&3; echo text", "", std::chrono::seconds(20), true);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->status, "state\n");
  EXPECT_EQ(end->output, "text\n");
}

}  // namespace
}  // namespace kw::connectors
