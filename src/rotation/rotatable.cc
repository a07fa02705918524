#include "rotation/rotatable.h"

namespace kw::rotation {

std::vector<Result<Observed>> Rotatable::inspect_all(std::span<const Run* const> runs) {
  std::vector<Result<Observed>> all;
  all.reserve(runs.size());
  for (const Run* run : runs) all.push_back(inspect(*run));
  return all;
}

Performed Rotatable::create_pending(const Run& run, const Observed&) {
  return perform(Verb::kCreatePending, run);
}

Status Rotatable::settle_chains(store::Tx&, std::span<Chain>) {
  return error(Code::kInternal, "no_chains", "this kind settles verb by verb");
}

void Rotatable::chains_settled(std::span<const Chain> chains) {
  for (const Chain& each : chains) settled(*each.run);
}

}  // namespace kw::rotation
