#include "seal/seal_state.h"

#include "base/failpoint.h"
#include "codec/base64.h"
#include "seal/barrier.h"

namespace kw::seal {

namespace {

constexpr std::chrono::hours kPatience{1};
constexpr std::chrono::seconds kRefreshEvery{1};

Error not_initialised() {
  return error(Code::kFailedPrecondition, "not_initialised",
               "the store has no root key yet; initialise it first");
}

void describe(SealStatus& status, const std::optional<SealRow>& row) {
  if (!row) return;  // a row is never deleted: at worst this read began before it was made
  status.initialised = true;
  status.kind = row->facts.kind;
  status.seal_id = codec::hex(row->facts.seal_id);
  status.shares = row->facts.shares;
  status.threshold = row->facts.threshold;
}

}  // namespace

Error already_unsealed() {
  return error(Code::kFailedPrecondition, "already_unsealed", "the server is unsealed");
}

Error already_initialised() {
  return error(Code::kFailedPrecondition, "already_initialised",
               "the store has a root key already");
}

Error wrong_kind() {
  return error(Code::kFailedPrecondition, "seal_kind",
               "the store was initialised with another kind of seal");
}

Result<std::optional<SealRow>> Seal::State::load() {
  std::optional<SealRow> row;
  KW_OK(store.read([&](store::Reader& reader) -> Status {
    KW_TRY(row, load_seal(reader));
    return ok();
  }));
  publish(row);
  return row;
}

Result<SealRow> Seal::State::load_shamir() {
  KW_TRY(std::optional<SealRow> row, load());
  if (!row) return not_initialised();
  if (row->facts.kind != SealKind::kShamir) return wrong_kind();
  return *std::move(row);
}

// Shares that nobody completes do not stay in memory.
void Seal::State::begin_verb() {
  const SteadyTime now = clock.steady();
  if (now - last_verb > kPatience) forget_pending();
  last_verb = now;
  publish();
}

void Seal::State::forget_pending() {
  attempt.clear();
  reseal.reset();
  new_seal.reset();
}

void Seal::State::publish() {
  std::lock_guard lock(facts);
  status.progress = reseal ? reseal->old_shares.size() : attempt.size();
  status.verified = new_seal ? new_seal->given() : 0;
  status.verify_wanted = new_seal ? new_seal->wanted() : 0;
  status.resealing = reseal.has_value();
}

void Seal::State::publish(const std::optional<SealRow>& row) {
  std::lock_guard lock(facts);
  describe(status, row);
}

ShareOutcome Seal::State::outcome(bool completed) {
  publish();
  std::lock_guard lock(facts);
  ShareOutcome out;
  out.status = status;
  out.completed = completed;
  return out;
}

Result<SecretBytes> Seal::State::root_of(ShareSet& set, const SealRow& row) {
  const std::vector<Share> shares = set.take();
  publish();
  KW_TRY(const SecretBytes seal_key, combine(shares));
  return unwrap_root(row, seal_key);
}

Status Seal::State::hand_out(SecretBytes root) {
  const RootKey key(std::move(root));
  if (options.on_root_key) {
    if (Status taken = options.on_root_key(&key); !taken) {
      static_cast<void>(options.on_root_key(nullptr));  // the first failure is the one that counts
      return taken;
    }
  }
  std::lock_guard lock(facts);
  status.sealed = false;
  status.sealed_since.reset();
  return ok();
}

Status Seal::State::store_new_seal() {
  KW_OK(new_seal->prove());
  const SealRow& row = new_seal->row();
  KW_OK(store.write([&](store::Tx& tx) -> Status {
    return reseal ? replace_seal(tx, reseal->old_id, row) : insert_seal(tx, row);
  }));
  KW_FAILPOINT("seal.new_seal.after_commit");
  return ok();
}

void Seal::State::refresh() {
  {
    std::lock_guard lock(facts);
    const SteadyTime now = clock.steady();
    if (!status.sealed || now - last_refresh < kRefreshEvery) return;
    last_refresh = now;
  }
  // A store that does not answer leaves the status as it was last known.
  static_cast<void>(load());
}

bool Seal::State::is_sealed() const {
  std::lock_guard lock(facts);
  return status.sealed;
}

}  // namespace kw::seal
