// The program of exec mode: one at a time, restarted or signalled when its environment changes.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "agent/application.h"

namespace kw::agent {

/// Thread-safe. Borrows the settings.
class ExecChild final : public Delivery {
 public:
  /// @param on_end  the program ended by itself; called on a thread of this object
  ExecChild(const ExecConfig& config, Words words, std::function<void(Ended)> on_end);
  ~ExecChild() override;
  ExecChild(const ExecChild&) = delete;
  ExecChild& operator=(const ExecChild&) = delete;

  /// Starts it the first time; later does what the settings say about changes.
  /// @errors kFailedPrecondition(program_not_started)
  Status reload(const Environment& environment) override;
  /// To the program, if it runs.
  void signal(int number);
  bool started() const;
  /// Ends it without a call of on_end.
  void stop();

 private:
  Status start(const Environment& environment);
  void watch(int descriptor);

  const ExecConfig& config_;
  const Words words_;
  const std::function<void(Ended)> on_end_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::optional<Process> process_;
  bool running_ = false;
  bool expected_ = false;  ///< we end it ourselves
  std::thread watcher_;
};

}  // namespace kw::agent
