// Secrets: versioned values by tenant and path, and their life. Changes run inside the caller's
// transaction and append their own audit leaves; reads come from the store, so that what was
// revoked is refused at once on every node.
//
// Values are sealed cells: KEK rotation re-wraps them. Templates follow what they are made of in
// the same transaction (followers.h). Tables: secret_object, secret_version (rows carry a MAC and
// an epoch), secret_fingerprint, secret_reference, secret_usage. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "audit/change_log.h"
#include "rotation/runs.h"
#include "seal/barrier.h"
#include "secrets/model.h"
#include "secrets/value.h"
#include "store/store.h"

namespace kw::secrets {

using rotation::Change;

/// The number of a tenant. @errors kNotFound(not_found)
using TenantNumber = std::function<Result<std::int64_t>(store::Reader&, std::string_view)>;

/// What every change stands on.
struct Foundations {
  store::Store& store;
  seal::Barrier& barrier;
  audit::ChangeLog& log;
  const Clock& clock;
  TenantNumber tenant_number;
};

/// Changes of metadata; what is absent stays. Not text of values, ever.
struct MetadataPatch {
  std::optional<std::string> type{}, owner{}, classification{}, description{}, instructions{};
  std::optional<std::vector<std::string>> regions{};
  std::optional<std::map<std::string, std::string>> labels{};
  std::optional<std::string> generator{};  ///< "" ends generating
};

/// A new value, and with it a new secret where there is none.
struct Put {
  /// The primary must be this version; 0: there must be no such secret.
  std::optional<std::uint32_t> if_version;
  std::optional<std::int64_t> if_epoch;     ///< the secret must be in this state
  std::shared_ptr<const Value> value;       ///< given; or
  std::shared_ptr<const Fields> generated;  ///< made by generator.h; put over the given or the
                                            ///< present fields; or
  std::string template_text;                ///< rendered now and whenever its sources change
  MetadataPatch metadata;
  std::optional<WallTime> expires_at;
  bool promote = true;    ///< false: the version stays pending
  bool adopt = false;     ///< the target of a bound secret has this value already
  std::string principal;  ///< of a bound secret: who presents it
};

/// All secrets of all tenants. Common errors: kUnavailable(sealed), kDataLoss(row_tampered), and
/// the store's. Changes that take a `Secret` act on exactly that state:
/// @errors kAborted(stale_epoch) when it is not the newest any more.
class Secrets {
 public:
  struct Options {
    /// 7 d to 365 d; shorter only with a development seal.
    std::chrono::seconds destroy_wait{30 * 24 * 3600};
  };
  Secrets(Foundations foundations, Options options);

  // Reading.
  /// @errors kNotFound(not_found): no such tenant or secret; which, it does not tell.
  Result<Secret> find(std::string_view tenant, std::string_view path);
  /// The same, straight from the transaction, for read-change-write.
  Result<Secret> load(store::Reader& reader, std::string_view tenant, std::string_view path);
  struct Filter {
    std::string prefix;    ///< of the path
    std::string after;     ///< path of the last one of the page before; "" from the start
    std::string target;    ///< "" matches all
    bool deleted = false;  ///< only those that wait for undelete
    int limit = 100;       ///< 1 to 1,000
  };
  struct Page {
    std::vector<Secret> secrets;
    std::string next;  ///< "" after the last page
  };
  /// By path. @errors kInvalidArgument(bad_limit | bad_name), kNotFound(not_found)
  Result<Page> list(std::string_view tenant, const Filter& filter);

  /// A secret in its place, as the store names it.
  struct Placed {
    std::string tenant, path;
    std::optional<Secret> secret;  ///< nothing: its rows do not authenticate
  };
  /// Those that can rotate, of all tenants: with a generator or a target, not deleted. By tenant
  /// and path, after the pair given. @param limit 1 to 1,000
  Result<std::vector<Placed>> rotating(const std::string& after_tenant,
                                       const std::string& after_path, int limit);

