#include "auth/access.h"

#include <algorithm>

#include "auth/access_state.h"
#include "auth/high_water.h"

namespace kw::auth {
namespace {

// The principals with `changes` applied. Counts up `generation` when one that existed changed.
std::shared_ptr<const PrincipalMap> apply(const PrincipalMap& before, const AccessChanges& changes,
                                          std::uint64_t& generation) {
  auto after = std::make_shared<PrincipalMap>(before);
  bool replaced = false;
  for (const std::string& name : changes.tampered) replaced |= after->erase(name) > 0;
  for (const PrincipalRecord& record : changes.principals) {
    auto& slot = (*after)[record.name];
    replaced |= slot != nullptr;
    slot = std::make_shared<const PrincipalRecord>(record);
  }
  if (replaced) ++generation;
  return after;
}

std::unordered_map<std::string, std::string> certificate_index(const PrincipalMap& principals) {
  std::unordered_map<std::string, std::string> index;
  for (const auto& [name, record] : principals) {
    if (!record->certificate_name.empty()) index.emplace(record->certificate_name, name);
  }
  return index;
}

Error certificate_unknown() {
  return error(Code::kUnauthenticated, "certificate_unknown",
               "the client certificate proves no known principal");
}

Status read_principals(store::Reader& reader, seal::Barrier& barrier, std::int64_t since,
                       AccessChanges& changes) {
  KW_TRY(const auto rows,
         reader.query("SELECT " KW_PRINCIPAL_COLUMNS " FROM principal WHERE epoch > $1", {since}));
  for (const store::Row& row : rows) {
    auto principal = read_principal(barrier, row);
    if (principal) {
      changes.principals.push_back(std::move(principal->record));
      continue;
    }
    if (principal.error().code != Code::kDataLoss) return principal.error();
    changes.tampered.push_back(row.text(0));
  }
  return ok();
}

Status read_revoked(store::Reader& reader, std::int64_t since, AccessChanges& changes) {
  KW_TRY(const auto rows, reader.query("SELECT token_mac FROM token WHERE epoch > $1", {since}));
  for (const store::Row& row : rows) {
    crypto::Digest256 token_mac{};
    const Bytes& stored = row.bytes(0);
    std::copy_n(stored.begin(), std::min(stored.size(), token_mac.size()), token_mac.begin());
    changes.revoked.push_back(token_mac);
  }
  return ok();
}

}  // namespace

const PrincipalRecord* AccessSnapshot::enabled(const std::string& name) const {
  const auto found = principals->find(name);
  if (found == principals->end() || found->second->disabled) return nullptr;
  return found->second.get();
}

void UnsettledRevocations::add(const crypto::Digest256& token_mac, std::int64_t change) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() < kMax) {
    entries_.push_back({token_mac, change});
  } else {
    all_until_ = std::max(all_until_, change);
  }
}

bool UnsettledRevocations::holds(const crypto::Digest256& token_mac) const {
  const std::lock_guard lock(mutex_);
  return all_until_ >= 0 || std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
           return entry.token_mac == token_mac;
         });
}

void UnsettledRevocations::settle(std::int64_t change) {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const Entry& entry) { return entry.change <= change; });
  if (all_until_ <= change) all_until_ = -1;
}

std::shared_ptr<const AccessSnapshot> Access::State::snapshot() const {
  const std::shared_lock lock(mutex_);
  return snapshot_;
}

void Access::State::install(std::shared_ptr<const AccessSnapshot> next) {
  const std::uint64_t generation = next->generation;
  {
    const std::unique_lock lock(mutex_);
    snapshot_.swap(next);
  }
  generation_.store(generation, std::memory_order_release);
}

Status Access::State::refuse_if_sealed() const {
  if (!barrier.sealed()) return ok();
  return error(Code::kUnavailable, "sealed", "the server is sealed");
}

Result<AccessChanges> Access::State::changes_since(std::int64_t change) {
  AccessChanges changes;
  const auto work = [&](store::Reader& reader) -> Status {
    changes = {};
    KW_OK(raise_to_stored(reader, barrier, clock));
    KW_TRY(const auto row, reader.query_one("SELECT number FROM access_change WHERE id = 1", {}));
    if (!row || row->integer(0) < change) {
      return error(Code::kDataLoss, "access_rolled_back",
                   "the store holds an older state of access than this node");
    }
    changes.change = row->integer(0);
    if (changes.change == change) return ok();
    KW_OK(read_principals(reader, barrier, change, changes));
    KW_TRY(changes.policies, policies_changed_since(reader, barrier, change));
    if (change >= 0) KW_OK(read_revoked(reader, change, changes));
    return ok();
  };
  KW_OK(store.read(work));
  return changes;
}

Access::Access(store::Store& store, seal::Barrier& barrier, const Clock& clock,
               const Options& options)
    : state_(std::make_unique<State>(store, barrier, clock, options)) {}
Access::~Access() = default;

Status Access::reload() {
  const std::lock_guard only_one(state_->reloading);
  KW_OK(state_->refuse_if_sealed());
  const auto before = state_->snapshot();
  KW_TRY(const AccessChanges changes, state_->changes_since(before->change));
  if (changes.change != before->change) {
    auto next = std::make_shared<AccessSnapshot>(*before);
    next->change = changes.change;
    KW_TRY(next->policies, before->policies.with(changes.policies, state_->options.vocabulary));
    if (!changes.principals.empty() || !changes.tampered.empty()) {
      next->principals = apply(*before->principals, changes, next->generation);
      next->by_certificate = std::make_shared<const std::unordered_map<std::string, std::string>>(
          certificate_index(*next->principals));
    }
    state_->install(std::move(next));
    state_->cache.evict(changes.revoked);
  }
  state_->unsettled.settle(changes.change);
  if (changes.tampered.empty()) return ok();
  return error(Code::kDataLoss, "row_tampered",
               "the row of principal " + changes.tampered.front() +
                   " was changed behind our back; it is left out");
}

Result<std::shared_ptr<const Principal>> Access::authenticate_certificate(
    std::span<const std::string> names, std::string_view sha256_hex) {
  KW_OK(state_->refuse_if_sealed());
  const auto snapshot = state_->snapshot();
  const PrincipalRecord* proven = nullptr;
  for (const std::string& name : names) {
    const auto found = snapshot->by_certificate->find(name);
    if (found == snapshot->by_certificate->end()) continue;
    const PrincipalRecord* record = snapshot->enabled(found->second);
    // Names of two principals, or of a disabled one, make the whole certificate worthless.
    if (record == nullptr || (proven != nullptr && proven != record)) return certificate_unknown();
    proven = record;
  }
  if (proven == nullptr) return certificate_unknown();
  auto principal = std::make_shared<Principal>();
  principal->name = proven->name;
  principal->method = "certificate";
  principal->grants = proven->grants;
  principal->certificate_sha256 = std::string(sha256_hex);
  principal->expires_at = WallTime::max();
  return std::shared_ptr<const Principal>(std::move(principal));
}

Decision Access::decide(const Principal& principal, const Question& question) const {
  const auto snapshot = state_->snapshot();
  return evaluate(principal, question,
                  snapshot->policies.candidates(question.tenant, question.action),
                  state_->options.duties);
}

std::string Access::policy_hash() const {
  return state_->snapshot()->policies.hash();
}

}  // namespace kw::auth
