// A Redis with an ACL file, and one whose users are in its configuration file.
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"
#include "connectors/authority_for_tests.h"
#include "connectors/foreign_system_for_tests.h"
#include "connectors/redis_acl.h"
#include "connectors/server_process_for_tests.h"
#include "crypto/password_verifier.h"

namespace kw::connectors {

using secrets::Credential;
using secrets::Settings;

namespace {

constexpr const char* kServer = "/usr/bin/redis-server";
constexpr const char* kAdminPassword = "admin's password";
// As docs/connectors/redis.md says, and no more.
constexpr const char* kAdminRules =
    " resetkeys resetchannels -@all +auth +ping +info +acl|setuser +acl|getuser +acl|deluser "
    "+acl|list +acl|users +acl|save +acl|dryrun +config|get +config|rewrite +client|list "
    "+client|kill\n";

SteadyTime soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(10);
}

class Session final : public LiveSession {
 public:
  explicit Session(std::unique_ptr<RedisSession> session) : session_(std::move(session)) {}
  bool alive() override { return session_->run({"PING"}).has_value(); }

 private:
  std::unique_ptr<RedisSession> session_;
};

class RedisSystem final : public ForeignSystem {
 public:
  explicit RedisSystem(bool dual) : dual_(dual) {
    port_ = free_port();
    tls_port_ = free_port();
    TestAuthority::shared().install(folder_);
    const std::string users =
        "user default off\nuser admin on #" + hash_of(kAdminPassword) + kAdminRules;
    folder_.write("users.acl", users);
    // One kind of persistence each.
    folder_.write("redis.conf",
                  "bind 127.0.0.1\nport " + std::to_string(port_) + "\ndir " + folder_.path() +
                      "\nsave \"\"\ntls-port " + std::to_string(tls_port_) +
                      "\ntls-auth-clients no\ntls-cert-file " + (folder_ / "server.pem") +
                      "\ntls-key-file " + (folder_ / "server.key") + "\ntls-ca-cert-file " +
                      TestAuthority::shared().trusted() + "\n" +
                      (dual ? users : "aclfile " + (folder_ / "users.acl") + "\n"));
    KW_CHECK(launch());
  }

  std::string_view connector() const override { return "redis"; }
  TestAccount fresh_account() override { return make("app" + std::to_string(++accounts_)); }
  std::optional<TestAccount> account_named(std::string_view name) override {
    if (dual_) return std::nullopt;
    // Redis allows no spaces in names.
    std::string plain(name);
    std::replace(plain.begin(), plain.end(), ' ', '_');
    return make(plain);
  }

  std::map<std::string, std::string> catalogue() override {
    const RedisReply list = *admin()->ask({"ACL", "LIST"});
    std::map<std::string, std::string> found;
    for (const RedisReply& line : list.list) {
      const std::string name = line.text.substr(5, line.text.find(' ', 5) - 5);
      found[name] = line.text;
    }
    return found;
  }
  bool belongs(const std::string& principal, const TestAccount& account) override {
    return principal == account.first.principal ||
           principal.starts_with(account.account.at("name") + "-v");
  }
  std::unique_ptr<LiveSession> log_in(const TestAccount&, const Credential& credential) override {
    auto session = RedisSession::open(address(), credential, soon());
    if (!session) return nullptr;
    return std::make_unique<Session>(std::move(*session));
  }
  std::vector<std::uint16_t> ports(const TestAccount&) override { return {port_}; }
  void lead_over(TestAccount& account, const std::vector<std::uint16_t>& ports) override {
    account.system["port"] = std::to_string(ports.at(0));
  }
  std::uint16_t tls_port(const TestAccount&) override { return tls_port_; }
  bool accept_anything(const TestAccount& account, bool on) override {
    // Leaving `nopass` takes every password along.
    const std::string hash = "#" + crypto::sha256_verifier(account.first.secret);
    const std::vector<std::string> changes =
        on ? std::vector<std::string>{"nopass"} : std::vector<std::string>{"resetpass", hash};
    KW_CHECK(set_user(*admin(), account.first.principal, changes).has_value());
    return true;
  }
  bool crash_and_restart() override {
    process_.stop(SIGKILL);
    return launch();
  }
  Settings role() override { return {{"rules", "~lease:* +@read +ping (~extra:* +get)"}}; }

 private:
  static std::string hash_of(std::string_view text) {
    return crypto::sha256_verifier(value_for_tests(text));
  }
  ServerAddress address() const { return {"127.0.0.1", port_, false, ""}; }
  bool launch() {
    process_.start({kServer, folder_ / "redis.conf"}, folder_ / "redis.log");
    return comes_true([&] { return takes_connections(port_) || !process_.running(); }) &&
           process_.running();
  }
  std::unique_ptr<RedisSession> admin() const {
    auto session =
        RedisSession::open(address(), {1, "admin", value_for_tests(kAdminPassword)}, soon());
    KW_CHECK(session.has_value());
    return std::move(*session);
  }
  TestAccount make(const std::string& principal) {
    TestAccount account;
    account.system = {{"host", "127.0.0.1"}, {"port", std::to_string(port_)}, {"tls", "off"}};
    account.admin = Credential{1, "admin", value_for_tests(kAdminPassword)};
    account.first = {1, principal, random_value_for_tests()};
    account.account = {{"name", dual_ ? principal : "acct" + std::to_string(++owners_)},
                       {"probe", "GET app:1"}};
    if (dual_) account.account["strategy"] = "dual";
    const auto admin_session = admin();
    KW_CHECK(set_user(*admin_session, principal,
                      {"on", "#" + crypto::sha256_verifier(account.first.secret), "~app:*",
                       "+@read", "+ping"})
                 .has_value());
    KW_CHECK(persist(*admin_session).has_value());
    return account;
  }

  bool dual_;
  TestFolder folder_;
  ServerProcess process_;
  std::uint16_t port_ = 0, tls_port_ = 0;
  int accounts_ = 0, owners_ = 0;
};

}  // namespace

ForeignSystem* redis_system() {
  if (access(kServer, X_OK) != 0) return nullptr;
  static RedisSystem system(false);
  return &system;
}
ForeignSystem* redis_dual_system() {
  if (access(kServer, X_OK) != 0) return nullptr;
  static RedisSystem system(true);
  return &system;
}

}  // namespace kw::connectors
