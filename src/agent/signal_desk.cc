#include "agent/signal_desk.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace kw::agent {

Result<SignalDesk> SignalDesk::open() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH})
    sigaddset(&set, number);
  // Writing to a program that left must not end the agent.
  signal(SIGPIPE, SIG_IGN);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  Descriptor signals(signalfd(-1, &set, SFD_CLOEXEC));
  Descriptor ending(eventfd(0, EFD_CLOEXEC));
  if (!signals.valid() || !ending.valid())
    return error(Code::kUnavailable, "no_resources", "the system has no room for signals");
  return SignalDesk(std::move(signals), std::move(ending));
}

SignalDesk::Notice SignalDesk::next() {
  for (;;) {
    std::array<pollfd, 2> ready = {{{signals_.get(), POLLIN, 0}, {ending_.get(), POLLIN, 0}}};
    if (poll(ready.data(), ready.size(), -1) < 0 && errno == EINTR) continue;
    if ((ready[1].revents & POLLIN) != 0) return {};
    signalfd_siginfo info{};
    if (read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
      return {static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL};
  }
}

void SignalDesk::end() const {
  eventfd_write(ending_.get(), 1);  // fails only when it is said already
}

}  // namespace kw::agent
