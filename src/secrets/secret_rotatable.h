// Secrets as the rotation engine sees them: kind "secret", one subject per secret that can rotate:
// those with a generator, and those that a target accepts.
//
// Without a target everything happens in our own store: a new version is generated, read by the
// consumers whose turn it is, promoted; the old one stays readable for the overlap. With one, each
// verb of the engine is a verb of the connector (connector.h has the table), outside of any
// transaction; what our rows say follows when its outcome is recorded. A verb that got no answer is
// unknown and nothing is guessed: the engine asks inspect(), which probes both credentials.
//
// Where only one credential works at a time, nothing is installed beside the old one: promotion is
// the swap. It needs the binding's consent, and its policy's windows say when.
//
// Thread-safe. Source: NIST SP 800-57 part 1 r5 §5.3; docs/guide/secrets.md.
#pragma once

#include <mutex>
#include <set>

#include "rotation/rotatable.h"
#include "secrets/target.h"
#include "secrets/usage.h"

namespace kw::secrets {

struct Scene;

inline constexpr std::string_view kSecretKind = "secret";

class SecretRotatable final : public rotation::Rotatable {
 public:
  /// Borrows both. @param destroy_wait  before a disposed version is destroyed
  SecretRotatable(Targets& targets, ReadLedger& reads, std::chrono::seconds destroy_wait);

  std::string_view kind() const override { return kSecretKind; }
  /// Reads the secret's binding; when it cannot, answers what is safe for both: external.
  rotation::Traits traits(const rotation::SubjectFacts& facts) const override;
  Result<std::vector<rotation::SubjectFacts>> inventory(const rotation::Subject* after,
                                                        int limit) override;
  /// Asks the target only on behalf of a run. @errors kUnavailable(target_unknown | lockout_budget)
  Result<rotation::Observed> inspect(const rotation::Run& run) override;
  std::optional<rotation::ManualTask> manual_task(rotation::Verb verb,
                                                  const rotation::Run& run) override;
  rotation::Performed perform(rotation::Verb verb, const rotation::Run& run) override;
  /// @audit secret.rotate.create, .install, .test, .rollout, .promote, .demote, .stop, .restore,
  ///   .revoke, .discard, .dispose: kind "secret-version", request_id the run's
  Status settle(rotation::Verb verb, store::Tx& tx, const audit::Event& by, rotation::Run& run,
                const rotation::Performed& performed) override;
  void settled(const rotation::Run& run) override;
  Result<rotation::Drain> measure_drain(const rotation::Run& run) override;
  Result<rotation::Health> health(const rotation::Run& run) override;

 private:
  rotation::Performed create(const rotation::Run& run, const Scene& scene);
  rotation::Performed remove_lost(const rotation::Run& run, const Scene& scene);
  rotation::Performed at_target(rotation::Verb verb, const rotation::Run& run, const Scene& scene);
  rotation::Performed test(const rotation::Run& run, const Scene& scene);
  rotation::Performed swap(const rotation::Run& run, const Scene& scene, const Credential& to,
                           const Credential* from);
  Status look_at_target(const rotation::Run& run, const Scene& scene, rotation::Observed& seen);
  bool first_negative(const rotation::Run& run);

  Targets& targets_;
  ReadLedger& reads_;
  std::chrono::seconds destroy_wait_;
  std::mutex mutex_;
  std::set<std::pair<RunId, std::uint32_t>> negative_done_;  ///< one wrong login per new version
};

}  // namespace kw::secrets
