// SSH user certificate authorities: a line of TrustedUserCAKeys per version, so certificates of
// both are accepted while issuers change. Revoking one also puts its key into a revocation list
// (RevokedKeys), which refuses every certificate that it ever signed, on hosts that still trust it
// too. sshd reads both files at each login.
#include <array>

#include "connectors/make_connectors.h"
#include "connectors/outcome.h"
#include "connectors/principal_name.h"
#include "connectors/ssh_key_file.h"
#include "connectors/ssh_krl.h"

namespace kw::connectors {

namespace {

using secrets::Context;
using secrets::Place;
using secrets::SettingRule;

constexpr std::array kSystemRules{
    SettingRule{"root", "a folder of file_roots in the server's configuration", true, ""},
    SettingRule{"trusted", "file of TrustedUserCAKeys, below the root", true, ""},
    SettingRule{"revoked", "file of RevokedKeys, below the root; empty: none is kept", false, ""},
};
constexpr std::array kAccountRules{
    SettingRule{"name", "begins the comment of our lines: letters, digits, '_', '-', '.'", true,
                ""},
};

class SshCa final : public SshKeyFile {
 public:
  explicit SshCa(std::vector<std::string> roots) : SshKeyFile(std::move(roots)) {}
  std::string_view name() const override { return "ssh_ca"; }
  std::span<const SettingRule> system_rules() const override { return kSystemRules; }
  std::span<const SettingRule> account_rules() const override { return kAccountRules; }

 protected:
  Result<SshKeyFileTerms> terms_of(const Place& place) const override {
    const auto of = [&](std::string_view name) {
      return secrets::setting(place.system, kSystemRules, name);
    };
    SshKeyFileTerms terms;
    terms.file.root = of("root");
    terms.file.path = of("trusted");
    terms.name = secrets::setting(place.account, kAccountRules, "name");
    KW_OK(check_base_name(terms.name));
    if (of("revoked").empty()) return terms;
    CredentialFileTerms list;
    list.root = terms.file.root;
    list.path = of("revoked");
    KW_OK(check_file_terms(list, roots()));
    terms.on_revoke = [list](const Context& context, const SshPublicKey& key) {
      return revoke_in(list, context, key);
    };
    return terms;
  }

 private:
  static Status revoke_in(const CredentialFileTerms& list, const Context& context,
                          const SshPublicKey& key) {
    KW_TRY(const CredentialFile file, CredentialFile::open(list));
    return file.edit(context.deadline, [&](std::optional<WipedText>& text) -> Result<bool> {
      const ByteView before = text ? as_bytes(*text) : ByteView();
      KW_TRY(const Bytes after, krl_with(before, key.blob));
      if (same_bytes(before, after)) return false;
      text = WipedText(as_text(after));
      return true;
    });
  }
};

}  // namespace

std::unique_ptr<secrets::Connector> make_ssh_ca(const ConnectorOptions& options) {
  return std::make_unique<SshCa>(options.file_roots);
}

}  // namespace kw::connectors
