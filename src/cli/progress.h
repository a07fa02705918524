// A progress line for work over two seconds: redrawn on a terminal, a line per change of phase
// elsewhere.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace kw::cli {

class ProgressLine {
 public:
  explicit ProgressLine(bool terminal) : terminal_(terminal) {}
  /// `done` of `total`, with the rate per second and what else there is to say.
  void show(const std::string& phase, std::int64_t done, std::int64_t total, double rate,
            const std::string& note);
  /// Ends the redrawn line.
  void finish();

 private:
  bool terminal_;
  bool open_ = false;
  std::string last_phase_;
};

/// "15 s", "4 min", "2 h" for what is left at this rate; "" when it cannot be told yet.
std::string time_left(std::int64_t done, std::int64_t total, double rate);

}  // namespace kw::cli
