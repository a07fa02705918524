// What a ChangeLog holds; shared by its source files only.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "audit/change_log.h"
#include "audit/note.h"

namespace kw::audit {

struct ChangeLog::State {
  store::Store& store;
  const Clock& clock;
  const std::string node;
  const std::string origin;
  mutable std::mutex mutex{};
  std::shared_ptr<const crypto::SigningKey> signer{};  // guarded by mutex

  std::shared_ptr<const crypto::SigningKey> current_signer() const {
    std::lock_guard lock(mutex);
    return signer;
  }
};

/// Size and right edge of the committed tree. @errors kDataLoss(bad_frontier)
Result<Frontier> read_head(store::Reader& reader);
/// The newest note, or "".
Result<std::string> newest_note(store::Reader& reader);
/// kDataLoss(audit_tampered)
Error audit_tampered();

}  // namespace kw::audit
