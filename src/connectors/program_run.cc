#include "connectors/program_run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "connectors/server_address.h"
#include "connectors/tree_walk.h"

namespace kw::connectors {

namespace {

constexpr int kAboveTheUsual = 16;  // so that no dup2 in the child hits a descriptor of ours
constexpr int kStatus = 3;
constexpr rlim_t kOpenFiles = 256;
constexpr rlim_t kFileBytes = rlim_t{64} << 20;
constexpr std::size_t kBlock = 4096;

Error missing() {
  return error(Code::kUnavailable, "program_missing", "the declared program cannot be started");
}

struct Pipe {
  OpenFile reads, writes;

  static Result<Pipe> make() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return missing();
    const OpenFile reads(ends[0]), writes(ends[1]);
    Pipe made{OpenFile(fcntl(ends[0], F_DUPFD_CLOEXEC, kAboveTheUsual)),
              OpenFile(fcntl(ends[1], F_DUPFD_CLOEXEC, kAboveTheUsual))};
    if (!made.reads || !made.writes) return missing();
    return made;
  }
};

struct Pipes {
  Pipe input, output, status, failure;  // `failure` tells why exec did not happen
};

// Everything that the child needs; made before the fork, since it may not allocate.
struct Prepared {
  std::vector<char*> arguments, environment;
  rlim_t seconds = 1;
  bool takes_status = false;
  int nowhere = -1;
};

void limit(int what, rlim_t value) {
  const rlimit both{value, value};
  setrlimit(static_cast<__rlimit_resource_t>(what), &both);
}

// Only calls that are safe between fork and exec of a process with threads.
[[noreturn]] void become(const Prepared& prepared, const Pipes& pipes, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);  // NOLINT(concurrency-mt-unsafe): one thread
  umask(077);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, prepared.seconds);
  limit(RLIMIT_NOFILE, kOpenFiles);
  limit(RLIMIT_FSIZE, kFileBytes);
  bool ready = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && chdir("/") == 0 &&
               dup2(pipes.input.reads.number(), 0) == 0 &&
               dup2(pipes.output.writes.number(), 1) == 1 && dup2(prepared.nowhere, 2) == 2;
  if (prepared.takes_status)
    ready = ready && dup2(pipes.status.writes.number(), kStatus) == kStatus;
  const unsigned first = prepared.takes_status ? kStatus + 1 : kStatus;
  ready = ready && syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
  if (ready) execve(prepared.arguments[0], prepared.arguments.data(), prepared.environment.data());
  const int why = errno;
  [[maybe_unused]] const ssize_t told = write(pipes.failure.writes.number(), &why, sizeof why);
  _exit(127);
}

// Writing to a program that does not read must not end this process.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    sigemptyset(&only_);
    sigaddset(&only_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &only_, &before_);
  }
  ~NoBrokenPipe() {
    const timespec now{};
    if (sigismember(&before_, SIGPIPE) == 0) sigtimedwait(&only_, nullptr, &now);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;

 private:
  sigset_t only_{}, before_{};
};

