// Starts one program, gives it a text and takes what it writes, under bounds. Never a shell; the
// caller vouches for the path.
//
// The program gets an environment of its own, no descriptor but the three usual ones (and the
// fourth when asked for), no core dumps, no new privileges, a bounded processor time, and its own
// process group, which is killed whole at the deadline and at the end.
// Source: CWE-78, CWE-403; prctl(2), close_range(2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::connectors {

struct ProgramCall {
  std::string path;                        ///< absolute
  std::vector<std::string> arguments{};    ///< behind its name; visible to everybody on the machine
  std::string_view input{};                ///< on descriptor 0; borrowed for the call
  std::vector<std::string> environment{};  ///< NAME=value, besides PATH and LANG
  SteadyTime deadline;
  std::size_t output_max = 64 << 10;  ///< bytes of each stream
  bool takes_status = false;          ///< descriptor 3 is taken as well; else it is closed
};

struct ProgramEnd {
  enum class How : std::uint8_t {
    kExited,
    kKilled,    ///< by a signal that is not ours
    kTimedOut,  ///< we killed it at the deadline
    kFlooded,   ///< we killed it: it wrote more than output_max
  } how = How::kExited;
  int code = 0;              ///< of an exit
  WipedText output, status;  ///< of descriptors 1 and 3; what it writes to 2 is dropped

  bool succeeded() const { return how == How::kExited && code == 0; }
};

/// Waits for the end. Thread-safe.
/// @errors kUnavailable(program_missing): it could not be started, nothing was done.
Result<ProgramEnd> run_program(const ProgramCall& call);

}  // namespace kw::connectors
