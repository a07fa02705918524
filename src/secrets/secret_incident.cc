#include "secrets/secret_incident.h"

#include <algorithm>

#include "codec/base64.h"
#include "crypto/digest.h"
#include "secrets/manual.h"
#include "secrets/secret_change.h"

namespace kw::secrets {

namespace {

using enum VersionState;
using rotation::Subject;

constexpr std::int64_t kSuspectsMax = 10'000;
constexpr std::int64_t kHourMicros = 3600LL * 1'000'000;
constexpr int kPage = 1000;

Error no_such_subject(std::string_view name) {
  return error(Code::kNotFound, "not_found", "there is no " + std::string(name));
}

Result<Secret> load(Targets& targets, store::Reader& reader, const Subject& subject) {
  return targets.secrets().load(reader, subject.tenant, subject.name);
}

Status add_tenant(Targets& targets, std::string_view tenant, std::vector<Subject>& all) {
  Secrets::Filter filter;
  filter.limit = kPage;
  do {
    KW_TRY(const Secrets::Page page, targets.secrets().list(tenant, filter));
    for (const Secret& each : page.secrets)
      all.push_back({std::string(kSecretKind), each.tenant_name, each.path});
    filter.after = page.next;
  } while (!filter.after.empty() && all.size() <= static_cast<std::size_t>(kSuspectsMax));
  return ok();
}

Status add_read_by(Targets& targets, std::string_view caller, WallTime since,
                   std::vector<Subject>& all) {
  return targets.secrets().foundations().store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const store::Rows rows,
           reader.query("SELECT DISTINCT s.tenant_name, s.path FROM secret_usage u"
                        " JOIN secret_object s ON s.id = u.secret_id"
                        " WHERE u.caller = $1 AND u.hour >= $2 LIMIT $3",
                        {caller, to_micros(since) / kHourMicros, kSuspectsMax + 1}));
    for (const store::Row& row : rows)
      all.push_back({std::string(kSecretKind), row.text(0), row.text(1)});
    return ok();
  });
}

bool generates(const Secret& secret) {
  return !secret.generator.empty() && !manual_terms(secret);
}

// The value that takes the place of a revoked primary of our own, in the same transaction.
Status replace_primary(SecretChange& edit, Version& version, std::string_view reason) {
  const std::uint32_t number = version.number;
  KW_TRY(const Generator generator, parse_generator(edit.secret().generator));
  KW_TRY(const Value before, edit.value(version));
  KW_TRY(const Value value, generate_value(generator, &before));
  KW_TRY(Version next, edit.seal(value, "generated"));
  KW_TRY(Version * revoked, edit.version(number));
  KW_OK(edit.transition(*revoked, kRevoked, reason));
  KW_OK(edit.add(std::move(next), kPrimary));
  return ok();
}

bool over(const Version& version) {
  return version.state == kRevoked || version.state == kDestroyed ||
         (version.state == kDestroying && version.state_before == kRevoked);
}

}  // namespace

Result<std::vector<Subject>> SecretCompromise::suspects(const rotation::Scope& scope,
                                                        WallTime since) {
  using Kind = rotation::Scope::Kind;
  std::vector<Subject> all;
  for (const std::string& name : scope.names) {
    if (scope.kind == Kind::kTenant) KW_OK(add_tenant(targets_, name, all));
    if (scope.kind == Kind::kCaller) KW_OK(add_read_by(targets_, name, since, all));
    if (scope.kind != Kind::kSubject) continue;
    KW_TRY(const rotation::Node node, rotation::Node::parse(name));
    const auto subject = node.subject();
    if (!subject || subject->kind != kSecretKind) return no_such_subject(name);
    const auto secret = targets_.secrets().find(subject->tenant, subject->name);
    if (!secret)
      return secret.error().code == Code::kNotFound ? no_such_subject(name) : secret.error();
    all.push_back(*subject);
  }
  if (all.size() > static_cast<std::size_t>(kSuspectsMax))
    return error(Code::kResourceExhausted, "scope_too_large",
                 "an incident takes up to 10,000 secrets: choose a smaller scope");
  return all;
}

Result<std::vector<rotation::VersionFacts>> SecretCompromise::versions(const Subject& subject) {
  seal::Barrier& barrier = targets_.secrets().foundations().barrier;
  KW_TRY(const Secret secret, targets_.secrets().find(subject.tenant, subject.name));
  std::vector<rotation::VersionFacts> all;
  for (const Version& one : secret.versions) {
    if (one.state == kDestroyed) continue;
    const Bytes text = ByteWriter()
                           .field(secret.id.bytes())
                           .u32(one.number)
                           .u64(static_cast<std::uint64_t>(to_micros(one.created_at)))
                           .bytes();
    KW_TRY(const crypto::Digest256 mac, barrier.row_mac("secret-version-fingerprint", text));
    all.push_back({one.number, std::string(rotation::state_name(one.state)), codec::hex(mac),
                   one.created_at, one.number == secret.primary});
  }
  return all;
}

Status SecretCompromise::set_mark(rotation::Change change, const Subject& subject,
                                  std::uint32_t number, std::optional<WallTime> since) {
  KW_TRY(const Secret secret, load(targets_, change.tx, subject));
  KW_OK(
      changed(targets_.secrets().foundations(), change, secret, [&](SecretChange& edit) -> Status {
        KW_TRY(Version * version, edit.version(number));
        if (over(*version)) return ok();
        const bool earlier = since && version->compromised_at && *version->compromised_at < *since;
        if (!earlier) KW_OK(edit.mark(*version, since));
        edit.leaf_about(number, since ? "suspect" : "no longer suspect");
        return ok();
      }));
  return ok();
}

