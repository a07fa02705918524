#include "keys/incident_compromise.h"

#include <algorithm>

#include "audit/change_log.h"
#include "codec/base64.h"
#include "crypto/digest.h"
#include "keys/rows.h"
#include "keys/suspicion.h"
#include "rotation/graph_model.h"

namespace kw::keys {

namespace {

using rotation::Refusal;
using rotation::Subject;
using rotation::VersionFacts;

constexpr std::int64_t kSuspectsMax = 10'000;
constexpr std::int64_t kHourMicros = 3600LL * 1'000'000;
constexpr int kPage = 1'000;

Change own(const rotation::Change& change) {
  return {change.tx, change.by};
}

Error no_such_subject(std::string_view name) {
  return error(Code::kNotFound, "not_found", "there is no " + std::string(name));
}

Error scope_too_large() {
  return error(Code::kResourceExhausted, "scope_too_large",
               "an incident takes up to 10,000 keys: choose a smaller scope");
}

std::string_view kek_state(seal::KekState state) {
  constexpr std::string_view kNames[] = {"primary", "retiring", "retired", "pending"};
  return kNames[static_cast<std::size_t>(state)];
}

// A destruction that waits can be cancelled; only behind a revocation that changes nothing.
bool refused_for_good(const Version& version) {
  return version.state == VersionState::kRevoked || version.state == VersionState::kDestroyed ||
         (version.state == VersionState::kDestroying &&
          version.state_before == VersionState::kRevoked);
}

// RSA takes seconds, and the store has one writer.
bool slow_to_generate(crypto::Algorithm algorithm) {
  return crypto::info(algorithm).name.starts_with("rsa");
}

std::string residual_of(const Key& key) {
  const bool hands_out =
      key.purpose == crypto::Purpose::kEncrypt || key.purpose == crypto::Purpose::kWrap;
  if (key.exportable) return "copies that were exported";
  if (hands_out) return "data keys that were handed out";
  if (key.purpose == crypto::Purpose::kDerive) return "keys that were derived";
  return "";
}

}  // namespace

Subject kek_subject(std::string_view tenant) {
  return {std::string(kKekKind), std::string(tenant), std::string(kKekName)};
}

Result<std::string> version_fingerprint(seal::Barrier& barrier, const Key& key,
                                        const Version& version) {
  if (!version.public_key.empty()) return codec::hex(crypto::sha256(version.public_key));
  ByteWriter text;
  text.field(key.id.bytes());
  text.u64(version.number).u64(static_cast<std::uint64_t>(to_micros(version.created_at)));
  KW_TRY(const crypto::Digest256 mac, barrier.row_mac("version-fingerprint", text.bytes()));
  return codec::hex(mac);
}

Result<Subject> IncidentCompromise::known(std::string_view name) {
  KW_TRY(const rotation::Node node, rotation::Node::parse(name));
  const auto subject = node.subject();
  if (subject && subject->kind == kKeyKind) {
    const auto key = on_.keyring.find(subject->tenant, subject->name);
    if (!key && key.error().code == Code::kNotFound) return no_such_subject(name);
    if (!key) return key.error();
    // By an alias the same key would be a suspect twice.
    return Subject{std::string(kKeyKind), (*key)->tenant_name, (*key)->name};
  }
  if (subject && subject->kind == kKekKind && subject->name == kKekName) {
    KW_OK(on_.keyring.tenant(subject->tenant));
    return *subject;
  }
  return no_such_subject(name);
}

Status IncidentCompromise::add_tenant(std::string_view tenant, std::vector<Subject>& all) {
  KW_OK(on_.keyring.tenant(tenant));
  all.push_back(kek_subject(tenant));
  Keyring::Filter filter;
  filter.tenant = tenant;
  filter.limit = kPage;
  do {
    KW_TRY(const Keyring::Page page, on_.keyring.list(filter));
    for (const auto& key : page.keys)
      all.push_back({std::string(kKeyKind), key->tenant_name, key->name});
    if (all.size() > static_cast<std::size_t>(kSuspectsMax)) return scope_too_large();
    filter.after = page.next;
  } while (!filter.after.empty());
  return ok();
}

// What the ledger has written down: uses of the last second may still be in a node's memory.
Status IncidentCompromise::add_used_by(std::string_view caller, WallTime since,
                                       std::vector<Subject>& all) {
  const std::int64_t from = to_micros(since) - to_micros(since) % kHourMicros;
  return on_.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto used, reader.query("SELECT DISTINCT key_id FROM key_usage"
                                         " WHERE caller = $1 AND hour >= $2 LIMIT $3",
                                         {caller, from, kSuspectsMax + 1}));
    if (used.size() > static_cast<std::size_t>(kSuspectsMax)) return scope_too_large();
    for (const store::Row& row : used) {
      KW_TRY(const KeyId id, KeyId::from_bytes(row.bytes(0)));
      KW_TRY(const auto key, rows::find_key({reader, on_.barrier}, id));
      // The ledger outlives what it counted.
      if (key) all.push_back({std::string(kKeyKind), key->tenant_name, key->name});
    }
    return ok();
  });
}

