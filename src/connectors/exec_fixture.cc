// The example of examples/exec_connector, as people would run it.
#include <unistd.h>

#include <atomic>
#include <fstream>

#include "base/check.h"
#include "codec/json.h"
#include "connectors/credential_text.h"
#include "connectors/foreign_system_for_tests.h"
#include "connectors/server_process_for_tests.h"

namespace kw::connectors {

using secrets::Credential;

namespace {

constexpr const char* kPython = "/usr/bin/python3";
constexpr const char* kProgram = KW_EXAMPLES "/exec_connector/user_list.py";
// Puts the first user in, with the example's own code.
constexpr const char* kPut =
    "import sys; sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True\n"
    "from user_list import Users; Users(sys.argv[2]).put(sys.argv[3], sys.argv[4].encode())";

class UserList final : public ForeignSystem {
 public:
  std::string_view connector() const override { return "exec"; }
  ConnectorOptions options() override {
    ConnectorOptions made;
    made.programs["user_list"] = {kPython, {"-B", kProgram}};
    return made;
  }
  TestAccount fresh_account() override {
    const std::string name = "app" + std::to_string(++accounts_);
    TestAccount made;
    made.system = {{"program", "user_list"},
                   {"settings", folder_ / "users.json"},
                   {"slots", "2"},
                   {"principals", "per_version"},
                   {"soft_disable", "yes"}};
    made.account = {{"name", name}};
    made.first = {1, name + "_a", random_value_for_tests()};
    const auto text = credential_text(made.first.secret);
    KW_CHECK(ServerProcess::run(
        {kPython, "-B", "-c", kPut, std::string(KW_EXAMPLES).append("/exec_connector"),
         folder_ / "users.json", made.first.principal, std::string(*text)},
        folder_ / "log"));
    return made;
  }
  std::map<std::string, std::string> catalogue() override {
    std::ifstream file(folder_ / "users.json");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto users = codec::JsonDocument::parse(text);
    KW_CHECK(users.has_value());
    std::map<std::string, std::string> all;
    for (const auto& [name, user] : users->root().members())
      all[std::string(name)] =
          std::string(*user.text("hash")) + (*user.boolean("disabled") ? " off" : "");
    return all;
  }
  bool belongs(const std::string& principal, const TestAccount& account) override {
    return principal.starts_with(account.account.at("name") + "_");
  }
  std::unique_ptr<LiveSession> log_in(const TestAccount&, const Credential&) override {
    return nullptr;  // it has no sessions
  }
  std::optional<SecretBytes> refused_value(const Credential&) override {
    return value_for_tests("too short");
  }

 private:
  TestFolder folder_;
  std::atomic<int> accounts_{0};
};

}  // namespace

ForeignSystem* exec_system() {
  static UserList one;
  return access(kPython, X_OK) == 0 ? &one : nullptr;
}

}  // namespace kw::connectors
