// Finding public halves: the token keys of a tenant, and any version by its kid. Who asks may be
// anybody, so both answers cost one indexed statement whether there is something or not.
#include <algorithm>

#include "keys/jwks.h"
#include "keys/keyring_state.h"

namespace kw::keys {

namespace {

constexpr int kTokenKeysMax = 256;
constexpr int kSameKidMax = 16;

using KeyList = std::vector<std::shared_ptr<const Key>>;

// The labels are only an index: the authentic row of the key decides, or the snapshot in memory.
Result<KeyList> read_token_keys(rows::Source source, const SnapshotCache& snapshots,
                                std::string_view tenant) {
  KW_TRY(const store::Rows found,
         source.reader.query("SELECT l.key_id FROM tenant t JOIN key_label l"
                             " ON l.tenant = t.number WHERE t.name = $1 AND l.name = $2"
                             " AND l.value = $3 ORDER BY l.key_id LIMIT $4",
                             {tenant, kUseLabel, kUseTokens, kTokenKeysMax + 1}));
  if (found.size() > kTokenKeysMax)
    return error(Code::kResourceExhausted, "too_many_token_keys",
                 "a tenant's key set has at most 256 keys with the label use=jwt");
  KeyList keys;
  for (const store::Row& row : found) {
    KW_TRY(const KeyId id, KeyId::from_bytes(row.bytes(0)));
    std::shared_ptr<const Key> key = snapshots.held(id);
    if (key == nullptr) {
      KW_TRY(auto stored, rows::find_key(source, id));
      if (stored) key = std::make_shared<const Key>(*std::move(stored));
    }
    if (key && key->tenant_name == tenant && signs_tokens(*key)) keys.push_back(std::move(key));
  }
  std::sort(keys.begin(), keys.end(),
            [](const auto& a, const auto& b) { return a->name < b->name; });
  return keys;
}

// Of several versions with the same public key the one that nobody should trust speaks for all.
bool speaks_before(const PublicVersion& a, const PublicVersion& b) {
  const auto stopped = [](const PublicVersion& each) {
    return permission(each.key->version(each.number)->state, Use::kVerify) != Permission::kYes;
  };
  return stopped(a) && !stopped(b);
}

Result<PublicVersion> read_by_kid(rows::Source source, std::string_view tenant,
                                  std::string_view kid) {
  KW_TRY(const store::Rows found,
         source.reader.query("SELECT i.key_id, i.version FROM tenant t JOIN key_kid i"
                             " ON i.tenant = t.number WHERE t.name = $1 AND i.kid = $2"
                             " ORDER BY i.key_id, i.version LIMIT $3",
                             {tenant, kid, kSameKidMax}));
  std::vector<PublicVersion> versions;
  for (const store::Row& row : found) {
    KW_TRY(const KeyId id, KeyId::from_bytes(row.bytes(0)));
    KW_TRY(auto key, rows::find_key(source, id));
    if (!key || key->tenant_name != tenant) return rows::tampered();
    const auto number = static_cast<std::uint32_t>(row.integer(1));
    const Version* version = key->version(number);
    if (version == nullptr) return rows::tampered();
    KW_TRY(const std::string own, kid_of(*key, *version));
    if (own != kid) return rows::tampered();
    versions.push_back({std::make_shared<const Key>(*std::move(key)), number});
  }
  if (versions.empty()) return not_found();
  return *std::min_element(versions.begin(), versions.end(), speaks_before);
}

}  // namespace

std::shared_ptr<const KeyList> TokenKeyCache::find(std::string_view tenant,
                                                   ForgetClock::Ticket ticket, SteadyTime now) {
  const std::shared_lock lock(mutex_);
  const auto found = kept_.find(std::string(tenant));
  const bool fresh =
      found != kept_.end() && found->second.ticket == ticket && now < found->second.until;
  return fresh ? found->second.keys : nullptr;
}

void TokenKeyCache::put(std::string_view tenant, Kept kept) {
  const std::unique_lock lock(mutex_);
  if (kept_.size() >= kTenantsMax) kept_.clear();
  kept_.insert_or_assign(std::string(tenant), std::move(kept));
}

Result<std::shared_ptr<const KeyList>> Keyring::token_keys(std::string_view tenant) {
  State& state = *state_;
  if (auto kept = state.token_keys.find(tenant, state.forgets.ticket(), state.on.clock.steady()))
    return kept;
  // One reader for all who ask: a flood of strangers costs the store one statement at a time.
  const std::lock_guard loading(state.token_keys.loading);
  const ForgetClock::Ticket ticket = state.forgets.ticket();
  const SteadyTime now = state.on.clock.steady();
  if (auto kept = state.token_keys.find(tenant, ticket, now)) return kept;
  auto keys = std::make_shared<KeyList>();
  KW_OK(state.on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(*keys, read_token_keys({reader, state.on.barrier}, state.snapshots, tenant));
    return ok();
  }));
  state.token_keys.put(tenant, {ticket, now + TokenKeyCache::kLife, keys});
  return std::shared_ptr<const KeyList>(std::move(keys));
}

Result<PublicVersion> Keyring::public_version(std::string_view tenant, std::string_view kid) {
  std::optional<PublicVersion> found;
  KW_OK(state_->on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(found, read_by_kid({reader, state_->on.barrier}, tenant, kid));
    return ok();
  }));
  return *std::move(found);
}

Result<std::string> Keyring::kid(const Key& key, const Version& version) {
  KW_TRY(const auto form, state_->kids.form(key, version));
  return form->kid;
}

Result<std::shared_ptr<const PublicForm>> Keyring::public_form(const Key& key,
                                                               const Version& version) {
  return state_->kids.form(key, version);
}

}  // namespace kw::keys
