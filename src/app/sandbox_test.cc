#include "app/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>

#include "base/id.h"
#include "connectors/program_runner.h"
#include "crypto/random.h"

namespace kw::app {
namespace {

// Confinement lasts for the life of a process: each check runs in a child. @returns its exit code.
int in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Sandbox, starts_no_program_after_the_filter) {
  const int outcome = in_child([] {
    if (!refuse_system_calls()) return 10;
    execl("/bin/true", "true", nullptr);
    return errno == EPERM ? 42 : 11;
  });
  EXPECT_EQ(outcome, 42);
}

TEST(Sandbox, could_start_a_program_before_the_filter) {
  EXPECT_EQ(in_child([] {
              execl("/bin/true", "true", nullptr);
              return 11;
            }),
            0);
}

TEST(Sandbox, a_runner_from_before_the_filter_starts_what_is_declared) {
  const int outcome = in_child([] {
    auto runner = connectors::ProgramRunner::start({{"/bin/cat", {}}});
    if (!runner || !refuse_system_calls()) return 10;
    const auto soon = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const connectors::ProgramCall declared{.path = "/bin/cat", .input = "text", .deadline = soon};
    const connectors::ProgramCall other{.path = "/bin/ls", .deadline = soon};
    const auto itself = connectors::run_program(declared);
    if (itself) return 11;
    const auto end = (*runner)->run(declared);
    if (!end || std::string_view(end->output) != "text") return 12;
    const auto refused = (*runner)->run(other);
    return !refused && refused.error().reason == "program_not_declared" ? 42 : 13;
  });
  EXPECT_EQ(outcome, 42);
}

TEST(Sandbox, writes_below_its_folders_and_nowhere_else) {
  const auto folder = std::filesystem::temp_directory_path() /
                      ("kw-sandbox-" + crypto::random_id<RequestId>().text());
  std::filesystem::create_directories(folder / "data");
  const int outcome = in_child([&] {
    const auto confined = confine_files({folder / "data"});
    if (!confined) return 10;
    if (!*confined) return 77;
    const int inside = open((folder / "data/file").c_str(), O_WRONLY | O_CREAT, 0600);
    const int outside = open((folder / "file").c_str(), O_WRONLY | O_CREAT, 0600);
    const int reason = errno;
    const int readable = open("/etc/passwd", O_RDONLY);
    return inside >= 0 && outside < 0 && reason == EACCES && readable >= 0 ? 42 : 11;
  });
  std::filesystem::remove_all(folder);
  if (outcome == 77) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(outcome, 42);
}

}  // namespace
}  // namespace kw::app
