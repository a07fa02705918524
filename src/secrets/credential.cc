// Secrets as credentials, and the budget of failed logins.
#include <algorithm>
#include <array>

#include "secrets/generator.h"
#include "secrets/target.h"

namespace kw::secrets {

namespace {

constexpr std::string_view kPrincipalField = "username";
constexpr std::chrono::hours kBudgetTime{1};

Error no_credential(const std::string& field) {
  return error(Code::kFailedPrecondition, "no_credential",
               "the secret has no field \"" + field + "\" that could be a credential");
}

}  // namespace

std::string secret_field(const Secret& secret) {
  const auto generator = parse_generator(secret.generator);
  if (!generator) return "password";
  if (generator->key_pair()) return "private_key";
  return generator->field.empty() ? "password" : generator->field;
}

std::string type_of(std::string_view connector) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kOthers = {
      {{"postgres", "postgresql"},
       {"ssh_user_key", "ssh-user"},
       {"ssh_ca", "ssh-ca"},
       {"gnupg", "gpg"},
       {"http_api", "third-party"},
       {"exec", "third-party"},
       {"file", "app-secret"},
       {"database_row", "app-secret"}}};
  for (const auto& [name, type] : kOthers)
    if (name == connector) return std::string(type);
  return std::string(connector);
}

Result<Credential> credential_of(const Secret& secret, const Version& version, const Value& value) {
  Credential credential;
  credential.version = version.number;
  credential.principal = version.principal;
  if (!value.structured()) {
    KW_TRY(credential.secret, value.part(""));
    return credential;
  }
  const std::string field = secret_field(secret);
  auto part = value.part(field);
  if (!part) return no_credential(field);
  credential.secret = *std::move(part);
  if (!credential.principal.empty()) return credential;
  const auto principal = value.text_of(kPrincipalField);
  if (principal) credential.principal = *principal;
  return credential;
}

bool LockoutBudget::allows(const std::string& account, int threshold) {
  if (threshold == 0) return true;
  const std::scoped_lock lock(mutex_);
  auto& failures = failures_[account];
  std::erase_if(failures, [&](SteadyTime at) { return clock_.steady() - at >= kBudgetTime; });
  return static_cast<int>(failures.size()) < std::max(1, threshold / 2);
}

void LockoutBudget::failed(const std::string& account) {
  const std::scoped_lock lock(mutex_);
  failures_[account].push_back(clock_.steady());
}

}  // namespace kw::secrets
