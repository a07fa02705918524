// The Barrier's inside, shared by its sources: barrier.cc, barrier_cells.cc, kek_life.cc,
// kek_cipher.cc.
#pragma once

#include "seal/barrier.h"
#include "seal/kek_rows.h"
#include "seal/unsealed_keys.h"

namespace kw::seal {

struct Barrier::State {
  State(store::Store& the_store, const Clock& the_clock) : store(the_store), clock(the_clock) {}

  /// The unwrapped KEK, from the cache or a read of its own.
  Result<KekPtr> kek(const RootKeysPtr& root, const KekName& name);
  /// The same through the caller's reader; kept only when that is no transaction.
  Result<KekPtr> kek_through(store::Reader& reader, const RootKeysPtr& root, const KekName& name);

  store::Store& store;
  const Clock& clock;
  UnsealedKeys keys;
};

/// @errors kInvalidArgument(bad_tenant)
Status check_tenant(std::int64_t tenant);
/// @errors kInvalidArgument(bad_secret)
Status check_secret(const SecretBytes& secret);
/// A whole cell. `secret` was checked.
Bytes make_cell(const KekName& name, const SecretBytes& kek, const SealContext& context,
                const SecretBytes& secret);
/// @errors kDataLoss(unwrap_failed)
Result<SecretBytes> open_cell(const KekName& name, const SecretBytes& kek,
                              const SealContext& context, ByteView cell);
/// The KEK version that a cell names. @errors kDataLoss(unwrap_failed): too short to be a cell.
Result<std::uint32_t> cell_version(ByteView cell);

}  // namespace kw::seal
