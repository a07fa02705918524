#include "secrets/secrets.h"

#include "base/reveal.h"
#include "rotation/rollout.h"
#include "seal/row_macs.h"
#include "secrets/fingerprint.h"
#include "secrets/secret_change.h"

namespace kw::secrets {

namespace {

constexpr std::size_t kPath = 2, kTenantName = 24;  // of rows::kSecretColumns

Error refused(std::string_view reason, std::string_view message) {
  return error(Code::kFailedPrecondition, reason, message);
}

Result<const Version*> chosen(const Secret& secret, const Secrets::Asked& asked) {
  if (asked.previous) {
    const Version* previous = secret.previous();
    if (previous != nullptr) return previous;
    return refused("no_previous", "no earlier value may be read any more");
  }
  std::uint32_t number = asked.version != 0 ? asked.version : secret.primary;
  const Rollout& rollout = secret.rollout;
  const auto its_turn = [&] {
    return asked.canary || rotation::in_rollout(rollout.salt, asked.consumer, rollout.percent);
  };
  if (asked.version == 0 && rollout.open() && its_turn()) number = rollout.version;
  if (number == 0) return refused("no_primary", "the secret has no primary version now");
  const Version* version = secret.version(number);
  if (version == nullptr) return not_found();
  return version;
}

Status may_hand_out(const Version& version, WallTime now) {
  if (!readable(version.state))
    return refused("version_state", "version " + std::to_string(version.number) + " is " +
                                        std::string(rotation::state_name(version.state)) +
                                        ": its value is not handed out");
  if (version.expires_at && *version.expires_at <= now)
    return refused("version_expired",
                   "version " + std::to_string(version.number) + " is over: put a new value");
  return ok();
}

}  // namespace

Error not_found() {
  return error(Code::kNotFound, "not_found", "there is no such secret");
}

Secrets::Secrets(Foundations foundations, Options options)
    : on_(std::move(foundations)),
      options_(options),
      wall_at_start_(on_.clock.wall()),
      steady_at_start_(on_.clock.steady()) {}

Result<Secret> Secrets::load(store::Reader& reader, std::string_view tenant,
                             std::string_view path) {
  const auto number = on_.tenant_number(reader, tenant);
  if (!number) return number.error().code == Code::kNotFound ? not_found() : number.error();
  KW_TRY(auto found, rows::find_secret({reader, on_.barrier}, *number, path));
  if (!found) return not_found();
  return *std::move(found);
}

Result<Secret> Secrets::find(std::string_view tenant, std::string_view path) {
  std::optional<Secret> found;
  KW_OK(on_.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(found, load(reader, tenant, path));
    return ok();
  }));
  return *std::move(found);
}

Result<Value> Secrets::open(store::Reader& reader, const Secret& secret, const Version& version) {
  return open_value({reader, on_.barrier}, secret, version);
}

Result<Secrets::Readout> Secrets::read(std::string_view tenant, std::string_view path,
                                       const Asked& asked) {
  std::optional<Readout> out;
  KW_OK(on_.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(Secret secret, load(reader, tenant, path));
    if (secret.deleted_at)
      return refused("secret_deleted", "the secret was deleted; undelete brings it back");
    KW_TRY(const Version* version, chosen(secret, asked));
    KW_OK(may_hand_out(*version, on_.clock.wall()));
    KW_TRY(Value value, open(reader, secret, *version));
    const std::uint32_t number = version->number;
    out.emplace(Readout{std::move(secret), number, std::move(value)});
    return ok();
  }));
  return *std::move(out);
}

