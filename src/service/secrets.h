// Operations on secrets. Who writes does not read: values come out of read_secret alone.
#pragma once

#include "secrets/secrets.h"
#include "secrets/usage.h"
#include "service/gate.h"
#include "service/rotation_runs.h"

namespace kw::service {

/// The secret that the call names, after authorisation against its facts.
/// @errors as authorise; kNotFound(not_found)
Result<secrets::Secret> visible_secret(House& house, Call& call);
/// For what may make it: permission alone, against the facts of the one that is there, if any.
Status may_write_secret(House& house, Call& call);

using SecretChange =
    std::function<Result<secrets::Secret>(secrets::Change, const secrets::Secret&)>;
/// Runs `body` on the secret that the call names, as the transaction sees it.
/// @errors as authorise; kNotFound(not_found), kFailedPrecondition(run_open), those of `body`
Result<secrets::Secret> change_secret(House& house, Call& call, const Guarded& guarded,
                                      const SecretChange& body,
                                      const Wording<secrets::Secret>& wording);

/// What a put says beside secrets::Put.
struct SecretPut {
  secrets::Put put;
  std::optional<std::string> generate;  ///< a generator's text; it becomes the secret's own
};
/// @audit secret.put, kind "secret-version"
Result<secrets::Secret> put_secret(House& house, Call& call, const SecretPath& path,
                                   const SecretPut& wanted,
                                   const Wording<secrets::Secret>& wording);

/// The one operation that hands a value out. In the access log before the answer, with its version;
/// counted. @errors as Secrets::read. @audit secret.read-value
Result<secrets::Secrets::Readout> read_secret(House& house, Call& call,
                                              secrets::Secrets::Asked asked);

Result<secrets::Secrets::Page> list_secrets(House& house, Call& call,
                                            const secrets::Secrets::Filter& filter);
/// Metadata and versions, never values.
Result<secrets::Secret> show_secret(House& house, Call& call);
Result<std::vector<secrets::UsageRow>> secret_usage(House& house, Call& call,
                                                    std::optional<WallTime> since);
/// Where the same material is, in all tenants. The material is never recorded.
Result<std::vector<secrets::Secrets::Found>> find_secrets(House& house, Call& call,
                                                          const SecretBytes& material);

Result<secrets::Secret> update_secret(House& house, Call& call, const secrets::MetadataPatch& patch,
                                      std::optional<std::int64_t> expected_epoch,
                                      const Wording<secrets::Secret>& wording);
/// Starts a run. @errors kFailedPrecondition(no_generator): nothing says how a new value is made;
///   those of start_run. @audit run.start
Result<rotation::Run> rotate_secret(House& house, Call& call,
                                    const Wording<rotation::Run>& wording);
Result<secrets::Secret> roll_back_secret(House& house, Call& call, std::uint32_t to,
                                         const Wording<secrets::Secret>& wording);
Result<secrets::Secret> remove_secret(House& house, Call& call,
                                      const Wording<secrets::Secret>& wording);
/// @param version  0: the secret; else cancels the destruction of that version
Result<secrets::Secret> undelete_secret(House& house, Call& call, std::uint32_t version,
                                        const Wording<secrets::Secret>& wording);
/// Needs one approval. @param version  0: all of a deleted secret
Result<secrets::Secret> destroy_secret(House& house, Call& call, std::uint32_t version,
                                       const Wording<secrets::Secret>& wording);

}  // namespace kw::service
