// A nats-server that includes a file of users.
#include <signal.h>
#include <unistd.h>

#include <sstream>

#include "base/check.h"
#include "connectors/authority_for_tests.h"
#include "connectors/bcrypt.h"
#include "connectors/foreign_system_for_tests.h"
#include "connectors/nats_target.h"
#include "connectors/server_process_for_tests.h"

namespace kw::connectors {

using secrets::Credential;

namespace {

constexpr const char* kServer = "/usr/sbin/nats-server";
constexpr const char* kOtherServer = "/usr/bin/nats-server";

const char* server() {
  return access(kServer, X_OK) == 0 ? kServer : kOtherServer;
}

SteadyTime soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(20);
}

class Session final : public LiveSession {
 public:
  explicit Session(std::unique_ptr<NatsLogin> login) : login_(std::move(login)) {}
  bool alive() override { return login_->ping().has_value(); }

 private:
  std::unique_ptr<NatsLogin> login_;
};

class NatsSystem final : public ForeignSystem {
 public:
  NatsSystem() : port_(free_port()), monitoring_(free_port()) {
    folder_.write("users.conf",
                  "# Some are people's own.\nusers = [\n{\"user\": \"nobody\", \"password\": "
                  "\"of somebody else\"}\n]\n");
    folder_.write("nats.conf", "listen: 127.0.0.1:" + std::to_string(port_) +
                                   "\nhttp: 127.0.0.1:" + std::to_string(monitoring_) +
                                   "\npid_file: \"" + (folder_ / "nats.pid") +
                                   "\"\nauthorization { include \"users.conf\" }\n");
    KW_CHECK(launch());
  }
  std::string_view connector() const override { return "nats"; }
  ConnectorOptions options() override {
    ConnectorOptions made;
    made.file_roots = {folder_.path()};
    return made;
  }
  TestAccount fresh_account() override { return make("app" + std::to_string(++accounts_)); }
  std::optional<TestAccount> account_named(std::string_view name) override {
    return make(std::string(name));
  }

  std::map<std::string, std::string> catalogue() override {
    std::map<std::string, std::string> found;
    std::istringstream lines(users());
    for (std::string line; std::getline(lines, line);) {
      const std::size_t name = line.find("\"user\"");
      const std::size_t end = line.find("\",\"password\"");
      const bool ours = line.starts_with("{\"user\":\"") && end != std::string::npos;
      found[ours ? plain(line.substr(9, end - 9)) : line] = name == std::string::npos ? "" : line;
    }
    return found;
  }
  bool belongs(const std::string& principal, const TestAccount& account) override {
    const std::string& name = account.account.at("name");
    return principal == account.first.principal || principal == name + "_a" ||
           principal == name + "_b";
  }
  std::unique_ptr<LiveSession> log_in(const TestAccount&, const Credential& credential) override {
    auto login = NatsLogin::open({"127.0.0.1", port_, false, ""}, credential, soon());
    if (!login) return nullptr;
    return std::make_unique<Session>(std::move(*login));
  }
  std::vector<std::uint16_t> ports(const TestAccount&) override { return {port_, monitoring_}; }
  void lead_over(TestAccount& account, const std::vector<std::uint16_t>& ports) override {
    account.system["port"] = std::to_string(ports.at(0));
    account.system["monitoring_port"] = std::to_string(ports.at(1));
  }
  // Another server of the same users.
  std::uint16_t tls_port(const TestAccount&) override {
    const std::uint16_t port = free_port();
    TestAuthority::shared().install(folder_);
    folder_.write("tls.conf", "listen: 127.0.0.1:" + std::to_string(port) +
                                  "\ntls { cert_file: \"" + (folder_ / "server.pem") +
                                  "\", key_file: \"" + (folder_ / "server.key") +
                                  "\" }\nauthorization { include \"users.conf\" }\n");
    encrypted_.start({server(), "-c", folder_ / "tls.conf"}, folder_ / "tls.log");
    return comes_true([&] { return takes_connections(port); }) ? port : 0;
  }
  std::optional<SecretBytes> refused_value(const Credential&) override {
    return value_for_tests(std::string(73, 'x'));
  }
  std::string log() override { return folder_.read("nats.log"); }
  bool crash_and_restart() override {
    process_.stop(SIGKILL);
    return launch();
  }

 private:
  bool launch() {
    process_.start({server(), "-DV", "-c", folder_ / "nats.conf"}, folder_ / "nats.log");
    return comes_true([&] {
             return !process_.running() ||
                    (takes_connections(port_) && access((folder_ / "nats.pid").c_str(), R_OK) == 0);
           }) &&
           process_.running();
  }
  std::string users() const { return folder_.read("users.conf"); }
  // Without the escapes of JSON.
  static std::string plain(const std::string& text) {
    std::string made;
    for (std::size_t i = 0; i < text.size(); ++i) made += text[i] == '\\' ? text[++i] : text[i];
    return made;
  }
  TestAccount make(const std::string& principal) {
    TestAccount account;
    account.system = {{"host", "127.0.0.1"},
                      {"port", std::to_string(port_)},
                      {"monitoring_port", std::to_string(monitoring_)},
                      {"tls", "off"},
                      {"root", folder_.path()},
                      {"users_file", "users.conf"},
                      {"pid_file", "nats.pid"}};
    account.account = {{"name", "acct" + std::to_string(++owners_)}, {"probe_subject", "app.1"}};
    account.first = {1, principal, random_value_for_tests()};
    auto all = *NatsUsers::parse(users());
    all.put({principal, *bcrypt_hash(account.first.secret, 4),
             "{\"publish\":[\"app.>\"],\"subscribe\":[\"app.>\",\"_INBOX.>\"]}"});
    folder_.write("users.conf", all.text());
    const secrets::Place place{"acme", "here", account.system, account.account, nullptr};
    KW_CHECK(reload_server(NatsTarget::read(place)->pid_file, "nats-server").has_value());
    KW_CHECK(comes_true([&] { return log_in(account, account.first) != nullptr; }));
    return account;
  }

  TestFolder folder_;
  ServerProcess process_, encrypted_;
  std::uint16_t port_, monitoring_;
  int accounts_ = 0, owners_ = 0;
};

}  // namespace

ForeignSystem* nats_system() {
  if (access(server(), X_OK) != 0) return nullptr;
  static NatsSystem system;
  return &system;
}

}  // namespace kw::connectors
