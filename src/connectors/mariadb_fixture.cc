// A MariaDB with a port, for both strategies.
#include <signal.h>
#include <unistd.h>

#include "base/check.h"
#include "connectors/authority_for_tests.h"
#include "connectors/foreign_system_for_tests.h"
#include "connectors/mariadb_accounts.h"
#include "connectors/server_process_for_tests.h"

namespace kw::connectors {

using secrets::Credential;
using secrets::Settings;

namespace {

constexpr const char* kServer = "/usr/sbin/mariadbd";
constexpr const char* kAdminPassword = "the administrator's \\ \"password\"";

SteadyTime soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(20);
}

class Session final : public LiveSession {
 public:
  explicit Session(std::unique_ptr<MariadbSession> session) : session_(std::move(session)) {}
  bool alive() override { return session_->run("DO 1").has_value(); }

 private:
  std::unique_ptr<MariadbSession> session_;
};

class MariadbInstance {
 public:
  static MariadbInstance* shared() {
    if (access(kServer, X_OK) != 0) return nullptr;
    static MariadbInstance one;
    return &one;
  }

  ServerAddress address() const { return {"127.0.0.1", port_, false, ""}; }
  std::unique_ptr<MariadbSession> as(const Credential& credential) const {
    auto session = MariadbSession::open(address(), "", credential, soon());
    return session ? std::move(*session) : nullptr;
  }
  static Credential administrator() { return {1, "keywright", value_for_tests(kAdminPassword)}; }
  /// The tests' own, who may all.
  static Credential boss() { return {1, "boss", value_for_tests("boss")}; }
  MariadbSession::Rows ask(const std::string& sql) const {
    const auto session = as(boss());
    KW_CHECK(session != nullptr);
    auto rows = session->ask(sql);
    KW_CHECK(rows.has_value());
    return std::move(*rows);
  }
  std::string log() const { return folder_.read("general.log"); }
  bool crash_and_restart() {
    process_.stop(SIGKILL);
    return launch();
  }

 private:
  MariadbInstance() {
    TestAuthority::shared().install(folder_);
    folder_.give_to("mysql");
    port_ = free_port();
    KW_CHECK(ServerProcess::run(
        {"/usr/bin/mariadb-install-db", "--no-defaults", "--datadir=" + (folder_ / "data"),
         "--skip-test-db", "--auth-root-authentication-method=normal", "--innodb-log-file-size=4M",
         "--tmpdir=" + folder_.path()},
        folder_ / "install.log", "mysql"));
    folder_.write("first.sql",
                  "CREATE USER IF NOT EXISTS keywright@`%` IDENTIFIED VIA mysql_native_password "
                  "USING '" +
                      native_method(administrator()).text +
                      "';\n"
                      // As docs/connectors/mariadb.md says, and no more.
                      "GRANT CREATE USER, PROCESS, CONNECTION ADMIN ON *.* TO keywright@`%`;\n"
                      "GRANT SELECT ON mysql.global_priv TO keywright@`%`;\n"
                      "GRANT SELECT, SHOW VIEW ON shop.* TO keywright@`%` WITH GRANT OPTION;\n"
                      "CREATE ROLE IF NOT EXISTS app_role WITH ADMIN keywright@`%`;\n"
                      "CREATE USER IF NOT EXISTS boss@`%` IDENTIFIED VIA mysql_native_password "
                      "USING '" +
                      native_method(boss()).text +
                      "';\nGRANT ALL ON *.* TO boss@`%` WITH GRANT OPTION;\n"
                      "CREATE DATABASE IF NOT EXISTS shop;\n"
                      "CREATE TABLE IF NOT EXISTS shop.orders (id INT);\n"
                      "GRANT SELECT, INSERT ON shop.* TO app_role;\n");
    folder_.give_to("mysql");
    KW_CHECK(launch());
  }
  bool launch() {
    process_.start(
        {kServer, "--no-defaults", "--datadir=" + (folder_ / "data"), "--socket=" + (folder_ / "s"),
         "--port=" + std::to_string(port_), "--bind-address=127.0.0.1", "--skip-name-resolve",
         "--tmpdir=" + folder_.path(), "--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M",
         "--innodb-flush-log-at-trx-commit=0", "--performance-schema=off", "--general-log=1",
         "--general-log-file=" + (folder_ / "general.log"),
         "--init-file=" + (folder_ / "first.sql"), "--pid-file=" + (folder_ / "pid"),
         "--ssl-cert=" + (folder_ / "server.pem"), "--ssl-key=" + (folder_ / "server.key"),
         "--ssl-ca=" + TestAuthority::shared().trusted()},
        folder_ / "mariadb.log", "mysql");
    return comes_true([&] { return !process_.running() || as(administrator()) != nullptr; }) &&
           process_.running();
  }

