// An application that reads its credential from a table.
#include <atomic>

#include "connectors/credential_text.h"
#include "connectors/postgres_fixture.h"
#include "connectors/postgres_session.h"

namespace kw::connectors {

using secrets::Credential;

namespace {

class Table final : public ForeignSystem {
 public:
  Table(PostgresInstance& server, bool pair) : server_(server), pair_(pair) {
    table_ = pair ? "Legacy \"pair\"" : "legacy_swap";
    server_.ask(
        "CREATE TABLE " + quoted() +
        " (name text PRIMARY KEY, value varchar(200), previous text, note text DEFAULT 'keep')");
    server_.ask("GRANT SELECT, UPDATE ON " + quoted() + " TO keywright");
    server_.ask("INSERT INTO " + quoted() + " (name, value) VALUES ('other', 'keep')");
  }
  std::string_view connector() const override { return "database_row"; }
  TestAccount fresh_account() override { return of_name("app" + std::to_string(++accounts_)); }
  std::optional<TestAccount> account_named(std::string_view name) override {
    return of_name(std::string(name) + std::to_string(++accounts_));
  }
  std::map<std::string, std::string> catalogue() override {
    std::map<std::string, std::string> all;
    const std::string lines = server_.ask(
        "SELECT replace(encode(convert_to(name, 'UTF8'), 'base64'), E'\\n', '') || ' ' ||"
        " md5(coalesce(value, '') || '/' || coalesce(previous, '')) || note FROM " +
        quoted());
    for (std::size_t at = 0; at < lines.size();) {
      const std::size_t end = std::min(lines.find('\n', at), lines.size());
      const std::size_t blank = lines.find(' ', at);
      all[lines.substr(at, blank - at)] = lines.substr(blank + 1, end - blank - 1);
      at = end + 1;
    }
    return all;
  }
  bool belongs(const std::string& principal, const TestAccount& account) override {
    return principal == server_.ask("SELECT replace(encode(convert_to(" +
                                    PostgresSession::quoted_literal(account.first.principal) +
                                    ", 'UTF8'), 'base64'), E'\\n', '')");
  }
  std::unique_ptr<LiveSession> log_in(const TestAccount&, const Credential&) override {
    return nullptr;  // whoever read it has it
  }
  std::vector<std::uint16_t> ports(const TestAccount&) override { return {server_.port()}; }
  void lead_over(TestAccount& account, const std::vector<std::uint16_t>& ports) override {
    account.system["port"] = std::to_string(ports.at(0));
  }
  bool crash_and_restart() override { return server_.crash_and_restart(); }

 private:
  std::string quoted() const { return pair_ ? "\"Legacy \"\"pair\"\"\"" : "legacy_swap"; }
  TestAccount of_name(const std::string& name) {
    TestAccount made;
    made.system = server_.settings();
    made.system["database"] = "postgres";
    made.account = {
        {"table", table_}, {"key_column", "name"}, {"key", name}, {"value_column", "value"}};
    if (pair_) made.account["previous_column"] = "previous";
    made.admin = server_.administrator();
    made.first = {1, name, random_value_for_tests()};
    server_.ask("INSERT INTO " + quoted() + " (name, value) VALUES (" +
                PostgresSession::quoted_literal(name) + ", " +
                PostgresSession::quoted_literal(*credential_text(made.first.secret)) + ")");
    return made;
  }
  PostgresInstance& server_;
  bool pair_;
  std::string table_;
  std::atomic<int> accounts_{0};
};

std::unique_ptr<Table> started(bool pair) {
  PostgresInstance* const server = PostgresInstance::shared();
  return server == nullptr ? nullptr : std::make_unique<Table>(*server, pair);
}

}  // namespace

ForeignSystem* database_row_system() {
  static const auto one = started(false);
  return one.get();
}
ForeignSystem* database_row_pair_system() {
  static const auto one = started(true);
  return one.get();
}

}  // namespace kw::connectors