Result<std::vector<Subject>> IncidentCompromise::suspects(const rotation::Scope& scope,
                                                          WallTime since) {
  using Kind = rotation::Scope::Kind;
  std::vector<Subject> all;
  for (const std::string& name : scope.names) {
    if (scope.kind == Kind::kTenant) KW_OK(add_tenant(name, all));
    if (scope.kind == Kind::kCaller) KW_OK(add_used_by(name, since, all));
    if (scope.kind != Kind::kSubject) continue;
    KW_TRY(Subject subject, known(name));
    all.push_back(std::move(subject));
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  if (all.size() > static_cast<std::size_t>(kSuspectsMax)) return scope_too_large();
  if (all.empty())
    return error(Code::kNotFound, "not_found", "nothing in the scope was used in that time");
  return all;
}

Result<std::vector<VersionFacts>> IncidentCompromise::kek_versions(const Subject& subject) {
  KW_TRY(const Tenant tenant, on_.keyring.tenant(subject.tenant));
  std::vector<seal::KekVersion> found;
  KW_OK(on_.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(found, on_.barrier.keks(reader, tenant.number));
    return ok();
  }));
  std::vector<VersionFacts> all;
  for (const seal::KekVersion& one : found) {
    ByteWriter text;
    text.u64(static_cast<std::uint64_t>(one.tenant)).u64(one.version);
    text.u64(static_cast<std::uint64_t>(to_micros(one.created_at)));
    KW_TRY(const crypto::Digest256 mac, on_.barrier.row_mac("kek-fingerprint", text.bytes()));
    all.push_back({one.version, std::string(kek_state(one.state)), codec::hex(mac), one.created_at,
                   one.state == seal::KekState::kPrimary});
  }
  return all;
}

Result<std::vector<VersionFacts>> IncidentCompromise::versions(const Subject& subject) {
  if (subject.kind == kKekKind) return kek_versions(subject);
  std::optional<Key> key;
  KW_OK(on_.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(key, on_.keyring.load(reader, subject.tenant, subject.name));
    return ok();
  }));
  std::vector<VersionFacts> all;
  for (const Version& one : key->versions) {
    if (one.state == VersionState::kDestroyed) continue;
    KW_TRY(std::string fingerprint, version_fingerprint(on_.barrier, *key, one));
    all.push_back({one.number, std::string(state_name(one.state)), std::move(fingerprint),
                   one.created_at, one.number == key->primary});
  }
  return all;
}

Status IncidentCompromise::leaf_about_kek(rotation::Change change, const Subject& subject,
                                          std::uint32_t version, std::string_view note) {
  audit::Event event = change.by;
  event.kind = kKekKind;
  event.object = subject.tenant;
  event.tenant = subject.tenant;
  event.version = version;
  event.note = note;
  KW_OK(on_.log.append(change.tx, event));
  return ok();
}

Status IncidentCompromise::mark_key(rotation::Change change, const Subject& subject,
                                    std::uint32_t version, std::optional<WallTime> since) {
  KW_TRY(const Key key, on_.keyring.load(change.tx, subject.tenant, subject.name));
  KW_OK(suspect(on_.keyring, own(change), key, version, since));
  return ok();
}

Status IncidentCompromise::mark(rotation::Change change, const Subject& subject,
                                std::uint32_t version, WallTime compromised_at) {
  if (subject.kind == kKekKind) return leaf_about_kek(change, subject, version, "suspect");
  return mark_key(change, subject, version, compromised_at);
}

