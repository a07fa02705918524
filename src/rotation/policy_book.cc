#include "rotation/policy_book.h"

#include "base/name.h"
#include "rotation/policy_check.h"
#include "rotation/policy_merge.h"
#include "rotation/policy_rows.h"

namespace kw::rotation {
namespace {

constexpr std::int64_t kPoliciesMax = 1'000;  // per tenant

audit::Event event_of(const audit::Event& by, std::string_view action, std::string_view tenant,
                      std::string_view name) {
  audit::Event event = by;
  event.action = action;
  event.tenant = tenant;
  event.kind = "rotation-policy";
  event.object = name;
  return event;
}

Error not_found() {
  return error(Code::kNotFound, "not_found", "no rotation policy of this name");
}

// What a tenant writes is about itself.
void confine(StoredPolicy& policy) {
  if (!policy.tenant.empty()) policy.document.applies_to.tenants = {policy.tenant};
}

// The text that is stored must read back: a caller may have built the document by hand.
Status check_names(std::string_view tenant, const PolicyDocument& document) {
  if (!tenant.empty()) {
    KW_OK(TenantName::parse(tenant));
  }
  if (find_template(document.name) != nullptr)
    return error(Code::kInvalidArgument, "reserved_name", "a template has this name; take another");
  KW_OK(parse_policy_document(policy_text(document), document.name));
  return ok();
}

}  // namespace

PolicyBook::PolicyBook(store::Store& store, audit::ChangeLog& log, const Clock& clock)
    : store_(store), log_(log), clock_(clock) {}
PolicyBook::~PolicyBook() = default;

Result<std::int64_t> PolicyBook::put(store::Tx& tx, const audit::Event& by, std::string_view tenant,
                                     const PolicyDocument& document, std::int64_t expected_epoch) {
  const WallTime now = clock_.wall();
  StoredPolicy policy{std::string(tenant), document, expected_epoch + 1, now, now};
  confine(policy);
  KW_OK(check_names(tenant, policy.document));
  KW_OK(check_document(policy.document, now));
  if (expected_epoch == 0) {
    KW_TRY(const std::int64_t count, count_policies(tx, tenant));
    if (count >= kPoliciesMax)
      return error(Code::kResourceExhausted, "too_many_policies", "at most 1,000 for one tenant");
    KW_OK(insert_policy(tx, policy));
  } else {
    KW_OK(update_policy(tx, policy, expected_epoch));
  }
  audit::Event event = event_of(by, "rotation-policy.put", tenant, document.name);
  event.version = policy.epoch;
  KW_OK(log_.append(tx, event));
  return policy.epoch;
}

Status PolicyBook::remove(store::Tx& tx, const audit::Event& by, std::string_view tenant,
                          std::string_view name, std::int64_t expected_epoch) {
  KW_TRY(const auto policy, read_policy(tx, tenant, name));
  if (!policy) return not_found();
  KW_OK(delete_policy(tx, tenant, name, expected_epoch));
  KW_OK(log_.append(tx, event_of(by, "rotation-policy.remove", tenant, name)));
  return ok();
}

Result<std::vector<StoredPolicy>> PolicyBook::list(std::string_view tenant, std::string_view after,
                                                   int limit) {
  if (limit < 1 || limit > 1'000)
    return error(Code::kInvalidArgument, "bad_limit", "a limit is 1 to 1,000");
  std::vector<StoredPolicy> policies;
  KW_OK(store_.read([&](store::Reader& reader) -> Status {
    KW_TRY(policies, read_policies(reader, tenant, after, limit));
    return ok();
  }));
  return policies;
}

Result<StoredPolicy> PolicyBook::show(std::string_view tenant, std::string_view name) {
  std::optional<StoredPolicy> policy;
  KW_OK(store_.read([&](store::Reader& reader) -> Status {
    KW_TRY(policy, read_policy(reader, tenant, name));
    return ok();
  }));
  if (!policy) return not_found();
  return *std::move(policy);
}

Result<std::shared_ptr<const std::vector<PolicyDocument>>> PolicyBook::documents() {
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    if (set_) return set_;
    generation = generation_;
  }
  auto fresh = std::make_shared<std::vector<PolicyDocument>>();
  KW_OK(store_.read([&](store::Reader& reader) -> Status {
    KW_TRY(std::vector<StoredPolicy> policies, read_all_policies(reader));
    for (StoredPolicy& policy : policies) {
      confine(policy);
      fresh->push_back(std::move(policy.document));
    }
    return ok();
  }));
  const std::lock_guard lock(mutex_);
  if (generation == generation_) set_ = fresh;
  return std::shared_ptr<const std::vector<PolicyDocument>>(std::move(fresh));
}

Result<EffectivePolicy> PolicyBook::effective(const SubjectFacts& facts) {
  KW_TRY(const auto all, documents());
  return effective_policy(*all, facts);
}

Result<std::vector<PolicyDocument>> PolicyBook::documents_for(const SubjectFacts& facts) {
  KW_TRY(const auto all, documents());
  std::vector<PolicyDocument> matching;
  for (const PolicyDocument& document : *all) {
    if (document.applies_to.matches(facts)) matching.push_back(document);
  }
  return matching;
}

void PolicyBook::forget() {
  const std::lock_guard lock(mutex_);
  ++generation_;
  set_.reset();
}

}  // namespace kw::rotation
