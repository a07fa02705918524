#include <algorithm>

#include "base/reveal.h"
#include "seal/barrier_state.h"

namespace kw::seal {

struct KekCipher::State {
  State(const KekName& to, const SecretBytes& kek, UnsealedFlag still_unsealed)
      : unsealed(std::move(still_unsealed)), target(to, kek), proof_of_target(to, kek) {}

  CellCipher* source(std::uint32_t version);
  void make_room(std::size_t size);

  UnsealedFlag unsealed;
  CellCipher target;
  CellCipher proof_of_target;       // its own key schedule: a damaged one is noticed
  std::vector<CellCipher> sources;  // by version
  SecretBytes plain;
  SecretBytes proof;
};

CellCipher* KekCipher::State::source(std::uint32_t version) {
  const auto found = std::lower_bound(
      sources.begin(), sources.end(), version,
      [](const CellCipher& cipher, std::uint32_t wanted) { return cipher.version() < wanted; });
  return found == sources.end() || found->version() != version ? nullptr : &*found;
}

void KekCipher::State::make_room(std::size_t size) {
  if (plain.size() >= size) return;
  plain = SecretBytes(size);
  proof = SecretBytes(size);
}

KekCipher::KekCipher(std::unique_ptr<State> state) : state_(std::move(state)) {}
KekCipher::KekCipher(KekCipher&&) noexcept = default;
KekCipher::~KekCipher() = default;

Result<bool> KekCipher::rewrap(ByteView cell, std::span<std::uint8_t> out) {
  if (!state_->unsealed->load(std::memory_order_relaxed)) return sealed_error();
  KW_CHECK(out.size() == cell.size());
  if (cell.size() <= kCellOverheadBytes) return unwrap_failed();
  const CellParts parts(cell);
  if (parts.version == state_->target.version()) return false;
  CellCipher* const source = state_->source(parts.version);
  if (source == nullptr) return unwrap_failed();

  const std::size_t size = cell.size() - kCellOverheadBytes;
  state_->make_room(size);
  const auto plain = state_->plain.reveal_mutable(Reveal{}).first(size);
  const auto proof = state_->proof.reveal_mutable(Reveal{}).first(size);
  KW_OK(source->open(parts, plain));
  state_->target.seal(parts.binding, plain, out);
  KW_OK(state_->proof_of_target.open(CellParts(out), proof));
  if (!equal_constant_time(plain, proof)) return unwrap_failed();
  return true;
}

Result<KekCipher> Barrier::cipher_to(std::int64_t tenant, std::uint32_t target) {
  const UnsealedFlag unsealed = state_->keys.flag();
  KW_TRY(const RootKeysPtr root, state_->keys.root());
  if (!unsealed) return sealed_error();
  KW_OK(check_tenant(tenant));
  std::vector<KekRow> rows;
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    KW_TRY(rows, load_keks(reader, *root, tenant));
    return ok();
  }));
  const auto primary = std::find_if(rows.begin(), rows.end(), [target](const KekRow& row) {
    return row.facts.version == target && row.facts.state == KekState::kPrimary;
  });
  if (primary == rows.end())
    return error(Code::kFailedPrecondition, "kek_state",
                 "cells are re-wrapped to the primary key-encryption key only");
  KW_TRY(const SecretBytes to, unwrap_kek(*root, *primary));
  auto state = std::make_unique<KekCipher::State>(KekName{tenant, target}, to, unsealed);
  for (const KekRow& row : rows) {
    if (row.facts.version == target || row.facts.state == KekState::kPending) continue;
    KW_TRY(const SecretBytes from, unwrap_kek(*root, row));
    state->sources.emplace_back(KekName{tenant, row.facts.version}, from);
  }
  return KekCipher(std::move(state));
}

}  // namespace kw::seal
