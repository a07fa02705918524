#include "connectors/postgres_fixture.h"

#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "base/check.h"
#include "connectors/authority_for_tests.h"
#include "connectors/credential_text.h"
#include "connectors/postgres_link.h"
#include "connectors/postgres_session.h"

namespace kw::connectors {

using secrets::Credential;
using secrets::Settings;

namespace {

constexpr const char* kAdminPassword = "the administrator's \\ \"password\"";

struct Connection {
  explicit Connection(PGconn* made) : connection(made) {}
  ~Connection() { PQfinish(connection); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  PGconn* connection;
};

class Session final : public LiveSession {
 public:
  explicit Session(PGconn* connection) : connection_(connection) {}
  bool alive() override {
    PGresult* result = PQexec(connection_.connection, "SELECT 1");
    const bool answered = PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    return answered;
  }

 private:
  Connection connection_;
};

std::string newest_programs() {
  std::string newest;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored))
    if (newest.empty() || std::stoi(entry.path().filename()) > std::stoi(newest))
      newest = entry.path().filename();
  return "/usr/lib/postgresql/" + newest + "/bin/";
}

}  // namespace

PostgresInstance* PostgresInstance::shared() {
  static const std::unique_ptr<PostgresInstance> one = [] {
    std::unique_ptr<PostgresInstance> made(new PostgresInstance);
    if (!made->start()) made.reset();
    return made;
  }();
  return one.get();
}

bool PostgresInstance::start() {
  programs_ = newest_programs();
  if (access((programs_ + "postgres").c_str(), X_OK) != 0) return false;
  TestAuthority::shared().install(folder_);
  folder_.give_to("postgres");
  KW_CHECK(ServerProcess::run({programs_ + "initdb", "-D", folder_ / "data", "-U", "postgres", "-A",
                               "trust", "-E", "UTF8", "--locale=C", "--no-sync"},
                              folder_ / "initdb.log", "postgres"));
  port_ = free_port();
  write_rules();
  KW_CHECK(launch());
  ask("CREATE ROLE keywright LOGIN CREATEROLE PASSWORD " +
      PostgresSession::quoted_literal(kAdminPassword));
  ask("GRANT pg_signal_backend TO keywright");
  // To hand it on: before 16, CREATEROLE was enough.
  ask("GRANT pg_read_all_stats TO keywright WITH ADMIN OPTION");
  return true;
}

bool PostgresInstance::launch() {
  process_.start({programs_ + "postgres",
                  "-D",
                  folder_ / "data",
                  "-k",
                  folder_.path(),
                  "-p",
                  std::to_string(port_),
                  "-c",
                  "listen_addresses=127.0.0.1",
                  "-c",
                  "max_connections=100",
                  "-c",
                  "fsync=off",
                  "-c",
                  "log_statement=all",
                  "-c",
                  "shared_preload_libraries=passwordcheck",
                  "-c",
                  "ssl=on",
                  "-c",
                  "ssl_cert_file=" + (folder_ / "server.pem"),
                  "-c",
                  "ssl_key_file=" + (folder_ / "server.key")},
                 folder_ / "postgres.log", "postgres");
  const std::string place = "host=" + folder_.path() + " port=" + std::to_string(port_) +
                            " user=postgres dbname=postgres";
  return comes_true([&] { return !process_.running() || PQping(place.c_str()) == PQPING_OK; }) &&
         process_.running();
}

void PostgresInstance::write_rules() const {
  folder_.write("data/pg_hba.conf", "local all,replication postgres trust\n" + trusted_ +
                                        "host all all 127.0.0.1/32 scram-sha-256\n");
  folder_.give_to("postgres");
}

std::string PostgresInstance::ask(const std::string& sql, const std::string& database) const {
  return ask_at(port_, sql, database);
}

std::string PostgresInstance::ask_standby(const std::string& sql) const {
  return ask_at(standby_port_, sql, "postgres");
}

