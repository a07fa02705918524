#include "agent/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <string_view>

extern char** environ;

namespace kw::agent {

namespace {

constexpr std::chrono::milliseconds kKillMax{10'000};
constexpr int kSignalBase = 128;  // as shells count

constexpr std::array<std::pair<std::string_view, int>, 7> kSignals = {{
    {"HUP", SIGHUP},
    {"INT", SIGINT},
    {"QUIT", SIGQUIT},
    {"TERM", SIGTERM},
    {"USR1", SIGUSR1},
    {"USR2", SIGUSR2},
    {"WINCH", SIGWINCH},
}};

// The agent blocks and ignores signals that the program must get.
struct SpawnSettings {
  explicit SpawnSettings(bool own_group) {
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&files);
    sigset_t none;
    sigemptyset(&none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    const int group = own_group ? POSIX_SPAWN_SETPGROUP : 0;
    posix_spawnattr_setflags(
        &attributes, static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | group));
    if (own_group) posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  }
  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawnattr_t attributes{};
  posix_spawn_file_actions_t files{};
};

// "NAME=value" in wiped memory, over the agent's own environment.
class EnvironmentBlock {
 public:
  explicit EnvironmentBlock(const Environment& added) {
    for (const auto& [name, value] : added) {
      WipedText line;
      line.reserve(name.size() + value.size() + 32);
      line.append(name).append("=").append(value);
      lines_.push_back(std::move(line));
    }
    for (char** entry = environ; *entry != nullptr; ++entry)
      if (!is_replaced(*entry, added)) pointers_.push_back(*entry);
    for (WipedText& line : lines_) pointers_.push_back(line.data());
    pointers_.push_back(nullptr);
  }
  char** get() { return pointers_.data(); }

 private:
  static bool is_replaced(std::string_view entry, const Environment& added) {
    const std::string_view name = entry.substr(0, entry.find('='));
    for (const auto& each : added)
      if (each.first == name) return true;
    return false;
  }
  std::vector<WipedText> lines_;
  std::vector<char*> pointers_;
};

Ended ended_of(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return {info.si_status, 0};
  return {kSignalBase + info.si_status, info.si_status};
}

}  // namespace

Result<Process> Process::start(const Words& words, const Environment& environment, Group group) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const SpawnSettings settings(group == Group::kOwn);
  EnvironmentBlock block(environment);
  pid_t id = -1;
  const int why = posix_spawnp(&id, words.at(0).c_str(), &settings.files, &settings.attributes,
                               arguments.data(), block.get());
  if (why != 0)
    return error(Code::kFailedPrecondition, "program_not_started",
                 words.at(0) + " could not be started (error " + std::to_string(why) + ")");
  Descriptor watched(static_cast<int>(syscall(SYS_pidfd_open, id, 0)));
  Process process(id, std::move(watched), group);
  if (!process.watched_.valid())
    return error(Code::kFailedPrecondition, "program_not_started",
                 "the kernel does not let the agent watch " + words.at(0));
  return process;
}

Process::~Process() {
  // A moved-from process has no descriptor any more.
  if (watched_.valid() && !ended_) stop(std::chrono::milliseconds(0));
}

std::optional<Ended> Process::wait(std::chrono::milliseconds most) {
  if (ended_) return ended_;
  const auto until = std::chrono::steady_clock::now() + most;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd ready{watched_.get(), POLLIN, 0};
    const int count = poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED) != 0) return std::nullopt;
    ended_ = ended_of(info);
    return ended_;
  }
}

void Process::signal(int number) const {
  if (ended_) return;
  kill(group_ == Group::kOwn ? -id_ : id_, number);
}

Ended Process::stop(std::chrono::milliseconds grace) {
  if (grace.count() > 0) signal(SIGTERM);
  if (const auto ended = wait(grace)) return *ended;
  signal(SIGKILL);
  return wait(kKillMax).value_or(Ended{kSignalBase + SIGKILL, SIGKILL});
}

Status run_command(const Words& words, std::chrono::milliseconds timeout) {
  KW_TRY(Process process, Process::start(words, {}, Process::Group::kOwn));
  const auto ended = process.wait(timeout);
  if (!ended) {
    process.stop(std::chrono::milliseconds(0));
    return error(Code::kDeadlineExceeded, "command_timeout", words.at(0) + " did not end in time");
  }
  if (ended->good()) return ok();
  return error(Code::kFailedPrecondition, "command_failed",
               words.at(0) + " ended with code " + std::to_string(ended->code));
}

Status signal_by_file(const std::string& pid_file, int number) {
  std::ifstream in(pid_file);
  std::string line;
  std::getline(in, line);
  pid_t id = 0;
  const auto [end, failure] = std::from_chars(line.data(), line.data() + line.size(), id);
  if (failure != std::errc{} || end != line.data() + line.size() || id <= 1)
    return error(Code::kNotFound, "no_process", pid_file + " names no process");
  if (kill(id, number) == 0) return ok();
  if (errno == EPERM)
    return error(Code::kPermissionDenied, "signal_not_allowed",
                 "the agent may not signal the process that " + pid_file + " names");
  return error(Code::kNotFound, "no_process", "the process that " + pid_file + " names is gone");
}

Result<int> parse_signal(std::string_view name) {
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (const auto& [known, number] : kSignals)
    if (known == name) return number;
  return error(Code::kInvalidArgument, "bad_signal",
               "a signal is HUP, INT, QUIT, TERM, USR1, USR2 or WINCH");
}

}  // namespace kw::agent
