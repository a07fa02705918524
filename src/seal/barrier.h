// The Barrier: everything secret enters and leaves the store through it. It alone makes Sealed
// blobs.
//
// root key -> HKDF labels: tenant-KEK wrap, row MAC, token HMAC, audit HMAC, others by name. Tenant
// KEK versions are random, stored wrapped under the root (table kek), cached unwrapped in the arena
// while unsealed.
//
// Sealed cell (docs/formats/sealed.md): KEK version u32 | nonce 12 | binding 32 | ciphertext |
// tag 16. AAD = field("keywright/cell/v1") | tenant number u64 | KEK version u32 | binding.
// `binding` is the SHA-256 of the length-prefixed SealContext: it travels with the cell, so a
// re-wrap needs no metadata, and a reader recomputes it from its own authenticated row, so a cell
// moved to another object does not open.
//
// Tables: kek, sealed_head, sealed_cell. The store and the clock are borrowed and must outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "crypto/digest.h"
#include "seal/row_macs.h"
#include "store/sealed.h"
#include "store/store.h"

namespace kw::seal {

/// The unsealed root key; only the Barrier derives from it.
class RootKey {
 public:
  /// @param key  32 bytes.
  explicit RootKey(SecretBytes key) : key_(std::move(key)) {}
  const SecretBytes& key() const { return key_; }

 private:
  SecretBytes key_;
};

/// What a sealed blob is bound to, besides tenant and KEK. All fields are authenticated.
struct SealContext {
  std::string_view label;  ///< "key-version", "audit-signer", …
  ByteView object;         ///< id of the object
  std::uint32_t version = 0;
  std::string_view purpose;
  std::string_view algorithm;
  bool exportable = false;
  std::string_view origin;  ///< "generated" or "imported"

  /// SHA-256 over all fields, each with its length.
  crypto::Digest256 binding() const;
};

/// A cell is this much longer than what it holds.
inline constexpr std::size_t kCellOverheadBytes = 4 + 12 + 32 + 16;
/// The longest secret that is sealed as one blob.
inline constexpr std::size_t kSecretBytesMax = 1 << 20;
/// Tenant numbers are below this, so that a tenant's cells fit one range of ids.
inline constexpr std::int64_t kTenantsMax = std::int64_t{1} << 23;
/// Bits of a cell id that count within a tenant.
inline constexpr int kCellSequenceBits = 40;

/// pending -> primary -> retiring -> retired; retiring -> primary on roll back. New cells get the
/// primary; cells under any other version still open.
enum class KekState : std::uint8_t { kPrimary, kRetiring, kRetired, kPending };

struct KekVersion {
  std::int64_t tenant = 0;
  std::uint32_t version = 0;  ///< from 1, dense
  KekState state = KekState::kPending;
  WallTime created_at;
};

/// Re-wraps cells of one tenant from any readable KEK version to one target version. One per job
/// thread. It holds unwrapped KEKs: drop it when its job pauses or the service is sealed.
class KekCipher {
 public:
  KekCipher(KekCipher&&) noexcept;
  ~KekCipher();
  /// Opens `cell`, seals it under the target into `out` (same size, checked; the two must not
  /// overlap), and proves that `out` opens to the same bytes under a second context of the target
  /// KEK.
  ///
  /// @returns false when the cell is under the target already; `out` is untouched then.
  /// @errors kDataLoss(unwrap_failed): name it, do not skip it. kUnavailable(sealed): sealed since.
  Result<bool> rewrap(ByteView cell, std::span<std::uint8_t> out);

