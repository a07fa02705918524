// Public keys of OpenSSH in a file of which sshd accepts each line: what authorized keys and
// trusted authorities have in common. The key pair is made here, one per version; lines are found
// by their key, whatever options and comments people put beside it.
#pragma once

#include <functional>
#include <string>

#include "connectors/credential_file.h"
#include "connectors/credential_lines.h"
#include "connectors/ssh_key.h"
#include "secrets/connector.h"

namespace kw::connectors {

struct SshKeyFileTerms {
  CredentialFileTerms file;
  std::string name;     ///< of the account; begins the comments of our lines
  std::string options;  ///< before the key; "" for none
  /// Told when a key is refused for ever, after its line went; may be empty.
  std::function<Status(const secrets::Context&, const SshPublicKey&)> on_revoke;
};

class SshKeyFile : public secrets::Connector {
 public:
  secrets::Capabilities describe(const secrets::Place& place) const override;
  Status check(const secrets::Place& place) const override;
  std::string_view generator() const override { return {}; }
  Result<secrets::Credential> create_pending(const secrets::Context& context,
                                             const secrets::Place& place,
                                             const secrets::Minting& minting) override;
  Result<secrets::Observed> inspect(const secrets::Context& context, const secrets::Place& place,
                                    std::span<const secrets::Credential* const> known) override;
  secrets::Answer install(const secrets::Context& context, const secrets::Place& place,
                          const secrets::Credential& fresh,
                          const secrets::Credential* old) override;
  secrets::Answer test(const secrets::Context& context, const secrets::Place& place,
                       const secrets::Credential& credential, secrets::Probe probe) override;
  secrets::Answer promote(const secrets::Context&, const secrets::Place&,
                          const secrets::Credential&, const secrets::Credential*) override {
    return secrets::Answer::ok();
  }
  Result<secrets::Drain> measure_drain(const secrets::Context&, const secrets::Place&,
                                       const secrets::Credential&) override {
    return secrets::Drain{};
  }
  secrets::Answer disable_old(const secrets::Context& context, const secrets::Place& place,
                              const secrets::Credential& old,
                              const secrets::Credential& fresh) override;
  secrets::Answer restore_old(const secrets::Context& context, const secrets::Place& place,
                              const secrets::Credential& old,
                              const secrets::Credential& fresh) override {
    return install(context, place, old, &fresh);
  }
  secrets::Answer revoke_old(const secrets::Context& context, const secrets::Place& place,
                             const secrets::Credential& old, const secrets::Credential& fresh,
                             bool end_sessions) override;
  secrets::Answer remove_pending(const secrets::Context& context, const secrets::Place& place,
                                 const secrets::Credential& fresh,
                                 const secrets::Credential* old) override;

 protected:
  explicit SshKeyFile(std::vector<std::string> roots) : roots_(std::move(roots)) {}
  /// The settings of one account, read and checked but for the roots.
  virtual Result<SshKeyFileTerms> terms_of(const secrets::Place& place) const = 0;
  const std::vector<std::string>& roots() const { return roots_; }

 private:
  struct Opened {
    SshKeyFileTerms terms;
    CredentialFile file;
  };
  Result<Opened> open(const secrets::Place& place) const;
  Status edit(
      const secrets::Context& context, const secrets::Place& place,
      const std::function<Result<bool>(const SshKeyFileTerms&, CredentialLines&)>& change) const;
  Status take_out(const secrets::Context& context, const secrets::Place& place,
                  const secrets::Credential& credential, const secrets::Credential* stays) const;

  const std::vector<std::string> roots_;
};

}  // namespace kw::connectors
