// The port of foreign systems that accept credentials: databases, queues, files, third parties.
// Room `connectors` has one file for each; the rotation of secrets drives them all alike.
//
// A rotation hands users of an account from one credential to the next while the system accepts
// both. The strategy follows from Capabilities: two principals that take turns, two passwords on
// one principal, or a swap in a window. Prefer a new principal per version: only then the system
// can say who still uses the old credential.
//
//   create_pending   -> (sealed and durable by the caller) -> install -> test -> promote
//   -> measure_drain -> disable_old <-> restore_old -> revoke_old -> destroy
//   undo before promotion: remove_pending
//
// Every verb may be repeated after a crash or a lost reply and must then end the same:
// | verb                    | key               | a repeat                                       |
// | install                 | target, version   | nothing when the credential works already      |
// | test                    | -                 | harmless; respects the lockout budget          |
// | promote                 | target, to        | already so: kOk; neither old nor new: drift    |
// | disable, restore, revoke| target, version   | already so: kOk                                |
// | remove_pending, destroy | version           | already gone: kOk                              |
// kUnknown (no answer, lost reply, connection cut after sending) is never turned into kOk or
// kDefiniteFail by guessing; the caller probes both credentials and decides. A credential that the
// system rejects by its policy is kDefiniteFail("rejected_by_policy"): it is thrown away and made
// anew. Secrets travel as verifiers where the system takes them, never in statements that it logs.
// Names are quoted, values are parameters: text of others never becomes a command.
//
// Thread-safe: one object serves all targets of its kind; no state between calls but pools. No verb
// outlives its deadline. Source: NIST SP 800-57 part 1 r5 §5.3, §8; DESIGN 7.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "rotation/rotatable.h"
#include "secrets/settings.h"

namespace kw::secrets {

using rotation::Drain;
using rotation::Outcome;

/// One version of a secret as the foreign system knows it.
struct Credential {
  std::uint32_t version = 0;
  std::string principal;  ///< user, role, key id, file …; "" when the system has none
  SecretBytes secret;     ///< password, token, private key
};

/// Where a credential is accepted and by what rules. Borrowed for a call.
struct Place {
  std::string_view tenant, target;  ///< for messages and for names that must be unique
  const Settings& system;           ///< of the target: host, port …
  const Settings& account;          ///< of the secret there: base name, owner, grants …
  /// Who may change credentials there; nullptr: the credential itself does it.
  const Credential* admin = nullptr;
};

struct Context {
  std::string_view run;                            ///< id of the run, for tags and messages
  std::chrono::steady_clock::time_point deadline;  ///< of the call
  bool emergency = false;
};

/// What the system lets us do. Decides the strategy.
struct Capabilities {
  int slots = 1;                ///< credentials that are accepted at once
  bool native_overlap = false;  ///< two passwords on one principal
  bool principal_per_version = false;
  /// The other side fetches a new value itself, in its own time, as the receiver of a webhook does:
  /// install proves that the overlap is understood, a positive test that the value was taken.
  bool consumer_takes = false;
  bool self_generates = false;           ///< the system makes the secret, we only receive it
  bool soft_disable = false;             ///< disable_old and restore_old mean something
  bool sessions_survive_revoke = false;  ///< so revoke_old must end them when asked
  bool ends_sessions = true;             ///< false: it cannot; only the system's restart does
  Drain::Quality meter = Drain::Quality::kNone;
  std::chrono::seconds propagation{0};  ///< until every replica accepts what was installed
  int lockout_threshold = 0;            ///< failed logins until an account locks; 0: never
};

/// What came of a verb. `reason` is stable, [a-z0-9_]; `detail` is for people: our own words and
/// the system's error code, never its text, which may repeat what we sent.
struct Answer {
  Outcome outcome = Outcome::kOk;
  std::string reason;
  std::string detail;

