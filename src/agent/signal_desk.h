// The process's signals as something to wait for, together with one wish to end.
#pragma once

#include <functional>

#include "agent/descriptor.h"
#include "base/result.h"

namespace kw::agent {

class SignalDesk {
 public:
  /// Blocks the signals in the calling thread and all that it makes later.
  static Result<SignalDesk> open();

  struct Notice {
    int signal = 0;  ///< 0: end() was called
    bool from_terminal = false;
  };
  /// Waits for the next one.
  Notice next();
  /// Any thread.
  void end() const;

 private:
  SignalDesk(Descriptor signals, Descriptor ending)
      : signals_(std::move(signals)), ending_(std::move(ending)) {}
  Descriptor signals_, ending_;
};

}  // namespace kw::agent
