// Incidents are about keys and about secrets: each question goes to the room of its subject.
#pragma once

#include "keys/derived_edges.h"
#include "keys/incident_compromise.h"
#include "secrets/secret_incident.h"

namespace kw::app {

/// True for subjects of room `secrets`.
bool is_secret(const rotation::Subject& subject);

class CompromiseByKind final : public rotation::Compromise {
 public:
  CompromiseByKind(rotation::Compromise& keys, rotation::Compromise& secrets)
      : keys_(keys), secrets_(secrets) {}
  Result<std::vector<rotation::Subject>> suspects(const rotation::Scope& scope,
                                                  WallTime since) override;
  Result<std::vector<rotation::VersionFacts>> versions(const rotation::Subject& subject) override {
    return of(subject).versions(subject);
  }
  Status mark(rotation::Change change, const rotation::Subject& subject, std::uint32_t version,
              WallTime compromised_at) override {
    return of(subject).mark(change, subject, version, compromised_at);
  }
  Status clear(rotation::Change change, const rotation::Subject& subject,
               std::uint32_t version) override {
    return of(subject).clear(change, subject, version);
  }
  Status revoke(rotation::Change change, const rotation::Subject& subject, std::uint32_t version,
                const rotation::RevokeOrder& order) override {
    return of(subject).revoke(change, subject, version, order);
  }
  Result<rotation::Refusal> await_refusal(const rotation::Subject& subject,
                                          std::uint32_t version) override {
    return of(subject).await_refusal(subject, version);
  }

 private:
  rotation::Compromise& of(const rotation::Subject& subject) {
    return is_secret(subject) ? secrets_ : keys_;
  }
  rotation::Compromise& keys_;
  rotation::Compromise& secrets_;
};

class HistoryByKind final : public rotation::UseHistory {
 public:
  HistoryByKind(rotation::UseHistory& keys, rotation::UseHistory& secrets)
      : keys_(keys), secrets_(secrets) {}
  Result<std::vector<rotation::Use>> uses(const rotation::Subject& subject, WallTime from,
                                          WallTime to) override {
    return of(subject).uses(subject, from, to);
  }
  Result<std::vector<rotation::Holder>> holders(const rotation::Subject& subject) override {
    return of(subject).holders(subject);
  }
  Result<std::vector<std::string>> abilities(const rotation::Subject& subject) override {
    return of(subject).abilities(subject);
  }
  Result<std::vector<rotation::Readable>> readable(const rotation::Subject& subject) override {
    return of(subject).readable(subject);
  }

 private:
  rotation::UseHistory& of(const rotation::Subject& subject) {
    return is_secret(subject) ? secrets_ : keys_;
  }
  rotation::UseHistory& keys_;
  rotation::UseHistory& secrets_;
};

class ReplacementByKind final : public rotation::Replacement {
 public:
  ReplacementByKind(rotation::Replacement& keys, rotation::Replacement& secrets)
      : keys_(keys), secrets_(secrets) {}
  Result<std::optional<std::string>> start(rotation::Change change,
                                           const rotation::Subject& subject,
                                           const rotation::ReplaceOrder& order) override {
    return (is_secret(subject) ? secrets_ : keys_).start(change, subject, order);
  }
  /// Runs are looked at alike.
  Result<rotation::ReplaceState> look(store::Reader& reader, const std::string& run) override {
    return (secrets::SecretReplacement::is_own(run) ? secrets_ : keys_).look(reader, run);
  }

 private:
  rotation::Replacement& keys_;
  rotation::Replacement& secrets_;
};

/// Nothing lies encrypted under a secret.
class ReencryptByKind final : public rotation::Reencrypt {
 public:
  explicit ReencryptByKind(rotation::Reencrypt& keys) : keys_(keys) {}
  Result<std::string> start(rotation::Change change, const rotation::Subject& subject,
                            const rotation::Versions& versions) override;
  Result<rotation::ReencryptState> state(const std::string& job) override {
    return keys_.state(job);
  }

 private:
  rotation::Reencrypt& keys_;
};

/// Drills stand on stand-ins of keys. @errors kFailedPrecondition(no_drill): for secrets
class ShadowsByKind final : public rotation::Shadows {
 public:
  explicit ShadowsByKind(rotation::Shadows& keys) : keys_(keys) {}
  Status can_make(const rotation::Subject& subject) const override;
  Result<rotation::Subject> make(const audit::Event& by, std::string_view incident,
                                 const rotation::Subject& subject) override;
  Status remove(const audit::Event& by, std::string_view incident) override {
    return keys_.remove(by, incident);
  }

 private:
  rotation::Shadows& keys_;
};

class EdgesTogether final : public rotation::DerivedEdges {
 public:
  Result<Bytes> revision(store::Reader& reader) override;
  Result<std::vector<rotation::Edge>> edges(store::Reader& reader) override;

 private:
  keys::KeyEdges keys_;
  secrets::SecretEdges secrets_;
};

}  // namespace kw::app
