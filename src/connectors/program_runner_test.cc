#include "connectors/program_runner.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

namespace kw::connectors {
namespace {

using How = ProgramEnd::How;

SteadyTime within(std::chrono::milliseconds patience) {
  return std::chrono::steady_clock::now() + patience;
}

class ProgramRunnerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto started = ProgramRunner::start({{"/bin/sh", {"-c", "cat; exit 3"}}, {"/bin/cat", {}}});
    ASSERT_TRUE(started);
    runner = *std::move(started);
  }
  std::unique_ptr<ProgramRunner> runner;
};

TEST_F(ProgramRunnerTest, runs_what_is_declared_and_nothing_else) {
  const auto end = runner->run({.path = "/bin/sh",
                                .arguments = {"-c", "cat; exit 3"},
                                .input = "text",
                                .deadline = within(std::chrono::seconds(20))});
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->code, 3);
  EXPECT_EQ(end->output, "text");
  for (const auto& [path, arguments] :
       {std::pair<std::string, std::vector<std::string>>{"/bin/sh", {"-c", "id"}},
        {"/bin/sh", {}},
        {"/bin/ls", {}},
        {"", {}},
        {"/bin/../bin/cat", {}}}) {
    const auto refused = runner->run(
        {.path = path, .arguments = arguments, .deadline = within(std::chrono::seconds(20))});
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().reason, "program_not_declared") << path;
  }
}

TEST_F(ProgramRunnerTest, serves_many_at_once_and_keeps_deadlines) {
  std::vector<std::thread> threads;
  threads.reserve(8);
  std::atomic<int> right{0};
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      const std::string text(static_cast<std::size_t>(i) * 5000, static_cast<char>('a' + i));
      const auto end = runner->run(
          {.path = "/bin/cat", .input = text, .deadline = within(std::chrono::seconds(20))});
      if (end && end->succeeded() && std::string_view(end->output) == text) ++right;
    });
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(right, 8);
  // A file that never ends: `cat` of a fifo nobody writes would do, zeros do as well.
  const auto flooded = runner->run({.path = "/bin/cat",
                                    .arguments = {"/dev/zero"},
                                    .deadline = within(std::chrono::seconds(20))});
  ASSERT_TRUE(flooded);
  EXPECT_EQ(flooded->how, How::kFlooded);
}

TEST_F(ProgramRunnerTest, ends_with_its_object) {
  runner.reset();
  auto again = ProgramRunner::start({{"/bin/cat", {}}});
  ASSERT_TRUE(again);
  EXPECT_TRUE((*again)->run(
      {.path = "/bin/cat", .input = "x", .deadline = within(std::chrono::seconds(20))}));
}

}  // namespace
}  // namespace kw::connectors