  static Answer ok() { return {}; }
  static Answer definite_fail(std::string reason, std::string detail = {}) {
    return {Outcome::kDefiniteFail, std::move(reason), std::move(detail)};
  }
  static Answer unknown(std::string reason, std::string detail = {}) {
    return {Outcome::kUnknown, std::move(reason), std::move(detail)};
  }
};

enum class Probe : std::uint8_t {
  kPositive,    ///< the credential works, on every replica
  kNegative,    ///< a mutated secret must fail: finds `trust` and `nopassword`
  kPermission,  ///< it may do what the account is for
};

/// What is there now. Read-only, afresh.
struct Observed {
  /// One per credential that was asked about, in that order: is it accepted? kUnknown: no answer.
  enum class Accepted : std::uint8_t { kNo, kYes, kUnknown };
  std::vector<Accepted> accepted;
  bool free_slot = true;  ///< a new credential can be installed without evicting one
  std::string drift;      ///< "" or a stable word: somebody else changed it
};

/// What to make. The caller chooses the value unless the system generates it.
struct Minting {
  std::uint32_t version = 0;
  /// Principals of versions that are still accepted, newest first.
  std::span<const std::string> taken;
};

/// Short-lived users of a system: made on request, gone with their lease.
class Issuer {
 public:
  virtual ~Issuer() = default;
  /// Rules for the settings of a role: grants, statements …
  virtual std::span<const SettingRule> role_rules() const = 0;
  /// Makes the user; a repeat with the same principal ends the same. The system itself ends it at
  /// `expires` where it can.
  virtual Answer issue(const Context& context, const Place& place, const Settings& role,
                       const Credential& credential, WallTime expires) = 0;
  virtual Answer renew(const Context& context, const Place& place, std::string_view principal,
                       WallTime expires) = 0;
  /// Ends sessions, takes everything back and drops the user; already gone is kOk.
  virtual Answer revoke(const Context& context, const Place& place, const Settings& role,
                        std::string_view principal) = 0;
  /// Users whose name begins with `prefix`: finds what a crash left behind.
  virtual Result<std::vector<std::string>> issued(const Context& context, const Place& place,
                                                  std::string_view prefix) = 0;
};

class Connector {
 public:
  virtual ~Connector() = default;
  virtual std::string_view name() const = 0;  ///< as in catalog.def
  virtual std::span<const SettingRule> system_rules() const = 0;
  virtual std::span<const SettingRule> account_rules() const = 0;
  /// Pure. @errors kInvalidArgument(bad_setting): beyond what the rules can say
  virtual Status check(const Place& place) const = 0;
  virtual Capabilities describe(const Place& place) const = 0;
  /// The rule for values: "" is the default of the room (URL-safe, 43 characters); else the
  /// generator's text form (generator.h): "length=32 alphabet=alnum".
  virtual std::string_view generator() const { return {}; }

  /// The principal of the new version. Touches nothing unless Capabilities::self_generates; then
  /// the system makes the secret, tagged with the run, and a repeat finds it or replaces it.
  /// @returns a credential without secret (the caller generates it), or with it.
  /// @errors kFailedPrecondition(no_free_slot), kUnavailable(target_unreachable) …
  virtual Result<Credential> create_pending(const Context& context, const Place& place,
                                            const Minting& minting) = 0;
  virtual Result<Observed> inspect(const Context& context, const Place& place,
                                   std::span<const Credential* const> known) = 0;
  /// Accepted beside the old one. With one slot this is the swap itself.
  virtual Answer install(const Context& context, const Place& place, const Credential& fresh,
                         const Credential* old) = 0;
  virtual Answer test(const Context& context, const Place& place, const Credential& credential,
                      Probe probe) = 0;
  /// The system itself prefers `fresh` from now on, where it has such a notion; else kOk.
  virtual Answer promote(const Context&, const Place&, const Credential& /*fresh*/,
                         const Credential* /*old*/) {
    return Answer::ok();
  }
  virtual Result<Drain> measure_drain(const Context& context, const Place& place,
                                      const Credential& old) = 0;
  virtual Answer disable_old(const Context& context, const Place& place, const Credential& old,
                             const Credential& fresh) = 0;
  virtual Answer restore_old(const Context& context, const Place& place, const Credential& old,
                             const Credential& fresh) = 0;
  /// The point of no return: `old` is refused from now on, and only it.
  virtual Answer revoke_old(const Context& context, const Place& place, const Credential& old,
                            const Credential& fresh, bool end_sessions) = 0;
  /// Undo of install. With one slot it puts `old` back. Of a system that makes the secrets, a
  /// `fresh` without principal and secret is what create_pending may have made for this run though
  /// its answer was lost.
  virtual Answer remove_pending(const Context& context, const Place& place, const Credential& fresh,
                                const Credential* old) = 0;

  /// nullptr: no short-lived users here.
  virtual Issuer* issuer() { return nullptr; }
};

/// The connectors of this program by name. Read-only after start.
using Connectors = std::vector<std::unique_ptr<Connector>>;
/// nullptr: there is none of that name.
inline Connector* connector_named(const Connectors& connectors, std::string_view name) {
  for (const auto& connector : connectors)
    if (connector->name() == name) return connector.get();
  return nullptr;
}

}  // namespace kw::secrets
