// The decision over borrowed statements, wherever they are indexed. Inside the room only.
#pragma once

#include <array>

#include "auth/policy.h"

namespace kw::auth {

using StatementList = std::span<const Statement* const>;

/// Statements that may match. `all` are searched for the nearest permit when the answer is no.
struct Candidates {
  std::array<StatementList, 4> relevant;
  std::array<StatementList, 2> all;
};

Decision evaluate(const Principal& principal, const Question& question,
                  const Candidates& candidates, Duties duties);

}  // namespace kw::auth
