#include "agent/process.h"

#include <signal.h>
#include <unistd.h>

#include "agent/folder_for_tests.h"

namespace kw::agent {
namespace {

constexpr std::chrono::milliseconds kLong{20'000};

Words shell(const std::string& script) {
  return {"/bin/sh", "-c", script};
}

TEST(Process, tells_how_it_ended) {
  EXPECT_TRUE(run_command(shell("exit 0"), kLong));
  const Status failed = run_command(shell("exit 3"), kLong);
  EXPECT_EQ(failed.error().reason, "command_failed");
  EXPECT_EQ(failed.error().message, "/bin/sh ended with code 3");
  EXPECT_EQ(run_command({"/nonexistent/program"}, kLong).error().reason, "program_not_started");
  auto killed = Process::start(shell("kill -9 $$"), {}, Process::Group::kOwn).value();
  EXPECT_EQ(killed.wait(kLong)->code, 128 + SIGKILL);
}

TEST(Process, that_takes_too_long_is_killed_with_all_that_it_started) {
  const Folder folder;
  const std::string script = "sh -c 'echo $$ > " + folder.file("inner") + "; sleep 600' & wait";
  EXPECT_EQ(run_command(shell(script), std::chrono::milliseconds(500)).error().reason,
            "command_timeout");
  const std::string text = folder.read("inner");
  ASSERT_FALSE(text.empty());
  const pid_t inner = std::stoi(text);
  bool gone = false;
  for (int i = 0; i < 200 && !gone; ++i) {
    gone = kill(inner, 0) != 0;
    usleep(10'000);
  }
  EXPECT_TRUE(gone);
}

TEST(Process, gets_an_environment_of_its_own_and_no_signals_blocked) {
  const Folder folder;
  setenv("KW_TEST_BEFORE", "old", 1);  // NOLINT(concurrency-mt-unsafe)
  sigset_t hup;
  sigemptyset(&hup);
  sigaddset(&hup, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &hup, nullptr);
  Environment environment;
  environment.emplace_back("KW_TEST_BEFORE", "new");
  environment.emplace_back("KW_TEST_SECRET", "hush");
  auto process =
      Process::start(shell("echo $KW_TEST_BEFORE $KW_TEST_SECRET > " + folder.file("out") +
                           "; grep SigBlk /proc/self/status >> " + folder.file("out")),
                     environment, Process::Group::kOwn)
          .value();
  ASSERT_TRUE(process.wait(kLong)->good());
  pthread_sigmask(SIG_UNBLOCK, &hup, nullptr);
  EXPECT_EQ(folder.read("out"), "new hush\nSigBlk:\t0000000000000000\n");
  EXPECT_EQ(getenv("KW_TEST_SECRET"), nullptr);  // NOLINT(concurrency-mt-unsafe)
}

TEST(Process, is_asked_to_end_before_it_is_made_to) {
  const Folder folder;
  auto polite = Process::start(shell("trap 'exit 7' TERM; echo > " + folder.file("up") +
                                     "; while :; do sleep 0.05; done"),
                               {}, Process::Group::kOwn)
                    .value();
  while (!std::filesystem::exists(folder.file("up"))) usleep(1000);
  EXPECT_EQ(polite.stop(kLong).code, 7);
  auto deaf = Process::start(shell("trap '' TERM; echo > " + folder.file("up2") +
                                   "; while :; do sleep 0.05; done"),
                             {}, Process::Group::kOwn)
                  .value();
  while (!std::filesystem::exists(folder.file("up2"))) usleep(1000);
  EXPECT_EQ(deaf.stop(std::chrono::milliseconds(50)).signal, SIGKILL);
}

TEST(Process, is_signalled_by_the_number_in_a_file) {
  const Folder folder;
  auto process = Process::start(shell("trap 'exit 5' HUP; echo $$ > " + folder.file("pid") +
                                      "; while :; do sleep 0.05; done"),
                                {}, Process::Group::kOwn)
                     .value();
  while (folder.read("pid").empty()) usleep(1000);
  EXPECT_TRUE(signal_by_file(folder.file("pid"), SIGHUP));
  EXPECT_EQ(process.wait(kLong)->code, 5);
  EXPECT_EQ(signal_by_file(folder.file("pid"), SIGHUP).error().reason, "no_process");
  for (const char* text : {"", "abc", "-1", "0", "1", "12 34"}) {
    folder.write("pid", text);
    EXPECT_EQ(signal_by_file(folder.file("pid"), SIGHUP).error().reason, "no_process") << text;
  }
}

TEST(Process, signals_have_names) {
  EXPECT_EQ(parse_signal("HUP").value(), SIGHUP);
  EXPECT_EQ(parse_signal("SIGUSR1").value(), SIGUSR1);
  EXPECT_EQ(parse_signal("KILL").error().reason, "bad_signal");
}

}  // namespace
}  // namespace kw::agent