 private:
  friend class Barrier;
  struct State;
  explicit KekCipher(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Thread-safe. While sealed every call fails with kUnavailable(sealed).
class Barrier {
 public:
  Barrier(store::Store& store, const Clock& clock);
  ~Barrier();
  /// Hands the root key in (or takes it away with nullptr, wiping every cached KEK). The root key
  /// is borrowed for the call only.
  /// @errors kInvalidArgument(bad_root_key): not 32 bytes.
  Status install(const RootKey* root);
  bool sealed() const;

  /// Seals under the tenant's primary KEK. For blobs outside sealed_cell, which KEK rotation does
  /// not re-wrap (they keep opening under the old version). Reads the store: not inside a
  /// transaction.
  /// @errors kFailedPrecondition(no_primary_kek), kInvalidArgument(bad_tenant | bad_secret)
  Result<store::Sealed> seal(std::int64_t tenant, const SealContext& context,
                             const SecretBytes& secret);
  /// Opens what seal() made. @errors kDataLoss(unwrap_failed): tampered, moved or foreign.
  Result<SecretBytes> open(std::int64_t tenant, const SealContext& context,
                           const store::Sealed& sealed);

  /// Seals `secret` into a new cell of the shared table sealed_cell(id, cell): what KEK rotation
  /// re-wraps. A tenant's ids are dense in (tenant << 40, (tenant + 1) << 40), so one key range
  /// holds all that a tenant's KEK protects. The primary KEK is read inside the transaction, behind
  /// a row lock that promote_kek takes too: a committed promotion is a write fence.
  ///
  /// @param secret  1 byte to 1 MiB. @returns the cell's id.
  /// @errors kFailedPrecondition(no_primary_kek), kInvalidArgument(bad_tenant | bad_secret),
  ///   kResourceExhausted(cell_ids_exhausted)
  Result<std::int64_t> put(store::Tx& tx, std::int64_t tenant, const SealContext& context,
                           const SecretBytes& secret);
  /// One secret of put_all; borrowed for the call.
  struct ToSeal {
    SealContext context;
    const SecretBytes* secret = nullptr;
  };
  /// As put, for several secrets at once (at least one): the cells get ids in a row.
  /// @returns the first id.
  Result<std::int64_t> put_all(store::Tx& tx, std::int64_t tenant, std::span<const ToSeal> secrets);
  /// One secret of put_each; borrowed for the call.
  struct ToSealFor {
    std::int64_t tenant = 0;
    ToSeal what;
  };
  /// As put, for secrets of several tenants at once. The statements are as many as for one.
  /// @returns the ids in the order of the secrets.
  Result<std::vector<std::int64_t>> put_each(store::Tx& tx, std::span<const ToSealFor> secrets);
  /// Opens a cell. @errors kDataLoss(unwrap_failed | cell_missing)
  Result<SecretBytes> get(store::Reader& reader, std::int64_t cell, const SealContext& context);
  /// Overwrites with zeros, then deletes: crypto-shred of one secret. PostgreSQL keeps the old row
  /// version until vacuum; what is left there is still encrypted.
  /// @errors kNotFound(cell_missing)
  Status erase(store::Tx& tx, std::int64_t cell);

  /// HMAC over a row's canonical encoding: detects edits behind our back. Compare with check_row.
  Result<crypto::Digest256> row_mac(std::string_view table, ByteView canonical_row);
  /// For the rows of one statement.
  Result<RowMacs> row_macs();
  /// @errors kDataLoss(row_tampered)
  Status check_row(std::string_view table, ByteView canonical_row, ByteView mac);
  /// How bearer tokens are looked up: their HMAC.
  Result<crypto::Digest256> token_hmac(ByteView token);
  /// Pseudonym of `value` in audit records of `tenant`.
  Result<crypto::Digest256> audit_hmac(std::int64_t tenant, ByteView value);
  /// A 32-byte key for another label ("idempotency", "backup" …). @source RFC 5869.
  Result<SecretBytes> derive(std::string_view label);

  /// KEK life. All run inside the caller's transaction; states are CAS-guarded and row-MACed. After
  /// the commit call refresh_keks here and announce it to the other nodes.

  /// Makes a KEK version: pending; the tenant's first one is primary at once.
  /// @returns its number. @errors kInvalidArgument(bad_tenant), kAlreadyExists: lost a race, try
  /// again.
  Result<std::uint32_t> create_kek(store::Tx& tx, std::int64_t tenant);
  /// pending -> primary; the old primary -> retiring.
  /// @errors kNotFound(no_kek), kFailedPrecondition(kek_state), kAborted(kek_changed)
  Status promote_kek(store::Tx& tx, std::int64_t tenant, std::uint32_t version);
  /// Roll back of a promotion: retiring -> primary; the present primary -> retiring.
  /// @errors as promote_kek.
  Status restore_kek(store::Tx& tx, std::int64_t tenant, std::uint32_t version);
  /// retiring -> retired. The census that proves zero references is the caller's, in the same
  /// transaction. @errors as promote_kek.
  Status retire_kek(store::Tx& tx, std::int64_t tenant, std::uint32_t version);
  /// All versions, oldest first. @errors kDataLoss(row_tampered)
  Result<std::vector<KekVersion>> keks(store::Reader& reader, std::int64_t tenant);
  /// The primary KEK version that seal() uses; cached until refresh_keks.
  /// @errors kFailedPrecondition(no_primary_kek)
  Result<std::uint32_t> primary_kek(std::int64_t tenant);
  /// Drops cached KEK facts of the tenant after a committed change (here or on another node).
  void refresh_keks(std::int64_t tenant);
  /// Reads the store: not inside a transaction.
  /// @errors kFailedPrecondition(kek_state): `target` is not the primary (promote or restore
  /// first).
  Result<KekCipher> cipher_to(std::int64_t tenant, std::uint32_t target);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kw::seal
