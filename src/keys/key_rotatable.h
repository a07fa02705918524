// Keys as the rotation engine sees them: kind "key", one subject per key.
//
// Everything happens in our own store, so a plain rotation is one transaction. The new version is
// pending, then active: every node decrypts and verifies with it, nobody applies it. A rollout
// names it in the key row: the callers whose turn it is apply it (version_choice.cc). Promotion and
// demotion move the pointer, never numbers.
//
// What the end of a run may take away depends on policy and purpose: retired versions still
// decrypt and verify, so only protecting has to end first; archived and destroyed ones do not (but
// signing keys verify by their public half, which stays), so every use has to. Quarantine stops
// exactly what the end takes away. Where data under a version lies outside, nobody here can know:
// destruction then needs a proof (rotation/reencryption_proof.h), and without one the version is
// archived.
#pragma once

#include <functional>

#include "keys/keyring.h"
#include "rotation/rotatable.h"

namespace kw::keys {

class RolloutMeter;
class UsageLedger;
struct UsageTotal;

class KeyRotatable final : public rotation::Rotatable {
 public:
  /// True when it is proved that nothing refers to run.from_version any more. Called outside of
  /// transactions.
  using Proof = std::function<bool(const rotation::Run&)>;

  /// Borrows everything. @param proof  empty: nothing is ever proved
  KeyRotatable(Keyring& keyring, UsageLedger& usage, RolloutMeter& meter, Proof proof = {});

  std::string_view kind() const override { return "key"; }
  rotation::Traits traits(const rotation::SubjectFacts& facts) const override;
  Result<std::vector<rotation::SubjectFacts>> inventory(const rotation::Subject* after,
                                                        int limit) override;
  Result<rotation::Observed> inspect(const rotation::Run& run) override;
  rotation::Performed perform(rotation::Verb verb, const rotation::Run& run) override;
  /// @audit key.rotate.create, .install, .test, .rollout, .promote, .demote, .stop, .restore,
  ///   .discard, .dispose: kind "key-version", request_id the run's
  Status settle(rotation::Verb verb, store::Tx& tx, const audit::Event& by, rotation::Run& run,
                const rotation::Performed& performed) override;
  void settled(const rotation::Run& run) override;

  std::vector<Result<rotation::Observed>> inspect_all(
      std::span<const rotation::Run* const> runs) override;
  rotation::Performed create_pending(const rotation::Run& run,
                                     const rotation::Observed& seen) override;
  bool settles_chains() const override { return true; }
  /// @audit run.rotate: kind "key-version", request_id the run's
  Status settle_chains(store::Tx& tx, std::span<rotation::Chain> chains) override;
  void chains_settled(std::span<const rotation::Chain> chains) override;
  /// Exact for what this service does; Drain::references_known is false for versions whose
  /// ciphertexts or tags lie elsewhere.
  Result<rotation::Drain> measure_drain(const rotation::Run& run) override;
  Result<rotation::Health> health(const rotation::Run& run) override;

 private:
  Result<std::shared_ptr<const Key>> read(const rotation::Run& run);
  rotation::Observed observed(Key key, const UsageTotal& use, const rotation::Run& run);
  rotation::Performed prepare(const rotation::Run& run);
  rotation::Performed prepare(const rotation::Run& run, const Key& key);
  rotation::Performed test(const rotation::Run& run);
  rotation::Performed may_promote(const rotation::Run& run);
  rotation::Performed may_demote(const rotation::Run& run);
  rotation::Performed may_dispose(const rotation::Run& run);

  Keyring& keyring_;
  UsageLedger& usage_;
  RolloutMeter& meter_;
  Proof proof_;
};

}  // namespace kw::keys