Result<Secrets::Page> Secrets::list(std::string_view tenant, const Filter& filter) {
  static const std::string kSql =
      "SELECT " + std::string(rows::kSecretColumns) +
      " FROM secret_object s WHERE s.tenant = $1 AND s.path > $2"
      " AND substr(s.path, 1, CAST($3 AS INTEGER)) = $4 AND ($5 = '' OR s.target = $5)"
      " AND (($6 = 1 AND s.deleted_at IS NOT NULL) OR ($6 = 0 AND s.deleted_at IS NULL))"
      " ORDER BY s.path LIMIT $7";
  if (filter.limit < 1 || filter.limit > 1000)
    return error(Code::kInvalidArgument, "bad_limit", "a page has 1 to 1,000 secrets");
  // The prefix need not end where a name ends.
  const std::string_view whole =
      std::string_view(filter.prefix)
          .substr(0,
                  filter.prefix.ends_with('/') ? filter.prefix.size() - 1 : filter.prefix.size());
  if (!filter.prefix.empty()) KW_OK(SecretPath::parse(whole));
  if (!filter.after.empty()) KW_OK(SecretPath::parse(filter.after));
  Page page;
  KW_OK(on_.store.read([&](store::Reader& reader) -> Status {
    page = {};
    const auto number = on_.tenant_number(reader, tenant);
    if (!number) return number.error().code == Code::kNotFound ? not_found() : number.error();
    KW_TRY(
        const store::Rows rows,
        reader.query(kSql, {*number, filter.after, static_cast<int>(filter.prefix.size()),
                            filter.prefix, filter.target, filter.deleted ? 1 : 0, filter.limit}));
    for (const store::Row& row : rows) {
      Result<Secret> secret = rows::secret_of({reader, on_.barrier}, row);
      if (!secret) return seal::tampered_row_of(secret.error(), "secret", row.text(kPath));
      page.secrets.push_back(*std::move(secret));
    }
    return ok();
  }));
  if (static_cast<int>(page.secrets.size()) == filter.limit) page.next = page.secrets.back().path;
  return page;
}

Result<std::vector<Secrets::Placed>> Secrets::rotating(const std::string& after_tenant,
                                                       const std::string& after_path, int limit) {
  static const std::string kSql =
      "SELECT " + std::string(rows::kSecretColumns) +
      " FROM secret_object s WHERE (s.tenant_name > $1 OR (s.tenant_name = $1 AND s.path > $2))"
      " AND s.deleted_at IS NULL AND s.shape <> 'template'"
      " AND (s.generator <> '' OR s.target <> '') ORDER BY s.tenant_name, s.path LIMIT $3";
  std::vector<Placed> all;
  KW_OK(on_.store.read([&](store::Reader& reader) -> Status {
    all.clear();
    KW_TRY(const store::Rows rows, reader.query(kSql, {after_tenant, after_path, limit}));
    for (const store::Row& row : rows) {
      Result<Secret> secret = rows::secret_of({reader, on_.barrier}, row);
      if (!secret && secret.error().reason != "row_tampered") return secret.error();
      all.push_back({row.text(kTenantName), row.text(kPath), {}});
      if (secret) all.back().secret = *std::move(secret);
    }
    return ok();
  }));
  return all;
}

Result<std::vector<Secrets::Found>> Secrets::places(const SecretBytes& material) {
  if (material.size() < kFingerprintedMin || material.size() > kValueBytesMax)
    return error(Code::kInvalidArgument, "bad_value",
                 "what can be found has 8 to 65,536 bytes: shorter values are the same everywhere");
  KW_TRY(const crypto::Digest256 wanted, fingerprint(on_.barrier, material));
  std::vector<Found> all;
  KW_OK(on_.store.read([&](store::Reader& reader) -> Status {
    all.clear();
    KW_TRY(const auto hints, indexed(reader, wanted));
    for (const Indexed& hint : hints) {
      KW_TRY(const auto secret, rows::find_secret({reader, on_.barrier}, hint.id));
      const Version* version = secret ? secret->version(hint.version) : nullptr;
      if (version == nullptr || version->cell == 0) continue;
      KW_TRY(const Value value, open(reader, *secret, *version));
      const auto part = value.part(hint.field);
      if (!part || !equal_constant_time(*part, material)) continue;
      all.push_back({secret->tenant_name, secret->path, hint.field, hint.version, version->state,
                     secret->deleted_at.has_value()});
    }
    return ok();
  }));
  return all;
}

}  // namespace kw::secrets