Status IncidentCompromise::clear(rotation::Change change, const Subject& subject,
                                 std::uint32_t version) {
  if (subject.kind == kKekKind)
    return leaf_about_kek(change, subject, version, "no longer suspect");
  return mark_key(change, subject, version, std::nullopt);
}

Status IncidentCompromise::revoke_kek(rotation::Change change, const Subject& subject,
                                      std::uint32_t version) {
  KW_TRY(const Tenant tenant, on_.keyring.tenant(subject.tenant));
  KW_TRY(const auto keks, on_.barrier.keks(change.tx, tenant.number));
  for (const seal::KekVersion& one : keks) {
    const bool used =
        one.state == seal::KekState::kPrimary || one.state == seal::KekState::kRetiring;
    if (one.version != version || !used) continue;
    KW_OK(on_.kek_rotations.start(own(change), tenant));
  }
  return ok();
}

Status IncidentCompromise::revoke(rotation::Change change, const Subject& subject,
                                  std::uint32_t number, const rotation::RevokeOrder& order) {
  if (subject.kind == kKekKind) return revoke_kek(change, subject, number);
  KW_TRY(Key key, on_.keyring.load(change.tx, subject.tenant, subject.name));
  const Version* version = key.version(number);
  if (version == nullptr) return no_such_subject(subject.text());
  if (refused_for_good(*version)) return ok();
  if (version->state == VersionState::kDestroying) {
    KW_TRY(key, on_.keyring.cancel_destroy(own(change), key, number));
    version = key.version(number);
  }
  Keyring::Move move;
  move.to = VersionState::kRevoked;
  move.reason = order.reason;
  move.compromised_at = std::min(order.compromised_at,
                                 version->compromised_at.value_or(order.compromised_at));
  move.outage_accepted = order.outage_accepted && slow_to_generate(version->algorithm);
  KW_OK(on_.keyring.move(own(change), key, number, move));
  return ok();
}

Result<bool> IncidentCompromise::kek_retired(const Subject& subject, std::uint32_t version,
                                             std::int64_t& number) {
  KW_TRY(const Tenant tenant, on_.keyring.tenant(subject.tenant));
  number = tenant.number;
  KW_TRY(const auto facts, kek_versions(subject));
  for (const VersionFacts& one : facts)
    if (one.version == version && one.state == "retired") return true;
  // The rotation began in a transaction that could not start its worker.
  on_.barrier.refresh_keks(tenant.number);
  KW_TRY(const auto jobs, on_.kek_rotations.list(subject.tenant, 1));
  for (const Job& job : jobs)
    if (job.state == JobState::kRunning) on_.kek_rotations.kick(job.id);
  return false;
}

Result<Refusal> IncidentCompromise::await_refusal(const Subject& subject, std::uint32_t number) {
  Refusal refusal;
  std::string what, residual;
  if (subject.kind == kKekKind) {
    std::int64_t tenant = 0;
    KW_TRY(const bool retired, kek_retired(subject, number, tenant));
    if (!retired) return refusal;
    what = "kek:" + std::to_string(tenant);
  } else {
    std::optional<Key> key;
    KW_OK(on_.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(key, on_.keyring.load(reader, subject.tenant, subject.name));
      return ok();
    }));
    const Version* version = key->version(number);
    if (version == nullptr || !refused_for_good(*version)) return refusal;
    what = "key:" + key->id.text();
    residual = residual_of(*key);
  }
  const auto took = revocations_.await(what);
  // A node that cannot follow the others proves nothing now; it is asked again.
  if (!took && took.error().reason == "feed_late") return refusal;
  if (!took) return took.error();
  if (subject.kind == kKeyKind) {
    // What this node answers with is its own snapshot, not the row.
    KW_TRY(const auto snapshot, on_.keyring.find(subject.tenant, subject.name));
    const Version* version = snapshot->version(number);
    if (version == nullptr || !refused_for_good(*version)) return refusal;
  }
  refusal.everywhere = true;
  refusal.confirmed = 1;
  refusal.took_ms = took->count();
  refusal.residual = std::move(residual);
  return refusal;
}

}  // namespace kw::keys
