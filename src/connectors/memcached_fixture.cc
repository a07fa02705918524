// A memcached with an authentication file.
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "base/check.h"
#include "connectors/credential_text.h"
#include "connectors/foreign_system_for_tests.h"
#include "connectors/memcached_login.h"
#include "connectors/server_process_for_tests.h"
#include "connectors/server_reload.h"

namespace kw::connectors {

using secrets::Credential;

namespace {

constexpr const char* kServer = "/usr/bin/memcached";

class Session final : public LiveSession {
 public:
  explicit Session(std::unique_ptr<MemcachedLogin> login) : login_(std::move(login)) {}
  bool alive() override { return login_->ping().has_value(); }

 private:
  std::unique_ptr<MemcachedLogin> login_;
};

class MemcachedSystem final : public ForeignSystem {
 public:
  MemcachedSystem() : port_(free_port()) {
    folder_.write("users", "other:of somebody else\n");
    KW_CHECK(launch());
  }
  std::string_view connector() const override { return "memcached"; }
  ConnectorOptions options() override {
    ConnectorOptions made;
    made.file_roots = {folder_.path()};
    return made;
  }

  // The file has room for eight lines: accounts of earlier tests go.
  TestAccount fresh_account() override {
    TestAccount account;
    account.system = {{"host", "127.0.0.1"},  {"port", std::to_string(port_)},
                      {"tls", "off"},         {"root", folder_.path()},
                      {"auth_file", "users"}, {"pid_file", "memcached.pid"}};
    account.first = {1, "app" + std::to_string(++accounts_), random_value_for_tests()};
    account.account = {{"name", account.first.principal}};
    folder_.write("users", "other:of somebody else\n" + line_of(account.first));
    KW_CHECK(reload_server({folder_.path(), "memcached.pid", {}, {}, {}}, "memcached").has_value());
    KW_CHECK(comes_true([&] { return log_in(account, account.first) != nullptr; }));
    return account;
  }

  std::map<std::string, std::string> catalogue() override {
    std::map<std::string, std::string> found;
    std::ifstream file(folder_ / "users");
    for (std::string line; std::getline(file, line);) found[line.substr(0, line.find(':'))] += line;
    return found;
  }
  bool belongs(const std::string& principal, const TestAccount& account) override {
    return principal == account.first.principal;
  }
  std::unique_ptr<LiveSession> log_in(const TestAccount&, const Credential& credential) override {
    auto login = MemcachedLogin::open({"127.0.0.1", port_, false, ""}, credential,
                                      std::chrono::steady_clock::now() + std::chrono::seconds(20));
    if (!login) return nullptr;
    return std::make_unique<Session>(std::move(*login));
  }
  std::vector<std::uint16_t> ports(const TestAccount&) override { return {port_}; }
  void lead_over(TestAccount& account, const std::vector<std::uint16_t>& ports) override {
    account.system["port"] = std::to_string(ports.at(0));
  }
  std::optional<SecretBytes> refused_value(const Credential&) override {
    return value_for_tests(std::string(201, 'x'));
  }
  int cut_points() override { return 1; }
  bool can_end_sessions() override { return false; }
  bool crash_and_restart() override {
    process_.stop(SIGKILL);
    return launch();
  }

 private:
  static std::string line_of(const Credential& credential) {
    return credential.principal + ":" + std::string(*credential_text(credential.secret)) + "\n";
  }
  bool launch() {
    unlink((folder_ / "memcached.pid").c_str());
    process_.start({kServer, "-u", "root", "-l", "127.0.0.1", "-p", std::to_string(port_), "-U",
                    "0", "-m", "64", "-Y", folder_ / "users", "-P", folder_ / "memcached.pid"},
                   folder_ / "memcached.log");
    return comes_true([&] {
             return !process_.running() || (takes_connections(port_) &&
                                            access((folder_ / "memcached.pid").c_str(), R_OK) == 0);
           }) &&
           process_.running();
  }

  TestFolder folder_;
  ServerProcess process_;
  std::uint16_t port_;
  int accounts_ = 0;
};

}  // namespace

ForeignSystem* memcached_system() {
  if (access(kServer, X_OK) != 0) return nullptr;
  static MemcachedSystem system;
  return &system;
}

}  // namespace kw::connectors
