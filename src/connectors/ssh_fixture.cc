// An sshd of the tests' own, for keys of users and for certificates of authorities.
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "base/check.h"
#include "base/reveal.h"
#include "connectors/foreign_system_for_tests.h"
#include "connectors/server_process_for_tests.h"
#include "connectors/ssh_key.h"
#include "connectors/ssh_krl.h"

namespace kw::connectors {

using secrets::Credential;

namespace {

constexpr const char* kSshd = "/usr/sbin/sshd";

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string user_name() {
  return getpwuid(geteuid())->pw_name;  // NOLINT(concurrency-mt-unsafe): tests use one thread
}

class Sshd {
 public:
  /// nullptr: not installed. One per program.
  static Sshd* shared() {
    static const std::unique_ptr<Sshd> one =
        access(kSshd, X_OK) == 0 ? std::unique_ptr<Sshd>(new Sshd) : nullptr;
    return one.get();
  }
  std::string file(std::string_view name) const { return folder_ / name; }
  const std::string& folder() const { return folder_.path(); }
  std::uint16_t port() const { return port_; }
  std::string fresh_name() { return "login" + std::to_string(++logins_); }
  void write_private(const std::string& name, std::string_view text) const {
    folder_.write(name, text);
    KW_CHECK(chmod(file(name).c_str(), 0600) == 0);
  }

 private:
  Sshd() : port_(free_port()) {
    if (geteuid() == 0) mkdir("/run/sshd", 0755);  // where sshd gives up its privileges
    KW_CHECK(ServerProcess::run(
        {"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file("host")}, file("log")));
    folder_.write("authorized_keys", "# of others\n");
    folder_.write("trusted", "# of others\n");
    // Without a readable list sshd refuses every key.
    const SshPublicKey nobody = public_half(new_ssh_key("nobody").value()).value();
    folder_.write("revoked", as_text(krl_with({}, nobody.blob).value()));
    folder_.write("config", "ListenAddress 127.0.0.1:" + std::to_string(port_) + "\nHostKey " +
                                file("host") + "\nAuthorizedKeysFile " + file("authorized_keys") +
                                "\nTrustedUserCAKeys " + file("trusted") + "\nRevokedKeys " +
                                file("revoked") +
                                "\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
                                "KbdInteractiveAuthentication no\nPidFile none\n"
                                "PermitRootLogin prohibit-password\nMaxStartups 100\n");
    process_.start({kSshd, "-D", "-e", "-f", file("config")}, file("sshd.log"));
    KW_CHECK(comes_true([&] { return takes_connections(port_); }));
  }
  TestFolder folder_;
  std::uint16_t port_;
  ServerProcess process_;
  std::atomic<int> logins_{0};
};

class Login final : public LiveSession {
 public:
  Login(const Sshd& sshd, const std::string& name) {
    client_.start({"/usr/bin/ssh", "-v", "-N", "-F", "none", "-p", std::to_string(sshd.port()),
                   "-i", sshd.file(name), "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o",
                   "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                   user_name() + "@127.0.0.1"},
                  sshd.file(name + ".log"));
    const auto in = [&] {
      return content(sshd.file(name + ".log")).find("Entering interactive session") !=
             std::string::npos;
    };
    entered_ = comes_true([&] { return in() || !client_.running(); }) && in();
  }
  bool alive() override { return entered_ && client_.running(); }

 private:
  ServerProcess client_;
  bool entered_ = false;
};

class SshSystem : public ForeignSystem {
 public:
  explicit SshSystem(Sshd& sshd) : sshd_(sshd) {}
  ConnectorOptions options() override {
    ConnectorOptions made;
    made.file_roots = {sshd_.folder()};
    return made;
  }
  std::map<std::string, std::string> catalogue() override {
    std::map<std::string, std::string> all;
    std::ifstream file(sshd_.file(list()));
    for (std::string line; std::getline(file, line);) all[line.substr(line.rfind(' ') + 1)] += line;
    return all;
  }
  bool belongs(const std::string& principal, const TestAccount& account) override {
    return principal.starts_with("keywright-" + account.account.at("name") + "-v");
  }
  bool can_end_sessions() override { return false; }

 protected:
  virtual std::string list() const = 0;
  Credential first_of(const std::string& name) {
    const std::string comment = "keywright-" + name + "-v1";
    Credential first{1, comment, new_ssh_key(comment).value()};
    std::ofstream(sshd_.file(list()), std::ios::app)
        << public_half(first.secret)->line() << " " << comment << "\n";
    return first;
  }
  std::string fresh_name() { return "app" + std::to_string(++accounts_); }
  std::string write_key(const Credential& credential) {
    std::string name = sshd_.fresh_name();
    sshd_.write_private(name, as_text(credential.secret.reveal(Reveal{})));
    return name;
  }
  std::unique_ptr<LiveSession> entered(const std::string& name) {
    auto login = std::make_unique<Login>(sshd_, name);
    return login->alive() ? std::move(login) : nullptr;
  }
  Sshd& sshd_;

 private:
  std::atomic<int> accounts_{0};
};

class UserKeys final : public SshSystem {
 public:
  using SshSystem::SshSystem;
  std::string_view connector() const override { return "ssh_user_key"; }
  TestAccount fresh_account() override {
    TestAccount made;
    const std::string name = fresh_name();
    made.system = {{"root", sshd_.folder()}};
    made.account = {{"path", "authorized_keys"}, {"name", name}, {"options", "no-pty"}};
    made.first = first_of(name);
    return made;
  }
  std::unique_ptr<LiveSession> log_in(const TestAccount&, const Credential& credential) override {
    return entered(write_key(credential));
  }

 protected:
  std::string list() const override { return "authorized_keys"; }
};

class Authorities final : public SshSystem {
 public:
  using SshSystem::SshSystem;
  std::string_view connector() const override { return "ssh_ca"; }
  TestAccount fresh_account() override {
    TestAccount made;
    const std::string name = fresh_name();
    made.system = {{"root", sshd_.folder()}, {"trusted", "trusted"}, {"revoked", "revoked"}};
    made.account = {{"name", name}};
    made.first = first_of(name);
    return made;
  }
  /// With a certificate that the authority signs now.
  std::unique_ptr<LiveSession> log_in(const TestAccount&, const Credential& credential) override {
    const std::string authority = write_key(credential), user = sshd_.fresh_name();
    KW_CHECK(ServerProcess::run(
        {"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", sshd_.file(user)},
        sshd_.file("log")));
    KW_CHECK(ServerProcess::run({"/usr/bin/ssh-keygen", "-q", "-s", sshd_.file(authority), "-I",
                                 user, "-n", user_name(), "-V", "+1h", sshd_.file(user + ".pub")},
                                sshd_.file("log")));
    return entered(user);
  }

 protected:
  std::string list() const override { return "trusted"; }
};

}  // namespace

ForeignSystem* ssh_user_key_system() {
  Sshd* const sshd = Sshd::shared();
  static const auto one = sshd == nullptr ? nullptr : std::make_unique<UserKeys>(*sshd);
  return one.get();
}
ForeignSystem* ssh_ca_system() {
  Sshd* const sshd = Sshd::shared();
  static const auto one = sshd == nullptr ? nullptr : std::make_unique<Authorities>(*sshd);
  return one.get();
}

}  // namespace kw::connectors
