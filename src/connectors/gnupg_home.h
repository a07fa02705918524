// A home folder of GnuPG and the program on it. Agents that gpg starts for a temporary one end
// by themselves when it is gone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/gnupg_output.h"
#include "connectors/make_connectors.h"
#include "connectors/program_run.h"

namespace kw::connectors {

class GnupgHome {
 public:
  /// Which program, and who starts it.
  struct Gpg {
    DeclaredProgram program;
    std::function<Result<ProgramEnd>(const ProgramCall&)> run = run_program;
    std::string scratch{};  ///< where temporary homes are; empty: the system's folder for them
  };
  /// A folder that is there.
  GnupgHome(Gpg gpg, std::string folder, SteadyTime deadline);
  /// A new one, for a look with somebody else's eyes; removed at the end.
  /// @errors kUnavailable(no_folder), kFailedPrecondition(path_too_long)
  static Result<GnupgHome> temporary(Gpg gpg, SteadyTime deadline);
  ~GnupgHome();
  GnupgHome(GnupgHome&& other) noexcept;
  GnupgHome& operator=(GnupgHome&&) = delete;

  /// @errors kUnavailable(program_missing), kDeadlineExceeded(target_slow),
  ///   kUnavailable(program_failed): ended by a signal or flooded
  Result<ProgramEnd> run(std::vector<std::string> arguments, std::string_view input = {}) const;
  /// As run; another exit code than 0 is kFailedPrecondition(gpg_refused). For changes only, never
  /// for verdicts.
  Result<WipedText> must(std::vector<std::string> arguments, std::string_view input = {}) const;

  Result<std::vector<GnupgSubkey>> subkeys(const std::string& primary) const;
  /// Signs `text` with exactly that subkey and says what this keyring makes of the signature over
  /// `text_seen`.
  Result<GnupgVerdict> signs(const std::string& fingerprint, std::string_view text,
                             std::string_view text_seen) const;

 private:
  Gpg gpg_;
  std::string folder_;
  SteadyTime deadline_;
  bool ours_ = false;
};

}  // namespace kw::connectors
