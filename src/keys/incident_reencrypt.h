// Re-encryption that an incident forces: every sealed version of a tenant whose KEK is suspect, and
// through a delegate the data under a key.
#pragma once

#include "keys/incident_compromise.h"

namespace kw::keys {

/// Thread-safe. Borrows everything.
class IncidentReencrypt final : public rotation::Reencrypt {
 public:
  explicit IncidentReencrypt(IncidentGround ground) : on_(ground) {}
  /// Before the first use. Without it, nothing is registered that could be re-encrypted under a
  /// key. Its job ids must not begin with "kek-rewrap:".
  void delegate_keys(rotation::Reencrypt& data) { data_ = &data; }

  /// For a KEK: the rotation that is under way, or a new one while an old version is not retired.
  Result<std::string> start(rotation::Change change, const rotation::Subject& subject,
                            const rotation::Versions& versions) override;
  Result<rotation::ReencryptState> state(const std::string& job) override;

 private:
  Result<std::string> start_kek(rotation::Change change, const rotation::Subject& subject,
                                const rotation::Versions& versions);

  IncidentGround on_;
  rotation::Reencrypt* data_ = nullptr;
};

}  // namespace kw::keys
