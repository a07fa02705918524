#include "agent/exec_child.h"

#include <poll.h>
#include <signal.h>

#include <cerrno>

namespace kw::agent {

ExecChild::ExecChild(const ExecConfig& config, Words words, std::function<void(Ended)> on_end)
    : config_(config), words_(std::move(words)), on_end_(std::move(on_end)) {}

ExecChild::~ExecChild() {
  stop();
}

Status ExecChild::start(const Environment& environment) {
  KW_TRY(Process process, Process::start(words_, environment, Process::Group::kOurs));
  std::lock_guard lock(mutex_);
  process_ = std::move(process);
  running_ = true;
  expected_ = false;
  watcher_ = std::thread([this, descriptor = process_->descriptor()] { watch(descriptor); });
  return ok();
}

void ExecChild::watch(int descriptor) {
  pollfd ready{descriptor, POLLIN, 0};
  while (poll(&ready, 1, -1) < 0 && errno == EINTR) {
  }
  Ended how;
  bool tell = false;
  {
    // Reaped under the lock: nobody signals a number that may be somebody else's by now.
    std::lock_guard lock(mutex_);
    how = process_->wait(Milliseconds(0)).value_or(Ended{});
    running_ = false;
    tell = !expected_;
  }
  ended_.notify_all();
  if (tell) on_end_(how);
}

Status ExecChild::reload(const Environment& environment) {
  if (!started()) return start(environment);
  switch (config_.on_change) {
    case ExecChange::kNothing:
      return ok();
    case ExecChange::kSignal:
      signal(config_.signal);
      return ok();
    case ExecChange::kRestart:
      break;
  }
  stop();
  return start(environment);
}

void ExecChild::signal(int number) {
  std::lock_guard lock(mutex_);
  if (running_) process_->signal(number);
}

bool ExecChild::started() const {
  std::lock_guard lock(mutex_);
  return process_.has_value();
}

void ExecChild::stop() {
  {
    std::unique_lock lock(mutex_);
    expected_ = true;
    if (running_) {
      process_->signal(SIGTERM);
      ended_.wait_for(lock, config_.stop_timeout, [this] { return !running_; });
    }
    if (running_) {
      process_->signal(SIGKILL);
      ended_.wait(lock, [this] { return !running_; });
    }
  }
  if (watcher_.joinable()) watcher_.join();
}

}  // namespace kw::agent
