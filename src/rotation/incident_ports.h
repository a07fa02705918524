// What an emergency needs from the rooms above, as small interfaces, and the values that pass
// through them. Implementations are thread-safe. A function that takes a Change works in that
// transaction, is idempotent and must not wait; the others must not be called in a transaction.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "rotation/consumer.h"
#include "rotation/graph.h"
#include "rotation/runs.h"
#include "rotation/subject.h"

namespace kw::rotation {

using Versions = std::vector<std::uint32_t>;

/// What is suspected: subjects ("key:acme/orders"), all of some tenants, or all that some callers
/// used since `since`.
struct Scope {
  enum class Kind : std::uint8_t { kSubject, kTenant, kCaller } kind = Kind::kSubject;
  std::vector<std::string> names;  ///< 1 to 1,000
  bool operator==(const Scope&) const = default;
};
std::string_view scope_kind_name(Scope::Kind kind);  ///< "subject", "tenant", "caller"

struct VersionFacts {
  std::uint32_t version = 0;
  std::string state;
  std::string fingerprint;  ///< hex, keyed or of the public half: never material
  WallTime created_at;
  bool primary = false;
};

struct RevokeOrder {
  WallTime compromised_at;
  std::string reason;  ///< [a-z0-9_-]{1,64}
  /// contain_first was chosen by name: a replacement in the same step is welcome, but the lack of
  /// one is no reason to refuse (I12).
  bool outage_accepted = false;
};

/// What the revocation barrier says of one version. @source DESIGN 1.7.
struct Refusal {
  bool everywhere = false;  ///< every node confirmed, or lost its lease and fenced itself
  int confirmed = 0, fenced = 0;
  std::int64_t took_ms = 0;
  std::string residual;  ///< what may still be used for how long: agents' leases, say
};

class Compromise {
 public:
  virtual ~Compromise() = default;
  /// The subjects of a scope, at most 10,000.
  /// @errors kNotFound(not_found), kResourceExhausted(scope_too_large)
  virtual Result<std::vector<Subject>> suspects(const Scope& scope, WallTime since) = 0;
  /// All versions that are not destroyed, not only the primary.
  virtual Result<std::vector<VersionFacts>> versions(const Subject& subject) = 0;
  /// Records the earliest compromise time; clear takes it back after a false alarm.
  virtual Status mark(Change change, const Subject& subject, std::uint32_t version,
                      WallTime compromised_at) = 0;
  virtual Status clear(Change change, const Subject& subject, std::uint32_t version) = 0;
  /// Irreversible. Sessions and tokens that rest on the version end with it.
  virtual Status revoke(Change change, const Subject& subject, std::uint32_t version,
                        const RevokeOrder& order) = 0;
  /// Waits, up to the bound, until every node refuses a version that was revoked.
  virtual Result<Refusal> await_refusal(const Subject& subject, std::uint32_t version) = 0;
};

struct Use {
  std::string principal, peer, tenant, operation;
  std::uint32_t version = 0;
  std::int64_t count = 0;
  WallTime first_seen, last_seen;
  std::int64_t refused = 0;  ///< tries after it was revoked
};
struct Holder {
  std::string kind;  ///< "consumer", "lease", "person", "export", "backup"
  std::string name;
  WallTime since;
};
/// Ciphertext that can be read with the versions, by tenant and store.
struct Readable {
  std::string tenant, store;
  std::int64_t items = 0;
  bool exact = false;  ///< an estimate proves nothing
};

/// Who did what with it: from audit logs and usage.
class UseHistory {
 public:
  virtual ~UseHistory() = default;
  virtual Result<std::vector<Use>> uses(const Subject& subject, WallTime from, WallTime to) = 0;
  virtual Result<std::vector<Holder>> holders(const Subject& subject) = 0;
  /// What it could do: "encrypt", "sign", "issues certificates of example.org" …
  virtual Result<std::vector<std::string>> abilities(const Subject& subject) = 0;
  virtual Result<std::vector<Readable>> readable(const Subject& subject) = 0;
};

struct ReencryptState {
  bool done = false, failed = false;
  std::int64_t items = 0, left = 0;
  std::string problem;  ///< stable
};
class Reencrypt {
 public:
  virtual ~Reencrypt() = default;
  /// A forced job for all that the versions protect. @returns its id, or "": nothing to do.
  virtual Result<std::string> start(Change change, const Subject& subject,
                                    const Versions& versions) = 0;
  virtual Result<ReencryptState> state(const std::string& job) = 0;
};

/// Stand-ins for drills, so that the same code runs and nothing real changes.
class Shadows {
 public:
  virtual ~Shadows() = default;
  /// Whether there can be a shadow of it. @errors kFailedPrecondition(no_drill)
  virtual Status can_make(const Subject&) const { return ok(); }
  /// Makes or finds the shadow of `subject` for this drill, with a primary of its own.
  virtual Result<Subject> make(const audit::Event& by, std::string_view incident,
                               const Subject& subject) = 0;
  virtual Status remove(const audit::Event& by, std::string_view incident) = 0;
};

struct ReplaceOrder {
  WallTime deadline;
  bool keep_old = false;     ///< the incident revokes the old version itself
  bool old_is_dead = false;  ///< it has: nothing is gained by waiting for consumers
};
struct ReplaceState {
  bool promoted = false;  ///< the new version is primary
  bool failed = false;    ///< rolled back or aborted: another one must begin
  std::uint32_t to = 0;
  std::string problem;
};
/// Emergency runs. RunReplacement (incident_runs.h) is the one over Runs.
class Replacement {
 public:
  virtual ~Replacement() = default;
  /// @returns the run, or nothing while another run of the subject ends first.
  virtual Result<std::optional<std::string>> start(Change change, const Subject& subject,
                                                   const ReplaceOrder& order) = 0;
  virtual Result<ReplaceState> look(store::Reader& reader, const std::string& run) = 0;
};

/// Who approved an incident, as the service found it.
struct Verdict {
  bool approved = false;
  std::string id;
  std::vector<std::string> approvers;
};

struct Incident;
struct IncidentPorts {
  DependencyGraph& graph;
  Compromise& compromise;
  UseHistory& history;
  Reencrypt& reencrypt;
  Replacement& replacement;
  Shadows* shadows = nullptr;  ///< without them there are no drills
  /// Spends the approval in the transaction that goes on. Bound to incident.plan_hash.
  std::function<Result<Verdict>(Change, const Incident&)> approved;
  /// Consumers::acks.
  std::function<Result<Board>(store::Reader&, const Subject&, std::uint32_t)> acknowledged;
};

}  // namespace kw::rotation