std::uint16_t PostgresInstance::start_standby() {
  if (!ServerProcess::run(
          {programs_ + "pg_basebackup", "-h", folder_.path(), "-p", std::to_string(port_), "-U",
           "postgres", "-D", folder_ / "standby", "-R", "-c", "fast", "--no-sync"},
          folder_ / "basebackup.log", "postgres"))
    return 0;
  standby_port_ = free_port();
  standby_.start(
      {programs_ + "postgres", "-D", folder_ / "standby", "-k", folder_.path(), "-p",
       std::to_string(standby_port_), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"},
      folder_ / "standby.log", "postgres");
  const std::string place = "host=" + folder_.path() + " port=" + std::to_string(standby_port_) +
                            " user=postgres dbname=postgres";
  return comes_true([&] { return PQping(place.c_str()) == PQPING_OK; }) ? standby_port_ : 0;
}

std::string PostgresInstance::ask_at(std::uint16_t port, const std::string& sql,
                                     const std::string& database) const {
  const Connection one(PQconnectdb(("host=" + folder_.path() + " port=" + std::to_string(port) +
                                    " user=postgres dbname=" + database)
                                       .c_str()));
  PGresult* result = PQexec(one.connection, sql.c_str());
  std::string answer;
  for (int i = 0; i < PQntuples(result); ++i)
    answer.append(i == 0 ? "" : "\n").append(PQgetvalue(result, i, 0));
  if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
    answer = PQresultErrorMessage(result);
  PQclear(result);
  return answer;
}

void PostgresInstance::trust(const std::string& user, bool on) {
  trusted_ = on ? "host all " + quoted_identifier(user) + " 127.0.0.1/32 trust\n" : "";
  write_rules();
  ask("SELECT pg_reload_conf()");
  const Credential wrong{0, user, value_for_tests("certainly wrong")};
  KW_CHECK(comes_true(
      [&] { return (postgres_session_for_tests(port_, "postgres", wrong) != nullptr) == on; }));
}

bool PostgresInstance::crash_and_restart() {
  process_.stop(SIGKILL);
  // Orphans of the killed one may hold its shared memory for a moment.
  return comes_true([&] { return launch(); });
}

Settings PostgresInstance::settings() const {
  return {{"host", "127.0.0.1"}, {"port", std::to_string(port_)}, {"tls", "off"}};
}

Credential PostgresInstance::administrator() const {
  return {1, "keywright", value_for_tests(kAdminPassword)};
}

std::unique_ptr<LiveSession> postgres_session_for_tests(std::uint16_t port,
                                                        const std::string& database,
                                                        const Credential& credential) {
  const auto password = credential_text(credential.secret);
  const std::string number = std::to_string(port);
  const char* const names[] = {"host", "port", "user", "password", "dbname", nullptr};
  const char* const values[] = {"127.0.0.1",       number.c_str(),   credential.principal.c_str(),
                                password->c_str(), database.c_str(), nullptr};
  PGconn* connection = PQconnectdbParams(names, values, 0);
  if (PQstatus(connection) == CONNECTION_OK) return std::make_unique<Session>(connection);
  PQfinish(connection);
  return nullptr;
}

namespace {

class PostgresSystem : public ForeignSystem {
 public:
  explicit PostgresSystem(PostgresInstance& instance, bool swap)
      : instance_(instance), swap_(swap) {}
  std::string_view connector() const override { return "postgres"; }

  TestAccount fresh_account() override {
    return make("app" + std::to_string(++accounts_) + (swap_ ? "s" : ""));
  }
  std::optional<TestAccount> account_named(std::string_view name) override {
    return make(std::string(name) + (swap_ ? "s" : ""));
  }

  std::map<std::string, std::string> catalogue() override {
    // Since 16 the one who makes a role gets its administration from role 10, the first superuser.
    const std::string lines = instance_.ask(
        "SELECT rolname || E'\\x01' || concat_ws(' ', rolcanlogin, rolsuper, rolcreaterole, "
        "rolcreatedb, rolinherit, rolreplication, rolconnlimit, rolpassword, rolvaliduntil, "
        "(SELECT string_agg(g.rolname, ',' ORDER BY 1) FROM pg_auth_members m JOIN pg_roles g ON "
        "g.oid = m.roleid WHERE m.member = r.oid AND NOT (r.rolname = 'keywright' AND m.grantor = "
        "10)), (SELECT string_agg(setconfig::text, ',') FROM "
        "pg_db_role_setting WHERE setrole = r.oid)) FROM pg_authid r ORDER BY rolname");
    std::map<std::string, std::string> found;
    for (std::size_t at = 0; at < lines.size();) {
      const std::string line = lines.substr(at, lines.find('\n', at) - at);
      at += line.size() + 1;
      found[line.substr(0, line.find('\x01'))] = line.substr(line.find('\x01') + 1);
    }
    return found;
  }
  bool belongs(const std::string& principal, const TestAccount& account) override {
    const std::string& name = account.account.at("name");
    return principal == account.first.principal || principal == name + "_a" ||
           principal == name + "_b";
  }
  std::unique_ptr<LiveSession> log_in(const TestAccount& account,
                                      const Credential& credential) override {
    (void)account;
    return postgres_session_for_tests(instance_.port(), "postgres", credential);
  }
  std::vector<std::uint16_t> ports(const TestAccount&) override { return {instance_.port()}; }
  void lead_over(TestAccount& account, const std::vector<std::uint16_t>& ports) override {
    account.system["port"] = std::to_string(ports.at(0));
  }
  std::uint16_t tls_port(const TestAccount&) override { return instance_.port(); }
  bool accept_anything(const TestAccount& account, bool on) override {
    instance_.trust(account.first.principal, on);
    return true;
  }
  std::optional<SecretBytes> refused_value(const Credential& fresh) override {
    return value_for_tests(fresh.principal);  // passwordcheck: the name as the password
  }
  bool crash_and_restart() override { return instance_.crash_and_restart(); }
  std::string log() override { return instance_.log(); }
  Settings role() override {
    if (swap_) return {};
    return {{"grants",
             "GRANT pg_read_all_stats TO {{name}}; GRANT CREATE ON DATABASE postgres TO "
             "{{name}}"}};
  }

 private:
  // As the administrator: what PostgreSQL 16 asks of one who shall change a role later.
  void as_administrator(const std::string& sql) const {
    KW_CHECK(instance_.ask("SET ROLE keywright; " + sql).empty());
  }

  TestAccount make(const std::string& principal) {
    const std::string number = std::to_string(++owners_) + (swap_ ? "s" : "");
    TestAccount account;
    account.system = instance_.settings();
    account.first = {1, principal, random_value_for_tests()};
    const std::string name = quoted_identifier(principal), owner = "owner" + number;
    const auto text = credential_text(account.first.secret);
    as_administrator("CREATE ROLE " + name + " LOGIN PASSWORD '" + std::string(*text) + "'");
    if (swap_) {
      account.account = {{"name", principal}, {"strategy", "swap"}};
      return account;
    }
    as_administrator("CREATE ROLE " + owner + "; GRANT " + owner + " TO " + name);
    as_administrator("ALTER ROLE " + name + " SET role = " + owner + "; ALTER ROLE " + name +
                     " SET search_path = \"$user\", public, schema" + number);
    KW_CHECK(instance_.ask("CREATE SCHEMA schema" + number + " AUTHORIZATION " + owner).empty());
    account.account = {
        {"name", "acct" + number}, {"owner", owner}, {"probe_schema", "schema" + number}};
    account.admin = instance_.administrator();
    return account;
  }

  PostgresInstance& instance_;
  bool swap_;
  int accounts_ = 0, owners_ = 0;
};

ForeignSystem* system_of(bool swap) {
  PostgresInstance* const instance = PostgresInstance::shared();
  if (instance == nullptr) return nullptr;
  static PostgresSystem alternate(*instance, false), one(*instance, true);
  return swap ? &one : &alternate;
}

}  // namespace

ForeignSystem* postgres_system() {
  return system_of(false);
}
ForeignSystem* postgres_swap_system() {
  return system_of(true);
}

}  // namespace kw::connectors
