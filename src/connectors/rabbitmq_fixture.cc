// A RabbitMQ with its management interface. It is slow to start: it begins with the program.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "base/check.h"
#include "connectors/authority_for_tests.h"
#include "connectors/foreign_system_for_tests.h"
#include "connectors/rabbitmq_target.h"
#include "connectors/server_process_for_tests.h"

namespace kw::connectors {

using secrets::Credential;
using secrets::Settings;

namespace {

constexpr const char* kServer = "/usr/lib/rabbitmq/bin/rabbitmq-server";
constexpr const char* kAdminPassword = "the administrator's password";
constexpr int kPatienceSeconds = 240;  // it takes 10 s of a free processor

SteadyTime soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(30);
}

class Session final : public LiveSession {
 public:
  explicit Session(std::unique_ptr<RabbitmqLogin> login) : login_(std::move(login)) {}
  // A connection that was closed once answers nothing any more.
  bool alive() override {
    alive_ = alive_ && login_->declare_passive("").has_value();
    return alive_;
  }

 private:
  std::unique_ptr<RabbitmqLogin> login_;
  bool alive_ = true;
};

// With a daemon of its own for names of nodes, so that nothing outlives the tests.
class RabbitmqInstance {
 public:
  RabbitmqInstance()
      : amqp_(free_port()), encrypted_(free_port()), management_(free_port()), names_(free_port()) {
    TestAuthority::shared().install(folder_);
    folder_.write("rabbitmq.conf",
                  "listeners.tcp.local = 127.0.0.1:" + std::to_string(amqp_) +
                      "\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = " +
                      std::to_string(management_) +
                      "\ndefault_user = keywright\ndefault_pass = " + kAdminPassword +
                      "\nloopback_users = none\ncollect_statistics_interval = 1000\n"
                      "listeners.ssl.local = 127.0.0.1:" +
                      std::to_string(encrypted_) +
                      "\nssl_options.cacertfile = " + TestAuthority::shared().trusted() +
                      "\nssl_options.certfile = " + (folder_ / "server.pem") +
                      "\nssl_options.keyfile = " + (folder_ / "server.key") +
                      "\nmanagement.rates_mode = none\nlog.file.level = warning\n");
    folder_.write("enabled_plugins", "[rabbitmq_management].\n");
    folder_.write("env.conf", "");
    name_server_.start({"/usr/bin/epmd", "-port", std::to_string(names_), "-address", "127.0.0.1"},
                       folder_ / "epmd.log");
    KW_CHECK(comes_true([&] { return takes_connections(names_); }));
    launch();
  }
  void await() {
    KW_CHECK(comes_true([&] { return admin().users().has_value() || !process_.running(); },
                        kPatienceSeconds));
    KW_CHECK(process_.running());
    KW_CHECK(comes_true([&] { return takes_connections(amqp_); }, kPatienceSeconds));
  }
  std::uint16_t amqp() const { return amqp_; }
  std::uint16_t management() const { return management_; }
  std::uint16_t encrypted() const { return encrypted_; }
  static Credential administrator() { return {1, "keywright", value_for_tests(kAdminPassword)}; }
  RabbitmqApi admin() const {
    auto api = RabbitmqApi::open({"127.0.0.1", management_, false, ""}, administrator(), soon());
    KW_CHECK(api.has_value());
    return std::move(*api);
  }

