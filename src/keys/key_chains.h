// Many keys at once: what their rotations read, and whole rotations of them, in a statement per
// table. Private to the room.
#pragma once

#include <span>
#include <vector>

#include "keys/keyring.h"
#include "rotation/rotatable.h"

namespace kw::keys {

/// A key as inspect_all() read it: what the chain of the same turn builds on.
struct SeenKey final : rotation::Carried {
  explicit SeenKey(Key it) : key(std::move(it)) {}
  Key key;
};
/// What create_pending() made.
struct NewMaterial final : rotation::Carried {
  explicit NewMaterial(PreparedPtr made) : prepared(std::move(made)) {}
  PreparedPtr prepared;
};

/// The keys of the runs' subjects, in their order; none where the subject is an alias or is gone.
Result<std::vector<std::optional<Key>>> keys_of(Keyring& keyring,
                                                std::span<const rotation::Run* const> runs);
/// As Rotatable::settle_chains.
Status settle_key_chains(const Foundations& on, store::Tx& tx, std::span<rotation::Chain> chains);

}  // namespace kw::keys
