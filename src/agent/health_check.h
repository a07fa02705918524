// The health gate: is the application well after it got something new?
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <variant>

#include "agent/process.h"
#include "base/result.h"

namespace kw::agent {

struct CommandCheck {
  Words words;  ///< well when it exits with 0
};
struct TcpCheck {
  std::string host, port;  ///< well when it accepts a connection
};
struct HttpCheck {
  std::string url;      ///< well when it answers with 200 to 299
  std::string ca_file;  ///< "" : the system's
};

/// Asks again every `interval` until the answer is good, at most `timeout`. `settle` lets a reload
/// begin before the first question.
struct HealthCheck {
  std::variant<std::monostate, CommandCheck, TcpCheck, HttpCheck> how;  ///< monostate: always well
  std::chrono::milliseconds timeout{30'000};
  std::chrono::milliseconds interval{500};
  std::chrono::milliseconds settle{0};
};

/// Waits between questions; ends early when the agent stops.
class Pause {
 public:
  virtual ~Pause() = default;
  /// @returns false when the agent stops.
  virtual bool wait(std::chrono::milliseconds most) = 0;
};

/// @errors kFailedPrecondition(unhealthy): the message says what the last question brought;
///   kUnavailable(stopping)
Status check_health(const HealthCheck& check, Pause& pause);

}  // namespace kw::agent
