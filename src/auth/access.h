// Access: principals, tokens and policies kept in the store; the decision itself is a pure function
// over a snapshot.
//
// Tables: principal, token, access_policy (rows carry a MAC), access_change, clock_high_water.
// Thread-safe; decisions read an immutable snapshot that reload() replaces (change feed: "access").
// Borrows store, barrier, clock.
//
// The changing functions run inside the caller's transaction. After its commit, and before it
// answers, the caller calls reload() and announces "access"; every other node calls reload() when
// it hears of it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/policy.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "store/store.h"

namespace kw::seal {
class Barrier;
}

namespace kw::auth {

inline constexpr std::int64_t kPrincipalsMax = 100'000;
inline constexpr std::int64_t kLiveTokensPerPrincipalMax = 10'000;
inline constexpr std::int64_t kPoliciesPerTenantMax = 1'000;

struct NewPrincipal {
  ObjectName name;
  std::vector<Grant> grants;
  /// DNS name (lower case) or URI in a client certificate that proves this principal; "" for none.
  std::string certificate_name;
};
struct PrincipalRecord {
  std::string name;
  std::vector<Grant> grants;
  std::string certificate_name;
  bool disabled = false;
  std::int64_t epoch = 0;  ///< number of the access change that wrote it; compare-and-swap counter
};

struct NewToken {
  ObjectName principal;
  std::chrono::seconds time_to_live;  ///< 60 s to 365 d; at most 1 h for a setup principal
  std::chrono::seconds idle_max{0};   ///< 0: no idle limit; else 120 s to 365 d
  std::string certificate_sha256;     ///< 64 hex digits; "" for unbound
  bool secret_id = false;             ///< to be exchanged for tokens; no bearer token itself
};
inline constexpr std::string_view kSecretIdPrefix = "kws_";
struct IssuedToken {
  WipedText text;        ///< "kwt_" (or "kws_") + base64url of 32 random bytes; shown once
  std::string accessor;  ///< id for listing and revocation: 32 hex digits
  WallTime expires_at;
};
struct TokenRecord {
  std::string accessor, principal;
  WallTime created_at, expires_at, last_used_at;  ///< last_used_at is exact to about a minute
  bool revoked = false;
};

class Access {
 public:
  using Duties = auth::Duties;
  struct Options {
    Duties duties = Duties::kEnforce;
    Vocabulary vocabulary;  ///< the words of policies, from operations.def; borrowed
  };
  Access(store::Store& store, seal::Barrier& barrier, const Clock& clock, const Options& options);
  ~Access();

  /// Brings the snapshot up to the committed state and forgets revoked tokens; reads only what
  /// changed since the last call. Call after unsealing, after each change, and on "access"
  /// announcements.
  ///
  /// A principal whose row was tampered with is left out and then reported; any other error keeps
  /// the old snapshot.
  /// @errors kDataLoss(row_tampered | access_rolled_back), kFailedPrecondition(policy_unreadable):
  /// a stored policy uses
  ///   words that this program does not know; kUnavailable(sealed | store_unavailable)
  Status reload();

  /// Who holds this bearer token. A token seen before costs one SHA-256 and touches no
  /// store; any other waits for one read of the store.
  ///
  /// Absolute and idle expiry are checked on a wall clock held at its high-water mark. Work for
  /// unknown tokens is the same as for known ones, so that time tells nothing.
  /// @param certificate_sha256_hex  of the client certificate on this connection, lower case; ""
  /// without
  ///   one.
  /// @errors kUnauthenticated(token_missing | token_invalid | token_expired | token_revoked |
  /// certificate_mismatch),
  ///   kUnavailable(sealed | store_unavailable)
  Result<std::shared_ptr<const Principal>> authenticate_token(
      std::string_view bearer, std::string_view certificate_sha256_hex);
  /// Whom these names prove. The caller has verified the certificate; names are its DNS and URI
  /// subject alternative names, compared byte by byte. Names of two principals prove neither.
  /// @errors kUnauthenticated(certificate_unknown), kUnavailable(sealed)
  Result<std::shared_ptr<const Principal>> authenticate_certificate(
      std::span<const std::string> names, std::string_view sha256_hex);

  /// Default deny; forbid wins; see auth/policy.h. Never touches the store. About 1 us with 1,000
  /// policies.
  Decision decide(const Principal& principal, const Question& question) const;
  /// SHA-256 of the policy set in force, 64 hex digits; goes into each audit record.
  std::string policy_hash() const;

  // Changes. Each runs inside the caller's transaction (which also holds the audit leaf).

  /// @errors kAlreadyExists(already_exists): also when the name differs from another only in case;
  ///   kInvalidArgument(duties_conflict | bad_grant | bad_certificate_name | reserved_name),
  ///   kResourceExhausted(too_many_principals)
  Status create_principal(store::Tx& tx, const NewPrincipal& principal);
  /// Replaces everything but the name; compare-and-swap on epoch.
  /// @errors kAborted(stale_epoch), kNotFound(not_found), and as create_principal
  Status update_principal(store::Tx& tx, const PrincipalRecord& principal);
  /// By name, after `after`; 1 to 1,000. @errors kDataLoss(row_tampered)
  Result<std::vector<PrincipalRecord>> principals(store::Reader& reader, std::string_view after,
                                                  int limit);

  /// @errors kNotFound(not_found): no such principal; kFailedPrecondition(principal_disabled),
  ///   kInvalidArgument(bad_time_to_live | bad_idle | bad_certificate),
  ///   kResourceExhausted(too_many_tokens)
  Result<IssuedToken> issue_token(store::Tx& tx, const NewToken& token);
  /// A token of at most an hour for who knows a secret id of the role (the principal's name). The
  /// secret id stays; it may be used again until it ends.
  /// @errors kUnauthenticated(secret_id_invalid): whatever is wrong; those of issue_token
  Result<IssuedToken> exchange_secret_id(store::Tx& tx, const ObjectName& role,
                                         std::string_view secret_id,
                                         std::string_view certificate_sha256_hex);
  /// For ever; revoking twice changes nothing. Here it holds from the commit on, elsewhere from
  /// reload() on.
  /// @errors kNotFound(not_found)
  Status revoke_token(store::Tx& tx, std::string_view accessor);
  /// By accessor, after `after`; 1 to 1,000. Tokens that ended more than 7 d ago may be gone.
  Result<std::vector<TokenRecord>> tokens(store::Reader& reader, std::string_view principal,
                                          std::string_view after, int limit);
  /// Writes when tokens were last used (each at most once a minute), the clock's high-water mark,
  /// and forgets tokens that ended more than 7 d ago. Call it about once a minute, and before
  /// shutdown; never inside a transaction.
  Status flush_last_used();

  /// Creates or replaces. The statements may name only this tenant; with tenant "" the policy holds
  /// everywhere.
  /// @errors kInvalidArgument(bad_policy | bad_name), kTooLarge(policy_too_large),
  ///   kResourceExhausted(too_many_policies)
  Status put_policy(store::Tx& tx, std::string_view tenant, const ObjectName& name,
                    std::string_view yaml);
  /// @errors kNotFound(not_found)
  Status remove_policy(store::Tx& tx, std::string_view tenant, const ObjectName& name);
  struct PolicyRecord {
    std::string name, yaml;
  };
  /// All of the tenant, by name. @errors kDataLoss(row_tampered)
  Result<std::vector<PolicyRecord>> policies(store::Reader& reader, std::string_view tenant);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The room's schema.
std::span<const store::Migration> migrations();

}  // namespace kw::auth
