// What is known of the use of a suspect: from the usage ledger (all nodes, by the hour), the access
// log of this node (peers, exact times, refusals), the change log (exports), the consumers.
#pragma once

#include <functional>

#include "audit/change_log.h"
#include "keys/access_history.h"
#include "keys/incident_compromise.h"
#include "rotation/consumer.h"

namespace kw::keys {

/// Thread-safe. Borrows everything.
class IncidentHistory final : public rotation::UseHistory {
 public:
  /// Ciphertexts of a key as a job counted them in a data store: exact.
  using References =
      std::function<Result<std::vector<rotation::Readable>>(const rotation::Subject&)>;

  IncidentHistory(IncidentGround ground, const audit::AccessLog& accesses,
                  rotation::Consumers& consumers)
      : on_(ground), accesses_(accesses), consumers_(consumers) {}
  /// Before the first use. Without it the reach of a key is an estimate: what it encrypted.
  void count_references(References references) { references_ = std::move(references); }

  /// With the peer where this node's log has it. What only the ledger knows (other nodes) has the
  /// peer "" and is counted by whole hours.
  Result<std::vector<rotation::Use>> uses(const rotation::Subject& subject, WallTime from,
                                          WallTime to) override;
  Result<std::vector<rotation::Holder>> holders(const rotation::Subject& subject) override;
  Result<std::vector<std::string>> abilities(const rotation::Subject& subject) override;
  Result<std::vector<rotation::Readable>> readable(const rotation::Subject& subject) override;

 private:
  Result<Key> load(const rotation::Subject& subject);
  Result<bool> counted_elsewhere();
  Result<std::vector<std::string>> names_of(const Key& key);
  Status add_consumers(const rotation::Subject& subject, std::vector<rotation::Holder>& all);
  Status add_exports(const Key& key, std::vector<rotation::Holder>& all);
  Result<std::vector<rotation::Readable>> cells_under_kek(const rotation::Subject& subject);

  IncidentGround on_;
  AccessHistory accesses_;
  rotation::Consumers& consumers_;
  References references_;
};

}  // namespace kw::keys
