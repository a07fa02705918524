// The port that everything rotatable implements: keys, KEKs, later secrets and certificates. The
// engine knows only this.
//
// A verb has two halves. perform() works outside any transaction: it generates material, proves it,
// talks to a foreign system; it may be repeated after a crash or a lost reply and must be
// idempotent per (run, verb). settle() then runs inside the transaction that records the outcome
// and moves the run: what changes in our own store changes there, so it happens exactly once and
// together with its audit leaf. When perform() says kUnknown the engine asks inspect() before
// anything else.
//
// Several verbs of a rotatable whose traits are not `external` may be chained into one transaction:
// perform() of each first, then settle() of each in the same order. In a chain that makes the new
// version, run.to_version is still 0 in the later perform() calls: what kCreatePending prepared it
// has proved as well, so kInstall, kTest, kSetRollout and kPromote then answer kOk without work.
// settle() may run more than once (a transaction that is tried again): it changes only `tx` and
// `run`. A definite failure before promotion discards the new version (kRemovePending) and makes
// another one, run.discarded times at most 3; kCreatePending is idempotent per (run, discarded).
//
// Implementations are thread-safe. perform() may take seconds; settle() must not wait.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/event.h"
#include "rotation/manual_task.h"
#include "rotation/run.h"
#include "rotation/subject.h"
#include "store/store.h"

namespace kw::rotation {

/// Source: NIST SP 800-57 has no names for these; they are DESIGN 7's connector verbs.
enum class Verb : std::uint8_t {
  kCreatePending,  ///< generate the new version, durable before anybody is told
  kInstall,        ///< every processor accepts it (decrypts, verifies) though nobody applies it
  kTest,           ///< known answer, positive and negative
  kSetRollout,     ///< run.percent of the units apply the new version
  kPromote,        ///< the new version is primary, the old one secondary: one step
  kDisableOld,     ///< reversible stop of the old version
  kRestoreOld,     ///< undo of kDisableOld
  kDemote,         ///< rollback of kPromote: the old version is primary again
  kRevokeOld,      ///< the point of no return
  kRemovePending,  ///< a new version that never became primary goes away, or stays process-only
                   ///< when something was already protected by it
  kDispose,        ///< policy.old_version is carried out
};
std::string_view verb_name(Verb verb);

/// Never guess: a timeout or a lost reply is kUnknown.
enum class Outcome : std::uint8_t { kOk, kDefiniteFail, kUnknown };

/// What perform() hands to settle() of the same step: prepared material, say.
struct Carried {
  virtual ~Carried() = default;
};

struct Performed {
  Outcome outcome = Outcome::kOk;
  std::string reason;  ///< stable; when not kOk
  std::shared_ptr<const Carried> carried;
  std::string warning = {};  ///< stable; of kOk: what could not be had besides, for the record
};

/// What a rotatable can do at all. Pure.
struct Traits {
  bool external = false;      ///< perform() touches a foreign system: record the intent first
  bool soft_disable = false;  ///< kDisableOld means something; else quarantine is skipped
  bool revocable = false;     ///< kRevokeOld means something; else revoke is skipped
  bool rollout = true;        ///< kSetRollout means something; else rollout goes to 100 at once
  /// The foreign system that bears the load: one breaker and one limit for each; "": one for all of
  /// a kind and type.
  std::string target{};
  /// Canary consumers apply what a rollout tries from its first step on, so it waits there for
  /// them.
  bool canaries_first = false;
};

/// What there is now, read afresh.
struct Observed {
  SubjectFacts facts;
  bool pending_exists = false;    ///< the version that the run names (to_version) exists
  bool pending_accepted = false;  ///< … and processors accept it
  bool pending_primary = false;   ///< … and it is primary
  bool old_accepted = false;      ///< from_version is still accepted
  bool free_slot = true;          ///< a new version can be made now
  std::string drift;              ///< "" or a stable word: someone else changed it
  /// What the rotatable read, for its own later calls of the same turn.
  std::shared_ptr<const Carried> basis;
};

/// The chain kCreatePending, kInstall, kTest, kPromote of one run, settled as one change beside
/// those of many others. Borrows what it points to.
struct Chain {
  Run* run = nullptr;                  ///< as planned; settle_chains() sets to_version
  const Observed* seen = nullptr;      ///< from inspect_all() of this turn
  const Performed* created = nullptr;  ///< of kCreatePending
  // What the run's leaf says about the version, set by settle_chains():
  std::string_view action, kind;
  std::string object;
};

/// How much the old version is still in use. A meter that cannot tell says so.
struct Drain {
  enum class Quality : std::uint8_t { kExact, kByAge, kNone } quality = Quality::kNone;
  std::int64_t in_use = 0;  ///< holders, sessions, references
  std::optional<WallTime> last_used;
  std::vector<std::string> holders;  ///< who, at most 20
  /// False when something outside that nobody counts may still need the old version: ciphertexts
  /// that callers keep, say. Then the meter speaks of use, not of references.
  bool references_known = true;
};

/// The two cohorts of a rollout since the present percentage was set.
struct Health {
  std::int64_t old_operations = 0, old_errors = 0, new_operations = 0, new_errors = 0;
  double old_p99 = 0, new_p99 = 0;  ///< seconds; 0: unknown
  bool integrity_failure = false;   ///< one verified wrong answer of the new version
};

class Rotatable {
 public:
  virtual ~Rotatable() = default;
  virtual std::string_view kind() const = 0;
  virtual Traits traits(const SubjectFacts& facts) const = 0;
  /// The subjects of this kind by (tenant, name), after `after` (nothing: from the start; without
  /// a name: from the start of its tenant). One that is damaged is told as that and keeps nobody
  /// else from being told.
  /// @param limit 1 to 1,000
  virtual Result<std::vector<SubjectFacts>> inventory(const Subject* after, int limit) = 0;
  /// Of a run without an id our own rows alone. @errors kNotFound(not_found) and those of the store
  virtual Result<Observed> inspect(const Run& run) = 0;
  virtual Performed perform(Verb verb, const Run& run) = 0;
  /// What a person has to do before `verb` can be performed; nothing when it can be now. Asked
  /// before every verb; the run waits without an attempt being counted.
  virtual std::optional<ManualTask> manual_task(Verb, const Run&) { return std::nullopt; }
  /// May change the run: kCreatePending sets to_version. Adds its own audit leaf.
  virtual Status settle(Verb verb, store::Tx& tx, const audit::Event& by, Run& run,
                        const Performed& performed) = 0;
  /// After the transaction of settle() committed: forget caches, wake watchers.
  virtual void settled(const Run& run) = 0;

  /// Many runs at once, for rotations of everything: a rotatable that can do better than one after
  /// the other says so. inspect() of all, in their order.
  virtual std::vector<Result<Observed>> inspect_all(std::span<const Run* const> runs);
  /// perform(kCreatePending) after inspect_all() in the same turn.
  virtual Performed create_pending(const Run& run, const Observed& seen);
  /// True when settle_chains() may be called.
  virtual bool settles_chains() const { return false; }
  /// As settle() of the four verbs for every chain, all or none. Refuses what is no longer as it
  /// was seen. Adds no leaf: that of the run holds what the chain did.
  /// @errors kAborted(stale_epoch), kFailedPrecondition(drift)
  virtual Status settle_chains(store::Tx& tx, std::span<Chain> chains);
  /// After their transaction committed, instead of settled().
  virtual void chains_settled(std::span<const Chain> chains);
  virtual Result<Drain> measure_drain(const Run& run) = 0;
  virtual Result<Health> health(const Run& run) = 0;
};

}  // namespace kw::rotation
