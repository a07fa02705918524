// How applications that run on their own get to know: a command, or a signal to the process that a
// file names.
#pragma once

#include "agent/application.h"

namespace kw::agent {

class ReloadDelivery final : public Delivery {
 public:
  explicit ReloadDelivery(const Reload& reload) : reload_(reload) {}
  Status reload(const Environment&) override {
    if (!reload_.command.empty()) return run_command(reload_.command, reload_.timeout);
    if (reload_.signal != 0) return signal_by_file(reload_.pid_file, reload_.signal);
    return ok();
  }

 private:
  const Reload& reload_;
};

}  // namespace kw::agent
