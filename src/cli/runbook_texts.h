// The pages of docs/runbooks, as text inside the program; made at build time. Inside the room only.
#pragma once

#include <span>
#include <string_view>

namespace kw::cli {

struct RunbookText {
  std::string_view name, text;
};
std::span<const RunbookText> runbook_texts();

}  // namespace kw::cli