Status SecretCompromise::mark(rotation::Change change, const Subject& subject,
                              std::uint32_t version, WallTime compromised_at) {
  return set_mark(change, subject, version, compromised_at);
}

Status SecretCompromise::clear(rotation::Change change, const Subject& subject,
                               std::uint32_t version) {
  return set_mark(change, subject, version, std::nullopt);
}

Status SecretCompromise::revoke(rotation::Change change, const Subject& subject,
                                std::uint32_t number, const rotation::RevokeOrder& order) {
  const Foundations& on = targets_.secrets().foundations();
  KW_TRY(const Secret secret, load(targets_, change.tx, subject));
  const Version* found = secret.version(number);
  if (found == nullptr) return no_such_subject(subject.text());
  if (over(*found)) return ok();
  const bool primary = found->state == kPrimary;
  if (primary && (!secret.target.empty() || secret.shape == Shape::kTemplate))
    return set_mark(change, subject, number, order.compromised_at);
  if (primary && !generates(secret) && !order.outage_accepted)
    return error(Code::kFailedPrecondition, "needs_replacement",
                 "nobody but its owner can make another value: put one first");
  KW_OK(changed(on, change, secret, [&](SecretChange& edit) -> Status {
    KW_TRY(Version * version, edit.version(number));
    if (version->state == kDestroying) KW_OK(edit.transition(*version, version->state_before));
    version->compromised_at =
        std::min(order.compromised_at, version->compromised_at.value_or(order.compromised_at));
    if (primary && generates(secret)) return replace_primary(edit, *version, order.reason);
    return edit.transition(*version, kRevoked, order.reason);
  }));
  return ok();
}

Result<rotation::Refusal> SecretCompromise::await_refusal(const Subject& subject,
                                                          std::uint32_t number) {
  KW_TRY(const Secret secret, targets_.secrets().find(subject.tenant, subject.name));
  const Version* version = secret.version(number);
  rotation::Refusal refusal;
  // Every read is a read of the store: who asks from now on is refused on every node.
  const bool here = version == nullptr || over(*version);
  refusal.everywhere = here;
  refusal.confirmed = here ? 1 : 0;
  refusal.residual = "copies that readers hold";
  if (secret.target.empty()) return refusal;
  rotation::Run question;
  question.id = RunId(std::array<std::uint8_t, 16>{1});
  question.subject = subject;
  question.from_version = number;
  const auto seen = rotatable_.inspect(question);
  const bool refused_there = seen && !seen->old_accepted;
  refusal.everywhere = here && refused_there;
  refusal.residual = refused_there
                         ? "sessions that were open at " + secret.target
                         : secret.target + " accepts it until its replacement is promoted";
  return refusal;
}

Result<std::vector<rotation::Use>> SecretHistory::uses(const Subject& subject, WallTime from,
                                                       WallTime to) {
  KW_TRY(const Secret secret, targets_.secrets().find(subject.tenant, subject.name));
  KW_TRY(const auto rows, reads_.usage(secret.id, from));
  std::vector<rotation::Use> all;
  for (const UsageRow& row : rows) {
    if (row.hour >= to) continue;
    rotation::Use use;
    use.principal = row.caller;
    use.tenant = subject.tenant;
    use.operation = "read-value";
    use.version = row.version;
    use.count = row.uses;
    use.first_seen = row.hour;
    use.last_seen = row.last_at;
    all.push_back(std::move(use));
  }
  return all;
}

Result<std::vector<rotation::Holder>> SecretHistory::holders(const Subject& subject) {
  std::vector<rotation::Holder> all;
  std::string after;
  KW_OK(targets_.secrets().foundations().store.read([&](store::Reader& reader) -> Status {
    for (;;) {
      KW_TRY(const auto page, consumers_.list(reader, subject.tenant, after, kPage));
      for (const rotation::Consumer& each : page) {
        after = each.name;
        const auto& uses = each.subjects;
        if (std::find(uses.begin(), uses.end(), subject) != uses.end())
          all.push_back({"consumer", each.name, each.registered_at});
      }
      if (static_cast<int>(page.size()) < kPage) return ok();
    }
  }));
  return all;
}

Result<std::vector<std::string>> SecretHistory::abilities(const Subject& subject) {
  KW_TRY(const Secret secret, targets_.secrets().find(subject.tenant, subject.name));
  std::vector<std::string> all;
  if (!secret.target.empty()) all.push_back("logs in at " + secret.target);
  KW_OK(targets_.secrets().foundations().store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const store::Rows rows,
           reader.query("SELECT name FROM secret_target WHERE tenant = $1 AND admin_secret = $2"
                        " ORDER BY name LIMIT 100",
                        {secret.tenant, secret.path}));
    for (const store::Row& row : rows) all.push_back("changes credentials at " + row.text(0));
    return ok();
  }));
  return all;
}

// A secret encrypts nothing.
Result<std::vector<rotation::Readable>> SecretHistory::readable(const Subject&) {
  return std::vector<rotation::Readable>();
}

}  // namespace kw::secrets
