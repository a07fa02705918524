// The rooms above, as an incident sees them: versions, runs, jobs and shadows in tables of their
// own, so that they survive a kill as the real ones do. Every irreversible act is a row: a second
// one would be seen.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "rotation/incident.h"
#include "rotation/incident_room_for_test.h"

namespace kw::rotation {

class World final : public Compromise,
                    public UseHistory,
                    public Reencrypt,
                    public Shadows,
                    public Replacement {
 public:
  explicit World(IncidentRoom& room);

  /// Makes a subject with versions 1 (retired) and 2 (primary).
  void add(const Subject& subject);
  /// The engine's work: every open run gets its new version promoted; every job ends.
  void work();
  void promote_runs();
  void end_jobs();

  Incidents incidents();
  std::int64_t count(std::string_view what);  ///< acts of a kind: "revoke", "run", "job", "shadow"
  std::string state(const Subject& subject, int version);
  std::vector<std::string> acts();

  DependencyGraph graph;
  Verdict verdict{true, "3f1d0c5a9b7e4f20a1b2c3d4e5f60718", {"bob", "carol"}};
  bool refused_everywhere = true, runs_fail = false, busy = false, jobs_fail = false;
  bool history_fails = false;
  Board board;

  // Compromise
  Result<std::vector<Subject>> suspects(const Scope& scope, WallTime since) override;
  Result<std::vector<VersionFacts>> versions(const Subject& subject) override;
  Status mark(Change change, const Subject& subject, std::uint32_t version,
              WallTime compromised_at) override;
  Status clear(Change change, const Subject& subject, std::uint32_t version) override;
  Status revoke(Change change, const Subject& subject, std::uint32_t version,
                const RevokeOrder& order) override;
  Result<Refusal> await_refusal(const Subject& subject, std::uint32_t version) override;
  // UseHistory
  Result<std::vector<Use>> uses(const Subject& subject, WallTime from, WallTime to) override;
  Result<std::vector<Holder>> holders(const Subject& subject) override;
  Result<std::vector<std::string>> abilities(const Subject& subject) override;
  Result<std::vector<Readable>> readable(const Subject& subject) override;
  // Reencrypt
  Result<std::string> start(Change change, const Subject& subject,
                            const Versions& versions) override;
  Result<ReencryptState> state(const std::string& job) override;
  // Shadows
  Result<Subject> make(const audit::Event& by, std::string_view incident,
                       const Subject& subject) override;
  Status remove(const audit::Event& by, std::string_view incident) override;
  // Replacement
  Result<std::optional<std::string>> start(Change change, const Subject& subject,
                                           const ReplaceOrder& order) override;
  Result<ReplaceState> look(store::Reader& reader, const std::string& run) override;

 private:
  Status act(store::Tx& tx, std::string_view what, const std::string& object);
  IncidentRoom& room_;
};

Subject key_subject(std::string_view name);
IncidentRequest request_for(IncidentRoom& room, std::vector<std::string> names);

}  // namespace kw::rotation