/// A program that runs: its streams, its end.
class Running {
 public:
  Running(pid_t child, Pipes pipes, const ProgramCall& call)
      : child_(child), pipes_(std::move(pipes)), call_(call), rest_(call.input) {
    pidfd_ = OpenFile(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
    pipes_.input.reads = OpenFile();
    pipes_.output.writes = OpenFile();
    pipes_.status.writes = OpenFile();
    for (const int each :
         {pipes_.input.writes.number(), pipes_.output.reads.number(), pipes_.status.reads.number()})
      fcntl(each, F_SETFL, O_NONBLOCK);
    end_.output.reserve(kBlock);
    end_.status.reserve(kBlock);
  }
  // Whatever happens, nothing of the group outlives this. The leader is reaped last: until then its
  // number is nobody else's.
  ~Running() {
    if (child_ <= 0) return;
    kill(-child_, SIGKILL);
    kill(child_, SIGKILL);
    while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  ProgramEnd wait() {
    const NoBrokenPipe quiet;
    if (!pidfd_)
      end_.how = ProgramEnd::How::kTimedOut;  // killed at once rather than waited for blindly
    while (pidfd_ && !step()) {
    }
    if (end_.how == ProgramEnd::How::kExited) take_end();
    return std::move(end_);
  }

 private:
  // True at the end.
  bool step() {
    if (rest_.empty()) pipes_.input.writes = OpenFile();
    std::array<pollfd, 4> watched{{{pidfd_.number(), POLLIN, 0},
                                   {pipes_.output.reads.number(), POLLIN, 0},
                                   {pipes_.status.reads.number(), POLLIN, 0},
                                   {pipes_.input.writes.number(), POLLOUT, 0}}};
    const auto left = left_until(call_.deadline);
    const int ready = poll(watched.data(), watched.size(), static_cast<int>(left.count()));
    if (ready < 0) return errno != EINTR;
    if (ready == 0) return stop(ProgramEnd::How::kTimedOut);
    if (watched[3].revents != 0) feed();
    const bool fits =
        take(pipes_.output.reads, end_.output) && take(pipes_.status.reads, end_.status);
    if (!fits) return stop(ProgramEnd::How::kFlooded);
    if (watched[0].revents != 0) return true;
    if (std::chrono::steady_clock::now() >= call_.deadline) return stop(ProgramEnd::How::kTimedOut);
    return false;
  }
  bool stop(ProgramEnd::How how) {
    end_.how = how;
    return true;
  }
  void feed() {
    const ssize_t wrote = write(pipes_.input.writes.number(), rest_.data(), rest_.size());
    if (wrote > 0) rest_.remove_prefix(static_cast<std::size_t>(wrote));
    if (wrote < 0 && errno != EAGAIN && errno != EINTR) rest_ = {};
  }
  // What is there now. False: more than the bound.
  bool take(OpenFile& from, WipedText& into) {
    WipedText block(kBlock, '\0');
    while (from) {
      const ssize_t got = read(from.number(), block.data(), block.size());
      if (got < 0) return true;
      if (got == 0) from = OpenFile();
      if (got > 0) into.append(block, 0, static_cast<std::size_t>(got));
      if (into.size() > call_.output_max) return false;
    }
    return true;
  }
  void take_end() {
    siginfo_t how{};
    if (waitid(P_PID, static_cast<id_t>(child_), &how, WEXITED | WNOWAIT) != 0) return;
    end_.how = how.si_code == CLD_EXITED ? ProgramEnd::How::kExited : ProgramEnd::How::kKilled;
    end_.code = how.si_status;
  }

  pid_t child_;
  Pipes pipes_;
  const ProgramCall& call_;
  std::string_view rest_;
  OpenFile pidfd_;
  ProgramEnd end_;
};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  all.reserve(words.size() + 1);
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

Result<ProgramEnd> run_program(const ProgramCall& call) {
  std::vector<std::string> words = call.arguments;
  words.insert(words.begin(), call.path);
  std::vector<std::string> environment = call.environment;
  environment.emplace_back("PATH=/usr/local/bin:/usr/bin:/bin");
  environment.emplace_back("LANG=C.UTF-8");
  const OpenFile nowhere(open("/dev/null", O_RDWR | O_CLOEXEC));
  const OpenFile above(fcntl(nowhere.number(), F_DUPFD_CLOEXEC, kAboveTheUsual));
  Pipes pipes;
  KW_TRY(pipes.input, Pipe::make());
  KW_TRY(pipes.output, Pipe::make());
  KW_TRY(pipes.status, Pipe::make());
  KW_TRY(pipes.failure, Pipe::make());
  Prepared prepared{pointers(words), pointers(environment), 1, call.takes_status, above.number()};
  prepared.seconds += static_cast<rlim_t>(left_until(call.deadline).count() / 1000);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) become(prepared, pipes, parent);
  if (child < 0) return missing();
  setpgid(child, child);  // whoever of the two is first
  OpenFile told = std::move(pipes.failure.reads);
  pipes.failure.writes = OpenFile();
  Running running(child, std::move(pipes), call);
  int why = 0;
  if (read(told.number(), &why, sizeof why) > 0) return missing();
  return running.wait();
}

}  // namespace kw::connectors
