#include "connectors/server_reload.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <fstream>

#include "connectors/server_address.h"

namespace kw::connectors {

namespace {

constexpr int kPauseMs = 20;
constexpr int kSilencesMax = 25;  // a server that reads its users again may drop who is coming in

Error not_running() {
  return error(Code::kUnavailable, "server_not_running",
               "the pid file names no running process of the server");
}

Result<pid_t> read_pid(const CredentialFileTerms& terms) {
  KW_TRY(const CredentialFile file, CredentialFile::open(terms));
  KW_TRY(const auto text, file.read());
  if (!text) return not_running();
  pid_t pid = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), pid);
  if (read.ec != std::errc() || pid <= 1) return not_running();
  return pid;
}

}  // namespace

// The process is held while its name is read: its number cannot go to another meanwhile.
Status reload_server(const CredentialFileTerms& pid_file, std::string_view program) {
  KW_TRY(const pid_t pid, read_pid(pid_file));
  const OpenFile process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return not_running();
  std::string name;
  std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm"), name);
  if (name != program) return not_running();
  if (syscall(SYS_pidfd_send_signal, process.number(), SIGHUP, nullptr, 0) == 0) return ok();
  if (errno == ESRCH) return not_running();
  return error(Code::kFailedPrecondition, "cannot_signal",
               "this process may not send a signal to the server: run both as one user");
}

Status await_login(const std::function<Status()>& probe, bool wanted, SteadyTime deadline) {
  for (int silences = 0;;) {
    Status login = probe();
    const bool refused = !login && login.error().code == Code::kUnauthenticated;
    const bool silent = !login && login.error().code == Code::kUnavailable;
    if (!login && !refused && (!silent || ++silences > kSilencesMax)) return login;
    if (!silent && refused != wanted) return ok();
    if (left_until(deadline).count() <= kPauseMs)
      return error(Code::kDeadlineExceeded, "not_taken_over",
                   "the server was told to read its users again and has not done so in time");
    poll(nullptr, 0, kPauseMs);
  }
}

}  // namespace kw::connectors
