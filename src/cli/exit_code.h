// Exit codes by class (docs/guide/cli.md): what a script may branch on.
#pragma once

#include "base/error.h"

namespace kw::cli {

inline constexpr int kDone = 0, kFailed = 1, kUsage = 2, kNotLoggedIn = 3, kDenied = 4,
                     kNoSuchObject = 5, kRefused = 6, kProofFailed = 7, kRetryLater = 8,
                     kNotYet = 9, kDifferences = 10;

int exit_code(const Error& failure);

}  // namespace kw::cli