  TestFolder folder_;
  ServerProcess process_;
  std::uint16_t port_ = 0;
};

class MariadbSystem final : public ForeignSystem {
 public:
  MariadbSystem(MariadbInstance& instance, bool alternate)
      : instance_(instance), alternate_(alternate) {}
  std::string_view connector() const override { return "mariadb"; }
  TestAccount fresh_account() override {
    return make("app" + std::to_string(++accounts_) + (alternate_ ? "x" : ""));
  }
  std::optional<TestAccount> account_named(std::string_view name) override {
    return make(std::string(name) + (alternate_ ? "x" : ""));
  }

  std::map<std::string, std::string> catalogue() override {
    std::map<std::string, std::string> found;
    for (const auto& row : instance_.ask("SELECT User, Host, Priv FROM mysql.global_priv"))
      found[row[0]] += row[1] + row[2];
    for (const auto& row :
         instance_.ask("SELECT User, Role FROM mysql.roles_mapping ORDER BY 1, 2"))
      found[row[0]] += " " + row[1];
    for (const auto& row :
         instance_.ask("SELECT User, Db, Select_priv FROM mysql.db ORDER BY 1, 2"))
      found[row[0]] += " " + row[1] + row[2];
    return found;
  }
  bool belongs(const std::string& principal, const TestAccount& account) override {
    const std::string& name = account.account.at("name");
    return principal == account.first.principal || principal == name + "_a" ||
           principal == name + "_b";
  }
  std::unique_ptr<LiveSession> log_in(const TestAccount&, const Credential& credential) override {
    auto session = instance_.as(credential);
    if (session == nullptr) return nullptr;
    return std::make_unique<Session>(std::move(session));
  }
  std::vector<std::uint16_t> ports(const TestAccount&) override {
    return {instance_.address().port};
  }
  void lead_over(TestAccount& account, const std::vector<std::uint16_t>& ports) override {
    account.system["port"] = std::to_string(ports.at(0));
  }
  std::uint16_t tls_port(const TestAccount&) override { return instance_.address().port; }
  // An empty password hash: the server asks for none, but a client that sends one is refused.
  bool accept_anything(const TestAccount&, bool) override { return false; }
  bool crash_and_restart() override { return instance_.crash_and_restart(); }
  std::string log() override { return instance_.log(); }
  Settings role() override {
    if (alternate_) return {};
    return {
        {"grants", "GRANT SELECT ON shop.* TO {{name}}; GRANT SHOW VIEW ON shop.* TO {{name}}"}};
  }

 private:
  TestAccount make(const std::string& principal) {
    TestAccount account;
    account.system = {
        {"host", "127.0.0.1"}, {"port", std::to_string(instance_.address().port)}, {"tls", "off"}};
    account.admin = MariadbInstance::administrator();
    account.first = {1, principal, random_value_for_tests()};
    const std::string name = mariadb_account(principal, "%");
    instance_.ask("CREATE USER " + name + " IDENTIFIED VIA mysql_native_password USING '" +
                  native_method(account.first).text + "'");
    account.account = {
        {"name", principal}, {"database", "shop"}, {"probe", "INSERT INTO orders VALUES (1)"}};
    if (!alternate_) {
      instance_.ask("GRANT SELECT, INSERT ON shop.* TO " + name);
      return account;
    }
    KW_CHECK(instance_.as(MariadbInstance::administrator())
                 ->run("GRANT app_role TO " + name)
                 .has_value());
    KW_CHECK(instance_.as(account.first)->run("SET DEFAULT ROLE app_role").has_value());
    account.account["name"] = "acct" + std::to_string(++owners_);
    account.account["strategy"] = "alternate";
    account.account["role"] = "app_role";
    return account;
  }

  MariadbInstance& instance_;
  bool alternate_;
  int accounts_ = 0, owners_ = 0;
};

}  // namespace

ForeignSystem* mariadb_system() {
  MariadbInstance* const instance = MariadbInstance::shared();
  if (instance == nullptr) return nullptr;
  static MariadbSystem system(*instance, false);
  return &system;
}
ForeignSystem* mariadb_alternate_system() {
  MariadbInstance* const instance = MariadbInstance::shared();
  if (instance == nullptr) return nullptr;
  static MariadbSystem system(*instance, true);
  return &system;
}

}  // namespace kw::connectors
