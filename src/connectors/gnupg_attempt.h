// A note beside a key of GnuPG: what there was when a subkey was asked for, and when. gpg cannot
// tag a subkey, so this is how the repeat of an attempt whose answer was lost finds what it made.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "connectors/credential_file.h"
#include "connectors/gnupg_output.h"

namespace kw::connectors {

class GnupgAttempt {
 public:
  /// @param tag  of run and version, without blanks
  GnupgAttempt(CredentialFileTerms note, std::string tag)
      : note_(std::move(note)), tag_(std::move(tag)) {}

  /// Before the subkey is asked for. @errors those of CredentialFile
  Status begin(SteadyTime deadline, const std::vector<GnupgSubkey>& there) const;
  /// Of `there`, the signing subkeys that may be used and that came within the time of the noted
  /// attempt: made by it, or just then by somebody else.
  Result<std::vector<std::string>> made(const std::vector<GnupgSubkey>& there) const;

 private:
  CredentialFileTerms note_;
  std::string tag_;
};

}  // namespace kw::connectors
