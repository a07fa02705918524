// Programs that the agent starts: reload commands, health checks and the application in exec mode.
// No shell: a program and its arguments. Standard input is empty. Secrets reach a program only
// through the environment of exec mode, never through arguments.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/descriptor.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::agent {

using Words = std::vector<std::string>;
/// Put over the agent's own environment.
using Environment = std::vector<std::pair<std::string, WipedText>>;

/// How a program ended.
struct Ended {
  int code = 0;    ///< exit code; 128 + signal when a signal ended it
  int signal = 0;  ///< 0: it exited by itself
  bool good() const { return code == 0; }
};

/// A program that runs, alone or as the leader of its own process group. Not thread-safe.
class Process {
 public:
  enum class Group : std::uint8_t { kOwn, kOurs };
  /// @param words  the program (looked up in PATH) and its arguments; not empty
  /// @errors kFailedPrecondition(program_not_started)
  static Result<Process> start(const Words& words, const Environment& environment, Group group);
  Process(Process&&) noexcept = default;
  Process& operator=(Process&&) noexcept = default;
  /// Kills it (its group) when it still runs.
  ~Process();

  pid_t id() const { return id_; }
  /// Readable when it has ended; for poll().
  int descriptor() const { return watched_.get(); }
  /// Nothing when it still runs after `most`.
  std::optional<Ended> wait(std::chrono::milliseconds most);
  /// To its group when it has its own. Nothing when it has ended.
  void signal(int number) const;
  /// SIGTERM, after `grace` SIGKILL. @returns how it ended
  Ended stop(std::chrono::milliseconds grace);

 private:
  Process(pid_t id, Descriptor watched, Group group)
      : id_(id), watched_(std::move(watched)), group_(group) {}
  pid_t id_ = -1;
  Descriptor watched_;
  Group group_ = Group::kOwn;
  std::optional<Ended> ended_;
};

/// Runs a command to its end. @errors kFailedPrecondition(program_not_started | command_failed:
/// the message has its exit code); kDeadlineExceeded(command_timeout): it was killed
Status run_command(const Words& words, std::chrono::milliseconds timeout);

/// Sends a signal to the process whose number is in the file (one line).
/// @errors kNotFound(no_process): no file, no number in it, or nobody has it;
///   kPermissionDenied(signal_not_allowed)
Status signal_by_file(const std::string& pid_file, int number);

/// "HUP", "SIGHUP" … @errors kInvalidArgument(bad_signal)
Result<int> parse_signal(std::string_view name);

}  // namespace kw::agent
