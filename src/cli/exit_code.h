// Exit codes by class (docs/guide/cli.md): what a script may branch on.
#pragma once

#include <string_view>

#include "base/error.h"

namespace kw::cli {

inline constexpr int kDone = 0, kFailed = 1, kUsage = 2, kNotLoggedIn = 3, kDenied = 4,
                     kNoSuchObject = 5, kRefused = 6, kProofFailed = 7, kRetryLater = 8,
                     kNotYet = 9, kDifferences = 10;

/// The reason of an end that was shown already.
inline constexpr std::string_view kWatchEnded = "watch_ended";

int exit_code(const Error& failure);

}  // namespace kw::cli
