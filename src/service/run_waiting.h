// Why a run does not move, in words. Pure.
#pragma once

#include <string>

#include "rotation/run.h"

namespace kw::service {

/// A sentence with the numbers of this run; "" when it does not wait.
std::string waiting_words(const rotation::Run& run);

}  // namespace kw::service
