// The policies in force: durable documents, and what they come to for a subject. Thread-safe.
// Borrows store, change log and clock: they must outlive it. Table rotation_policy; the tenant ""
// stands for all tenants.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "audit/change_log.h"
#include "rotation/policy_document.h"
#include "store/store.h"

namespace kw::rotation {

struct StoredPolicy {
  std::string tenant;  ///< "": all tenants
  PolicyDocument document;
  std::int64_t epoch = 0;  ///< counted from 1, one more with every change
  WallTime created_at, updated_at;
};

class PolicyBook {
 public:
  PolicyBook(store::Store& store, audit::ChangeLog& log, const Clock& clock);
  ~PolicyBook();

  /// Creates (expected_epoch 0) or replaces the document of this name, after check_document. A
  /// document of one tenant applies to that tenant only, whatever its applies_to says. Call
  /// forget() when the transaction has committed.
  /// @param by  who; action, tenant, kind and object are filled in here.
  /// @returns the new epoch.
  /// @errors kAborted(epoch_moved), kInvalidArgument(bad_policy | reserved_name: a template's),
  ///   kResourceExhausted(too_many_policies): 1,000 per tenant; those of check_document.
  /// @audit rotation-policy.put
  Result<std::int64_t> put(store::Tx& tx, const audit::Event& by, std::string_view tenant,
                           const PolicyDocument& document, std::int64_t expected_epoch);
  /// @errors kNotFound(not_found), kAborted(epoch_moved)   @audit rotation-policy.remove
  Status remove(store::Tx& tx, const audit::Event& by, std::string_view tenant,
                std::string_view name, std::int64_t expected_epoch);

  /// By name, after `after`. @param limit 1 to 1,000 @errors kInvalidArgument(bad_limit)
  Result<std::vector<StoredPolicy>> list(std::string_view tenant, std::string_view after,
                                         int limit);
  /// @errors kNotFound(not_found)
  Result<StoredPolicy> show(std::string_view tenant, std::string_view name);

  /// What all documents in force come to for the subject; from memory.
  /// @errors those of the store when the set has to be read first.
  Result<EffectivePolicy> effective(const SubjectFacts& facts);
  /// The documents that apply to the subject, without templates.
  Result<std::vector<PolicyDocument>> documents_for(const SubjectFacts& facts);
  /// All documents in force, for calendars and simulations. Immutable.
  Result<std::shared_ptr<const std::vector<PolicyDocument>>> documents();
  /// The next question reads the table again: after a change, here or on another node.
  void forget();

 private:
  store::Store& store_;
  audit::ChangeLog& log_;
  const Clock& clock_;
  std::mutex mutex_;
  std::shared_ptr<const std::vector<PolicyDocument>> set_;
  std::uint64_t generation_ = 0;  ///< a set that was read before a forget() is not kept
};

}  // namespace kw::rotation
