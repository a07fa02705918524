// What the server knows about its own health: checks for `keywright doctor`, and the metrics page.
#pragma once

#include <string>
#include <vector>

#include "service/gate.h"

namespace kw::service {

enum class CheckStatus : std::uint8_t { kOk, kWarning, kFailed };
std::string_view check_status_name(CheckStatus status);

/// One finding. `id` is stable ("ST-1"); `fix` is what to type or change, "" when nothing is
/// needed.
struct Check {
  std::string id;
  std::string group;  ///< "server", "store", "audit", "keys"
  CheckStatus status = CheckStatus::kOk;
  std::string text;
  std::string fix;
};
Result<std::vector<Check>> diagnose(House& house, Call& call);

/// Prometheus text of everything that is measured, with the gauges brought up to date.
Result<std::string> metrics_text(House& house, Call& call);

}  // namespace kw::service
