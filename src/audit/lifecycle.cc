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

Lifecycles::VersionKey Lifecycles::key_of(const Leaf& leaf) {
  const Bytes number = ByteWriter().u64(static_cast<std::uint64_t>(leaf.version)).bytes();
  const auto digest = crypto::sha256({as_bytes(leaf.object), ByteView(number)});
  VersionKey key;
  std::copy_n(digest.begin(), key.size(), key.begin());
  return key;
}

bool Lifecycles::follow(const Leaf& leaf) {
  if (leaf.kind != "key-version" || leaf.outcome != "ok" || leaf.to_state.empty()) return true;
  auto [state, is_new] = states_.try_emplace(key_of(leaf), kNoState);
  const bool legal =
      leaf.from_state == state->second && is_legal_transition(leaf.from_state, leaf.to_state);
  // Go on from what the log says, so that one fault is told once.
  state->second = literal(leaf.to_state);
  return legal;
}

}  // namespace kw::audit
