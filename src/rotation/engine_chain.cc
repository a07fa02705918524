// Runs that make and promote their version in one transaction, settled together: a statement per
// table instead of a dozen per run.
#include <algorithm>
#include <array>

#include "rotation/engine_state.h"
#include "rotation/schedule_rows.h"

namespace kw::rotation {

namespace {

constexpr std::array kChainVerbs = {Verb::kCreatePending, Verb::kInstall, Verb::kTest,
                                    Verb::kPromote};

// The whole chain in this turn, planned by what this turn read, and nothing else.
bool is_chain(const Work& work) {
  if (!work.seen || work.base.to_version != 0 || !work.rotatable->settles_chains()) return false;
  std::size_t verbs = 0;
  for (const Op& op : work.ops) {
    if (op.kind == Op::Kind::kMove && op.move != Move::kAdvance) return false;
    if (op.kind != Op::Kind::kSettle) continue;
    if (verbs == kChainVerbs.size() || op.verb != kChainVerbs[verbs]) return false;
    ++verbs;
  }
  return verbs == kChainVerbs.size();
}

const Performed& created(const Work& work) {
  return std::find_if(work.ops.begin(), work.ops.end(),
                      [](const Op& op) { return op.kind == Op::Kind::kSettle; })
      ->performed;
}

}  // namespace

Status Engine::State::settle_chains(store::Tx& tx, std::span<Work* const> works, Written& written) {
  std::map<Rotatable*, std::vector<const Work*>> chained;
  for (std::size_t i = 0; i < works.size(); ++i) {
    const Work& work = *works[i];
    if (!is_chain(work)) continue;
    written.chains[work.rotatable].push_back(
        {&written.runs[i], work.seen.get(), &created(work), {}, {}, {}});
    chained[work.rotatable].push_back(&work);
  }
  for (auto& [rotatable, chains] : written.chains) {
    KW_OK(rotatable->settle_chains(tx, chains));
    for (std::size_t i = 0; i < chains.size(); ++i)
      written.chain_of[chained[rotatable][i]] = &chains[i];
  }
  return ok();
}

void Engine::State::tell_settled(std::span<Work* const> works, const Written& written) {
  for (const auto& [rotatable, chains] : written.chains) rotatable->chains_settled(chains);
  for (std::size_t i = 0; i < works.size(); ++i) {
    const Work& work = *works[i];
    const bool any = std::any_of(work.ops.begin(), work.ops.end(),
                                 [](const Op& op) { return op.kind == Op::Kind::kSettle; });
    if (any && !written.chain_of.contains(&work)) work.rotatable->settled(written.runs[i]);
  }
}

// What the next pass over the inventory would find: the same facts, with a primary of now.
void Engine::State::plan_next(std::span<Work* const> works) {
  if (!options.due_of) return;
  const WallTime at = now();
  for (Work* work : works) {
    if (work->run.state != RunState::kDone || work->run.policy_given || !is_chain(*work)) continue;
    SubjectFacts facts = work->seen->facts;
    facts.primary_since = at;
    facts.operations = facts.bytes = 0;
    ++facts.epoch;
    const Result<Due> due = options.due_of(facts, work->run.policy, at);
    if (due) work->next = row_of(facts, *due, at);
  }
}

}  // namespace kw::rotation
