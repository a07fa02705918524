// Secrets as suspects of an incident: finding, marking, replacing, revoking them, and who read
// them.
//
// What a target accepts is revoked there by the emergency run that replaces it: our own row cannot
// make a foreign system refuse anything. Until then the refusal is reported as not complete. A
// template is replaced by what it is made of. Thread-safe. Borrows everything.
#pragma once

#include "rotation/graph.h"
#include "rotation/incident_runs.h"
#include "secrets/secret_rotatable.h"

namespace kw::secrets {

class SecretCompromise final : public rotation::Compromise {
 public:
  SecretCompromise(Targets& targets, SecretRotatable& rotatable)
      : targets_(targets), rotatable_(rotatable) {}

  /// Of names "secret:<tenant>/<path>"; of tenants and callers all that they have, or have read.
  Result<std::vector<rotation::Subject>> suspects(const rotation::Scope& scope,
                                                  WallTime since) override;
  Result<std::vector<rotation::VersionFacts>> versions(const rotation::Subject& subject) override;
  /// @audit kind "secret-version", note "suspect" or "no longer suspect"
  Status mark(rotation::Change change, const rotation::Subject& subject, std::uint32_t version,
              WallTime compromised_at) override;
  Status clear(rotation::Change change, const rotation::Subject& subject,
               std::uint32_t version) override;
  /// A primary that we can generate anew gets its replacement in the same step; one that a target
  /// accepts stays until its replacement is promoted there.
  /// @errors kFailedPrecondition(needs_replacement): nothing makes another one, and no outage was
  ///   accepted
  Status revoke(rotation::Change change, const rotation::Subject& subject, std::uint32_t version,
                const rotation::RevokeOrder& order) override;
  Result<rotation::Refusal> await_refusal(const rotation::Subject& subject,
                                          std::uint32_t version) override;

 private:
  Status set_mark(rotation::Change change, const rotation::Subject& subject, std::uint32_t version,
                  std::optional<WallTime> since);
  Targets& targets_;
  SecretRotatable& rotatable_;
};

class SecretHistory final : public rotation::UseHistory {
 public:
  SecretHistory(Targets& targets, ReadLedger& reads, rotation::Consumers& consumers)
      : targets_(targets), reads_(reads), consumers_(consumers) {}
  Result<std::vector<rotation::Use>> uses(const rotation::Subject& subject, WallTime from,
                                          WallTime to) override;
  Result<std::vector<rotation::Holder>> holders(const rotation::Subject& subject) override;
  Result<std::vector<std::string>> abilities(const rotation::Subject& subject) override;
  Result<std::vector<rotation::Readable>> readable(const rotation::Subject& subject) override;

 private:
  Targets& targets_;
  ReadLedger& reads_;
  rotation::Consumers& consumers_;
};

/// Emergency runs that end the old credential at its target themselves.
class SecretReplacement final : public rotation::Replacement {
 public:
  SecretReplacement(Targets& targets, rotation::Runs& runs)
      : targets_(targets), runs_(runs, targets.secrets().foundations().clock) {}
  Result<std::optional<std::string>> start(rotation::Change change,
                                           const rotation::Subject& subject,
                                           const rotation::ReplaceOrder& order) override;
  Result<rotation::ReplaceState> look(store::Reader& reader, const std::string& run) override;
  /// True for what start() of this class answered without a run.
  static bool is_own(std::string_view run);

 private:
  Targets& targets_;
  rotation::RunReplacement runs_;
};

/// A source is embedded in its template; an admin secret authenticates what is bound to its target.
class SecretEdges final : public rotation::DerivedEdges {
 public:
  Result<Bytes> revision(store::Reader& reader) override;
  Result<std::vector<rotation::Edge>> edges(store::Reader& reader) override;
};

}  // namespace kw::secrets
