// `target test`: what works there, without changing anything.
#include "secrets/target.h"

namespace kw::secrets {

namespace {

constexpr int kSecretsProbed = 20;

Context context_of() {
  return {"probe", std::chrono::steady_clock::now() + kCallTime, false};
}

ProbeRow row_of(std::string what, const std::string& subject, const Answer& answer) {
  return {std::move(what), subject, answer.outcome, answer.reason, answer.detail};
}
ProbeRow failed(std::string what, const std::string& subject, const Error& failure) {
  return {std::move(what), subject, Outcome::kDefiniteFail, failure.reason, failure.message};
}

}  // namespace

void Targets::probe_admin(const Binding& binding, TargetReport& report) {
  const std::string& path = binding.target.admin_secret;
  std::vector<Credential> admins;
  const Status read = secrets_.foundations().store.read([&](store::Reader& reader) -> Status {
    KW_TRY(admins, admins_of(reader, binding));
    return ok();
  });
  if (!read) {
    report.rows.push_back(failed("admin secret", path, read.error()));
    return;
  }
  if (admins.empty()) return;
  const Credential& admin = admins.front();
  const Place place = binding.place(&admin);
  const auto probe = [&](const char* what, Probe kind) {
    report.rows.push_back(
        row_of(what, path, binding.connector->test(context_of(), place, admin, kind)));
    return report.rows.back().outcome == Outcome::kOk;
  };
  if (!probe("admin login", Probe::kPositive)) return;
  const std::string account = binding.target.name + "/" + admin.principal;
  if (!budget_.allows(account, report.capabilities.lockout_threshold)) return;
  if (report.capabilities.lockout_threshold > 0) budget_.failed(account);
  probe("wrong password refused", Probe::kNegative);
}

void Targets::probe_bound(const Binding& binding, const Secret& secret, TargetReport& report) {
  const auto body = [&]() -> Status {
    std::vector<Credential> admins;
    std::optional<Credential> credential;
    KW_OK(secrets_.foundations().store.read([&](store::Reader& reader) -> Status {
      KW_TRY(admins, admins_of(reader, binding));
      const Version* version = secret.version(secret.primary);
      if (version == nullptr)
        return error(Code::kFailedPrecondition, "no_primary", "the secret has no primary version");
      KW_TRY(const Value value, secrets_.open(reader, secret, *version));
      KW_TRY(credential, credential_of(secret, *version, value));
      return ok();
    }));
    const Place place = binding.place(admins.empty() ? nullptr : &admins.front());
    for (const auto& [what, kind] :
         {std::pair("login", Probe::kPositive), std::pair("permissions", Probe::kPermission)})
      report.rows.push_back(row_of(
          what, secret.path, binding.connector->test(context_of(), place, *credential, kind)));
    return ok();
  };
  if (const Status probed = body(); !probed)
    report.rows.push_back(failed("login", secret.path, probed.error()));
}

Result<TargetReport> Targets::test(std::string_view tenant, std::string_view name) {
  TargetReport report;
  KW_OK(secrets_.foundations().store.read([&](store::Reader& reader) -> Status {
    KW_TRY(report.target, show(reader, tenant, name));
    return ok();
  }));
  KW_TRY(const Binding binding, place_of(report.target, {}));
  report.capabilities = binding.connector->describe(binding.place(nullptr));
  const Status settings = check_settings(report.target.settings, binding.connector->system_rules());
  report.rows.push_back(settings ? ProbeRow{"settings", "", Outcome::kOk, "", ""}
                                 : failed("settings", "", settings.error()));
  probe_admin(binding, report);
  Secrets::Filter filter;
  filter.target = report.target.name;
  filter.limit = kSecretsProbed;
  KW_TRY(const Secrets::Page page, secrets_.list(tenant, filter));
  for (const Secret& secret : page.secrets) {
    auto place = place_of(report.target, secret.account);
    if (!place) {
      report.rows.push_back(failed("settings", secret.path, place.error()));
      continue;
    }
    probe_bound(*place, secret, report);
  }
  return report;
}

}  // namespace kw::secrets