  /// Which version is asked for; by default the primary, or that of the caller's bucket.
  struct Asked {
    std::uint32_t version = 0;
    bool previous = false;
    std::string consumer{};  ///< whose turn a rollout decides
    bool canary = false;     ///< its turn comes first
  };
  struct Readout {
    Secret secret;
    std::uint32_t version = 0;
    Value value;
  };
  /// The one way a value leaves the Barrier for a reader.
  /// @errors kNotFound(not_found), kFailedPrecondition(secret_deleted | version_state |
  ///   version_expired | no_primary | no_previous), kDataLoss(unwrap_failed)
  Result<Readout> read(std::string_view tenant, std::string_view path, const Asked& asked);
  /// As read, without rules: the value of any version that has one. For rotation, probes,
  /// rendering.
  Result<Value> open(store::Reader& reader, const Secret& secret, const Version& version);

  /// Where the same material is: whole values and fields of at least 8 bytes, in all tenants.
  struct Found {
    std::string tenant, path, field;
    std::uint32_t version = 0;
    VersionState state = VersionState::kPending;
    bool deleted = false;
  };
  Result<std::vector<Found>> places(const SecretBytes& material);

  // Changes.
  /// @errors kInvalidArgument(bad_value | bad_field | bad_template | not_text | shape_mismatch
  ///   | …metadata), kAborted(version_moved): if_version; kFailedPrecondition(secret_deleted |
  ///   bound_secret | reference_not_found | reference_cycle | no_value).
  ///   @audit kind "secret-version", object "<tenant>/<path>"
  Result<Secret> put(Change change, std::string_view tenant, const SecretPath& path,
                     const Put& wanted);
  /// @errors those of check_metadata; kAborted(stale_epoch) when expected_epoch differs.
  ///   @audit kind "secret"
  Result<Secret> update(Change change, const Secret& secret, const MetadataPatch& patch,
                        std::optional<std::int64_t> expected_epoch);
  /// Says where the secret is accepted, or, with "", that it is nowhere. The caller has checked it.
  /// @errors kFailedPrecondition(secret_deleted | shape_mismatch) @audit kind "secret"
  /// @param type  replaces the default one, so that policies select it; "": stays
  Result<Secret> bind(Change change, const Secret& secret, const std::string& target,
                      const Settings& account, const std::string& type);
  /// The pointer moves, numbers do not. `to` 0: the youngest secondary.
  /// @errors kFailedPrecondition(nothing_to_roll_back_to | bound_secret), kNotFound(not_found)
  Result<Secret> roll_back(Change change, const Secret& secret, std::uint32_t to);
  /// Soft: nobody reads it until undelete. @errors kFailedPrecondition(secret_bound |
  ///   secret_referenced | secret_deleted) @audit kind "secret"
  Result<Secret> remove(Change change, const Secret& secret);
  /// @errors kFailedPrecondition(not_deleted)
  Result<Secret> undelete(Change change, const Secret& secret);
  /// Destroys a version that is not primary after the waiting period; 0: all of a deleted secret.
  /// @errors kNotFound(not_found), kFailedPrecondition(version_is_primary | not_deleted |
  ///   invalid_transition)
  Result<Secret> destroy(Change change, const Secret& secret, std::uint32_t version);
  /// Back to the state before. @errors kFailedPrecondition(invalid_transition)
  Result<Secret> cancel_destroy(Change change, const Secret& secret, std::uint32_t version);
  /// Destroys what waited long enough: called by the service's clockwork. @returns how many.
  /// @errors kFailedPrecondition(clock_jumped)
  Result<int> destroy_due(const audit::Event& by);

  const Foundations& foundations() const { return on_; }

 private:
  Foundations on_;
  Options options_;
  const WallTime wall_at_start_;
  const SteadyTime steady_at_start_;
};

Error not_found();

}  // namespace kw::secrets
