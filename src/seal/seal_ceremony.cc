// Shares: initialisation, unsealing and their change.
#include "crypto/random.h"
#include "seal/seal_state.h"
#include "seal/unsealed_keys.h"

namespace kw::seal {

namespace {

constexpr int kSharesMax = 16;

Error no_ceremony() {
  return error(Code::kFailedPrecondition, "no_ceremony",
               "no initialisation or change of shares waits for a share");
}

Status check_counts(int shares, int threshold) {
  if (shares >= 1 && shares <= kSharesMax && threshold >= 1 && threshold <= shares) return ok();
  return error(Code::kInvalidArgument, "bad_threshold",
               "a seal has 1 to 16 shares and a threshold between 1 and their number");
}

}  // namespace

Result<std::vector<ShareText>> Seal::begin_init(int shares, int threshold) {
  State& state = *state_;
  std::lock_guard lock(state.verbs);
  state.begin_verb();
  KW_OK(check_counts(shares, threshold));
  KW_TRY(const std::optional<SealRow> row, state.load());
  if (row) return already_initialised();
  state.forget_pending();
  const SealFacts facts{SealKind::kShamir, new_seal_id(), shares, threshold, state.clock.wall()};
  KW_TRY(state.new_seal, NewSeal::make(facts, crypto::random_secret(kRootKeyBytes)));
  state.publish();
  return state.new_seal->texts();
}

Result<ShareOutcome> Seal::verify_share(std::string_view share) {
  State& state = *state_;
  std::lock_guard lock(state.verbs);
  state.begin_verb();
  if (!state.new_seal) return no_ceremony();
  KW_TRY(const SealShare given, parse_share(share));
  KW_OK(state.new_seal->give_back(given));
  if (state.new_seal->wanted() != 0) return state.outcome(false);
  if (Status stored = state.store_new_seal(); !stored) {
    state.new_seal->take_back(given);
    return std::move(stored).error();
  }
  state.publish(state.new_seal->row());
  SecretBytes root = state.new_seal->root().clone();
  const bool initialising = !state.reseal;
  state.forget_pending();
  if (initialising) KW_OK(state.hand_out(std::move(root)));
  return state.outcome(true);
}

Result<ShareOutcome> Seal::unseal(std::string_view share) {
  State& state = *state_;
  std::lock_guard lock(state.verbs);
  state.begin_verb();
  if (!state.is_sealed()) return already_unsealed();
  KW_TRY(const SealRow row, state.load_shamir());
  KW_TRY(SealShare given, parse_share(share));
  KW_OK(state.attempt.add(row.facts, std::move(given)));
  if (state.attempt.size() < row.facts.threshold) return state.outcome(false);
  KW_TRY(SecretBytes root, state.root_of(state.attempt, row));
  KW_OK(state.hand_out(std::move(root)));
  return state.outcome(true);
}

Status Seal::begin_reseal(int shares, int threshold) {
  State& state = *state_;
  std::lock_guard lock(state.verbs);
  state.begin_verb();
  KW_OK(check_counts(shares, threshold));
  KW_TRY(const SealRow row, state.load_shamir());
  if (state.is_sealed()) return sealed_error();
  state.forget_pending();
  state.reseal.emplace();
  state.reseal->shares = shares;
  state.reseal->threshold = threshold;
  state.publish();
  return ok();
}

Result<ShareOutcome> Seal::reseal_share(std::string_view old_share) {
  State& state = *state_;
  std::lock_guard lock(state.verbs);
  state.begin_verb();
  if (!state.reseal || state.new_seal) return no_ceremony();
  Reseal& reseal = *state.reseal;
  KW_TRY(const SealRow row, state.load_shamir());
  KW_TRY(SealShare given, parse_share(old_share));
  KW_OK(reseal.old_shares.add(row.facts, std::move(given)));
  if (reseal.old_shares.size() < row.facts.threshold) return state.outcome(false);
  KW_TRY(SecretBytes root, state.root_of(reseal.old_shares, row));
  reseal.old_id = row.facts.seal_id;
  const SealFacts facts{SealKind::kShamir, new_seal_id(), reseal.shares, reseal.threshold,
                        state.clock.wall()};
  KW_TRY(state.new_seal, NewSeal::make(facts, std::move(root)));
  ShareOutcome out = state.outcome(false);
  out.new_shares = state.new_seal->texts();
  return out;
}

void Seal::cancel_ceremony() {
  std::lock_guard lock(state_->verbs);
  state_->forget_pending();
  state_->publish();
}

}  // namespace kw::seal
