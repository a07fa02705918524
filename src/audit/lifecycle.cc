#include "audit/lifecycle.h"

#include <algorithm>

#include "audit/legal_transitions.h"
#include "crypto/digest.h"

namespace kw::audit {

namespace {

// The table's own copy of a state's name, which outlives the leaf: every state is reached by some
// pair.
std::string_view literal(std::string_view state) {
  for (const StatePair& pair : kLegalTransitions)
    if (pair.to == state) return pair.to;
  return kNoState;
}

}  // namespace

Lifecycles::VersionKey Lifecycles::key_of(const Leaf& leaf, std::int64_t version) {
  const Bytes number = ByteWriter().u64(static_cast<std::uint64_t>(version)).bytes();
  const auto digest = crypto::sha256({as_bytes(leaf.object), ByteView(number)});
  VersionKey key;
  std::copy_n(digest.begin(), key.size(), key.begin());
  return key;
}

bool Lifecycles::follow(const Leaf& leaf) {
  if (leaf.kind != "key-version" || leaf.outcome != "ok" || leaf.to_state.empty()) return true;
  const bool handed_over =
      leaf.demoted == 0 || step(key_of(leaf, leaf.demoted), "primary", "secondary");
  return step(key_of(leaf, leaf.version), leaf.from_state, leaf.to_state) && handed_over;
}

bool Lifecycles::step(const VersionKey& version, std::string_view from, std::string_view to) {
  auto [state, is_new] = states_.try_emplace(version, kNoState);
  const bool legal = from == state->second && is_legal_transition(from, to);
  // Go on from what the log says, so that one fault is told once.
  state->second = literal(to);
  return legal;
}

}  // namespace kw::audit
