#include "seal/seal.h"

#include "crypto/random.h"
#include "seal/barrier.h"
#include "seal/dev_key_file.h"
#include "seal/seal_state.h"

namespace kw::seal {

Seal::Seal(std::unique_ptr<State> state) : state_(std::move(state)) {}
Seal::~Seal() = default;

Result<std::unique_ptr<Seal>> Seal::open(store::Store& store, Options options) {
  KW_CHECK(options.clock != nullptr);
  auto state = std::make_unique<State>(store, std::move(options));
  state->last_verb = state->last_refresh = state->clock.steady();
  state->status.sealed_since = state->clock.wall();
  KW_OK(state->load());
  return std::unique_ptr<Seal>(new Seal(std::move(state)));
}

SealStatus Seal::status() const {
  state_->refresh();
  std::lock_guard lock(state_->facts);
  return state_->status;
}

Status Seal::open_dev(const std::string& key_file) {
  State& state = *state_;
  std::lock_guard lock(state.verbs);
  state.begin_verb();
  if (!state.is_sealed()) return already_unsealed();
  KW_TRY(std::optional<SealRow> row, state.load());
  if (row && row->facts.kind != SealKind::kDev) return wrong_kind();
  Result<SecretBytes> key = read_dev_key(key_file);
  // Only a store without a root key may get a new seal key: for any other a new file would hide the
  // loss.
  if (!key && !row && key.error().code == Code::kNotFound) key = make_dev_key(key_file);
  if (!key) return std::move(key).error();
  if (!row) {
    const SealFacts facts{SealKind::kDev, new_seal_id(), 0, 0, state.clock.wall()};
    row = wrap_root(facts, *key, crypto::random_secret(kRootKeyBytes));
    KW_OK(state.store.write([&](store::Tx& tx) { return insert_seal(tx, *row); }));
    state.publish(row);
  }
  KW_TRY(SecretBytes root, unwrap_root(*row, *key));
  return state.hand_out(std::move(root));
}

Status Seal::seal() {
  State& state = *state_;
  std::lock_guard lock(state.verbs);
  state.forget_pending();
  state.publish();
  if (state.is_sealed()) return ok();
  {
    std::lock_guard facts(state.facts);
    state.status.sealed = true;
    state.status.sealed_since = state.clock.wall();
  }
  return state.options.on_root_key ? state.options.on_root_key(nullptr) : ok();
}

}  // namespace kw::seal