 private:
  void launch() {
    const std::string port = std::to_string(amqp_);
    // The script starts the server: both end when our end of the input does.
    const std::string both =
        std::string("trap '' QUIT; ") + kServer + " </dev/null & read until_the_end; kill -9 0";
    process_.start({"/bin/sh", "-c", both}, folder_ / "rabbitmq.log", nullptr,
                   {{"HOME", folder_.path()},
                    {"RABBITMQ_NODENAME", "kw" + port + "@localhost"},
                    {"RABBITMQ_NODE_PORT", port},
                    {"RABBITMQ_DIST_PORT", std::to_string(free_port())},
                    {"ERL_EPMD_PORT", std::to_string(names_)},
                    {"RABBITMQ_MNESIA_BASE", folder_ / "mnesia"},
                    {"RABBITMQ_LOG_BASE", folder_ / "log"},
                    {"RABBITMQ_CONFIG_FILE", folder_ / "rabbitmq.conf"},
                    {"RABBITMQ_CONF_ENV_FILE", folder_ / "env.conf"},
                    {"RABBITMQ_ENABLED_PLUGINS_FILE", folder_ / "enabled_plugins"},
                    {"RABBITMQ_PID_FILE", folder_ / "pid"},
                    {"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                     "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"}});
  }

  TestFolder folder_;
  ServerProcess name_server_, process_;
  std::uint16_t amqp_, encrypted_, management_, names_;
};

RabbitmqInstance* early_instance = nullptr;

// The boot goes on while other systems are tested.
class EarlyStart final : public testing::Environment {
 public:
  void SetUp() override {
    const std::string filter = GTEST_FLAG_GET(filter);
    const bool wanted = filter == "*" || filter.find("rabbitmq") != std::string::npos;
    if (wanted && access(kServer, X_OK) == 0) instance_ = std::make_unique<RabbitmqInstance>();
    early_instance = instance_.get();
  }
  void TearDown() override {
    early_instance = nullptr;
    instance_.reset();
  }

 private:
  std::unique_ptr<RabbitmqInstance> instance_;
};
[[maybe_unused]] testing::Environment* const kEarly =
    testing::AddGlobalTestEnvironment(new EarlyStart);

class RabbitmqSystem final : public ForeignSystem {
 public:
  explicit RabbitmqSystem(RabbitmqInstance& instance) : instance_(instance) { instance_.await(); }
  std::string_view connector() const override { return "rabbitmq"; }
  TestAccount fresh_account() override { return make("app" + std::to_string(++accounts_)); }
  std::optional<TestAccount> account_named(std::string_view name) override {
    return make(std::string(name));
  }

  std::map<std::string, std::string> catalogue() override {
    RabbitmqApi api = instance_.admin();
    std::map<std::string, std::string> found;
    const auto names = api.users();
    KW_CHECK(names.has_value());
    for (const std::string& name : *names) {
      const auto user = *api.user(name);
      std::string& facts = found[name];
      if (user) facts = user->password_hash + " " + user->tags;
      const auto permissions = *api.permissions(name);
      for (const RabbitmqPermission& each : permissions)
        facts += "\n" + each.vhost + each.exchange + each.configure + each.write + each.read;
    }
    return found;
  }
  bool belongs(const std::string& principal, const TestAccount& account) override {
    const std::string& name = account.account.at("name");
    return principal == account.first.principal || principal == name + "_a" ||
           principal == name + "_b";
  }
  std::unique_ptr<LiveSession> log_in(const TestAccount&, const Credential& credential) override {
    auto login =
        RabbitmqLogin::open({"127.0.0.1", instance_.amqp(), false, ""}, "/", credential, soon());
    if (!login) return nullptr;
    return std::make_unique<Session>(std::move(*login));
  }
  std::vector<std::uint16_t> ports(const TestAccount&) override {
    return {instance_.management(), instance_.amqp()};
  }
  void lead_over(TestAccount& account, const std::vector<std::uint16_t>& ports) override {
    account.system["management_port"] = std::to_string(ports.at(0));
    account.system["port"] = std::to_string(ports.at(1));
  }
  std::uint16_t tls_port(const TestAccount&) override { return instance_.encrypted(); }
  Settings role() override { return {{"configure", ""}, {"write", "^lease"}, {"read", ".*"}}; }

 private:
  TestAccount make(const std::string& principal) {
    TestAccount account;
    account.system = {{"host", "127.0.0.1"},
                      {"port", std::to_string(instance_.amqp())},
                      {"management_port", std::to_string(instance_.management())},
                      {"tls", "off"}};
    account.admin = RabbitmqInstance::administrator();
    account.first = {1, principal, random_value_for_tests()};
    account.account = {{"name", "acct" + std::to_string(++owners_)}};
    RabbitmqApi api = instance_.admin();
    KW_CHECK(api.put_user(principal, rabbitmq_user_of(account.first, "monitoring")).has_value());
    KW_CHECK(api.put_permission(principal, {"/", "", "^app", "^app", ".*"}).has_value());
    KW_CHECK(api.put_permission(principal, {"/", "amq.topic", "", "^a", "^b"}).has_value());
    return account;
  }

  RabbitmqInstance& instance_;
  int accounts_ = 0, owners_ = 0;
};

}  // namespace

ForeignSystem* rabbitmq_system() {
  if (early_instance == nullptr) return nullptr;
  static RabbitmqSystem system(*early_instance);
  return &system;
}

}  // namespace kw::connectors
