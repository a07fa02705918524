// SSH keys of users: a line of authorized_keys per version, added before the old one goes. sshd
// reads the file at each login, so there is nothing to reload. It keeps sessions of a key whose
// line is gone.
#include <array>

#include "connectors/make_connectors.h"
#include "connectors/outcome.h"
#include "connectors/principal_name.h"
#include "connectors/ssh_key_file.h"

namespace kw::connectors {

namespace {

using secrets::Place;
using secrets::SettingRule;

constexpr std::array kSystemRules{
    SettingRule{"root", "a folder of file_roots in the server's configuration", true, ""},
};
constexpr std::array kAccountRules{
    SettingRule{"path", "authorized_keys, below the root", true, ""},
    SettingRule{"name", "begins the comment of our lines: letters, digits, '_', '-', '.'", true,
                ""},
    SettingRule{"options", "before the key: restrict,from=\"10.0.0.0/8\" …", false, ""},
    SettingRule{"mode", "0600 to 0664; empty: as the file has", false, ""},
    SettingRule{"owner", "user name or number; empty: as the file has", false, ""},
    SettingRule{"group", "group name or number; empty: as the file has", false, ""},
};

class SshUserKey final : public SshKeyFile {
 public:
  explicit SshUserKey(std::vector<std::string> roots) : SshKeyFile(std::move(roots)) {}
  std::string_view name() const override { return "ssh_user_key"; }
  std::span<const SettingRule> system_rules() const override { return kSystemRules; }
  std::span<const SettingRule> account_rules() const override { return kAccountRules; }

 protected:
  Result<SshKeyFileTerms> terms_of(const Place& place) const override {
    const auto of = [&](std::string_view name) {
      return secrets::setting(place.account, kAccountRules, name);
    };
    SshKeyFileTerms terms;
    terms.file.root = secrets::setting(place.system, kSystemRules, "root");
    terms.file.path = of("path");
    KW_TRY(terms.file.mode, read_mode(of("mode")));
    KW_TRY(terms.file.uid, read_user(of("owner")));
    KW_TRY(terms.file.gid, read_group(of("group")));
    terms.name = of("name");
    KW_OK(check_base_name(terms.name));
    terms.options = of("options");
    if (terms.options.starts_with('#') || terms.options.find("ssh-") != std::string::npos)
      return bad_setting("options are those of authorized_keys, without a key");
    return terms;
  }
};

}  // namespace

std::unique_ptr<secrets::Connector> make_ssh_user_key(const ConnectorOptions& options) {
  return std::make_unique<SshUserKey>(options.file_roots);
}

}  // namespace kw::connectors
