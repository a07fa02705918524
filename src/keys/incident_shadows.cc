#include "keys/incident_shadows.h"

#include "codec/base64.h"
#include "crypto/digest.h"
#include "keys/suspicion.h"
#include "seal/barrier.h"

namespace kw::keys {

namespace {

using rotation::Subject;

constexpr std::string_view kLabel = "drill";
constexpr int kPage = 32;

// The same for each try, so that a drill that was cut off finds what it made.
std::string shadow_name(std::string_view incident, const Subject& subject) {
  const auto digest = crypto::sha256(as_bytes(subject.text()));
  return "drill-" + std::string(incident.substr(0, 12)) + "-" +
         codec::hex(ByteView(digest).first(8));
}

}  // namespace

bool IncidentShadows::is_shadow(const Subject& subject) {
  return subject.tenant == kDrillTenant;
}

Status IncidentShadows::make_tenant(const audit::Event& by) {
  const auto found = on_.keyring.tenant(kDrillTenant);
  if (found) return ok();
  if (found.error().code != Code::kNotFound) return found.error();
  KW_TRY(const TenantName name, TenantName::parse(kDrillTenant));
  std::optional<Tenant> made;
  Status written = on_.store.write([&](store::Tx& tx) -> Status {
    KW_TRY(made, on_.keyring.create_tenant({tx, by}, name));
    return ok();
  });
  if (!written && written.error().code != Code::kAlreadyExists) return written;
  if (made) on_.barrier.refresh_keks(made->number);
  return ok();
}

Result<Subject> IncidentShadows::make(const audit::Event& by, std::string_view incident,
                                      const Subject& subject) {
  KW_OK(make_tenant(by));
  if (subject.kind == kKekKind) return kek_subject(kDrillTenant);
  const std::string name = shadow_name(incident, subject);
  Subject shadow{std::string(kKeyKind), std::string(kDrillTenant), name};
  if (on_.keyring.find(kDrillTenant, name)) return shadow;
  KW_TRY(const auto original, on_.keyring.find(subject.tenant, subject.name));
  KW_TRY(const ObjectName parsed, ObjectName::parse(name));
  NewKey wanted{parsed};
  wanted.purpose = original->purpose;
  wanted.algorithm = original->versions.back().algorithm;
  wanted.classification = original->classification;
  wanted.labels.emplace(kLabel, incident);
  wanted.lease_grace = std::chrono::seconds(0);
  KW_TRY(wanted.prepared, Keyring::prepare(wanted.algorithm));
  const Status written = on_.store.write([&](store::Tx& tx) -> Status {
    KW_OK(on_.keyring.create({tx, by}, kDrillTenant, wanted));
    return ok();
  });
  // Another node was quicker.
  if (!written && written.error().code != Code::kAlreadyExists) return written.error();
  return shadow;
}

Status IncidentShadows::remove_page(const audit::Event& by,
                                    const std::vector<std::shared_ptr<const Key>>& page) {
  KW_OK(on_.store.write([&](store::Tx& tx) -> Status {
    for (const auto& key : page) {
      const Subject shadow{std::string(kKeyKind), key->tenant_name, key->name};
      KW_TRY(const auto open, runs_.open_run(tx, shadow));
      if (open)
        return error(Code::kUnavailable, "shadow_busy",
                     "the run of " + shadow.text() + " has not ended");
      KW_TRY(const Key now, on_.keyring.load(tx, key->tenant_name, key->name));
      KW_OK(remove_stand_in(on_.keyring, {tx, by}, now));
    }
    return ok();
  }));
  for (const auto& key : page) on_.keyring.forget(key->id);
  return ok();
}

Status IncidentShadows::remove(const audit::Event& by, std::string_view incident) {
  const auto tenant = on_.keyring.tenant(kDrillTenant);
  if (!tenant && tenant.error().code == Code::kNotFound) return ok();
  Keyring::Filter filter;
  filter.tenant = kDrillTenant;
  filter.label = std::string(kLabel) + "=" + std::string(incident);
  filter.limit = kPage;
  for (;;) {
    KW_TRY(const Keyring::Page page, on_.keyring.list(filter));
    if (page.keys.empty()) return ok();
    KW_OK(remove_page(by, page.keys));
  }
}

}  // namespace kw::keys
