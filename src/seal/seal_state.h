// The Seal's inside, shared by its sources: seal.cc (life), seal_ceremony.cc (shares),
// seal_state.cc.
#pragma once

#include <mutex>

#include "seal/ceremony.h"
#include "seal/seal.h"
#include "seal/seal_row.h"

namespace kw::seal {

/// A change of shares, from begin_reseal to the last new share.
struct Reseal {
  int shares = 0;
  int threshold = 0;
  ShareSet old_shares;
  SealId old_id{};
};

struct Seal::State {
  State(store::Store& the_store, Options the_options)
      : store(the_store), options(std::move(the_options)), clock(*options.clock) {}

  /// The row as it is now; status() follows it.
  Result<std::optional<SealRow>> load();
  /// @errors kFailedPrecondition(not_initialised | seal_kind)
  Result<SealRow> load_shamir();
  /// Start of a verb: forgets what waited too long.
  void begin_verb();
  void forget_pending();
  void publish();
  void publish(const std::optional<SealRow>& row);
  ShareOutcome outcome(bool completed);
  /// Uses the set up, whatever comes out.
  Result<SecretBytes> root_of(ShareSet& set, const SealRow& row);
  /// Unseals.
  Status hand_out(SecretBytes root);
  /// Proves the new seal and makes it the one that counts.
  Status store_new_seal();
  void refresh();
  bool is_sealed() const;

  store::Store& store;
  const Options options;
  const Clock& clock;

  std::mutex verbs;  // held for a whole verb; guards what follows
  ShareSet attempt;
  std::optional<Reseal> reseal;
  std::optional<NewSeal> new_seal;
  SteadyTime last_verb;

  mutable std::mutex facts;  // held briefly, after `verbs`; guards what follows
  SealStatus status;
  SteadyTime last_refresh;
};

/// kFailedPrecondition(seal_kind)
Error wrong_kind();
/// kFailedPrecondition(already_unsealed)
Error already_unsealed();
/// kFailedPrecondition(already_initialised)
Error already_initialised();

}  // namespace kw::seal
