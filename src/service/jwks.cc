#include "service/jwks.h"

#include <algorithm>
#include <unordered_set>

#include "keys/jwks.h"

namespace kw::service {

namespace {

Result<rotation::EffectivePolicy> policy_of(House& house, const keys::Key& key) {
  rotation::SubjectFacts facts;
  facts.subject = {"key", key.tenant_name, key.name};
  facts.type = key.purpose == crypto::Purpose::kMac ? "jwt-hmac" : "jwt";
  facts.classification = keys::classification_name(key.classification);
  facts.owner = key.owner;
  facts.regions = key.regions;
  facts.labels = key.labels;
  return house.rotation.policies.effective(facts);
}

Status add_key(House& house, const std::shared_ptr<const keys::Key>& key, KeySet& set,
               std::unordered_set<std::string_view>& kids) {
  KW_TRY(const rotation::EffectivePolicy policy, policy_of(house, *key));
  set.max_age = std::min(set.max_age, keys::set_max_age(policy.publish_wait));
  const auto life = keys::token_life(*key, policy.min_overlap);
  for (const keys::Version* version : keys::published_versions(*key, life, house.clock.wall())) {
    KW_TRY(auto form, house.keyring.public_form(*key, *version));
    if (kids.insert(form->kid).second) set.keys.push_back({key, version, std::move(form)});
  }
  return ok();
}

template <typename T>
Result<T> counted(House& house, const Call& call, Result<T> outcome) {
  const double seconds = std::chrono::duration<double>(house.clock.steady() - call.started).count();
  house.operation_metrics.count(*call.operation, status_of(outcome), seconds);
  return outcome;
}

Result<KeySet> collect(House& house, const std::string& tenant) {
  KW_OK(require_open(house));
  KW_TRY(const auto keys, house.keyring.token_keys(tenant));
  KeySet set;
  set.max_age = std::chrono::seconds::max();
  std::unordered_set<std::string_view> kids;  // borrowed from the forms in `set`
  bool any = false;
  for (const auto& key : *keys) {
    if (key->purpose != crypto::Purpose::kSign) continue;  // the secret of a MAC stays here
    any = true;
    KW_OK(add_key(house, key, set, kids));
  }
  if (!any) return not_found();
  return set;
}

Result<PublicKey> look_up(House& house, const std::string& tenant, std::string_view kid) {
  KW_OK(require_open(house));
  KW_TRY(keys::PublicVersion found, house.keyring.public_version(tenant, kid));
  const keys::Version* version = found.key->version(found.number);
  KW_TRY(auto form, house.keyring.public_form(*found.key, *version));
  return PublicKey{std::move(found.key), version, std::move(form)};
}

}  // namespace

Result<KeySet> published_keys(House& house, Call& call) {
  return counted(house, call, collect(house, call.tenant));
}

Result<PublicKey> archived_key(House& house, Call& call, std::string_view kid) {
  auto found = look_up(house, call.tenant, kid);
  if (!found && found.error().code == Code::kNotFound) found = not_found();
  return counted(house, call, std::move(found));
}

Result<std::chrono::seconds> life_of_tokens(House& house, const keys::Key& key) {
  KW_TRY(const rotation::EffectivePolicy policy, policy_of(house, key));
  return keys::token_life(key, policy.min_overlap);
}

}  // namespace kw::service
