// A system that reads its users from a file, as old ones do.
#include <atomic>
#include <fstream>

#include "base/reveal.h"
#include "connectors/foreign_system_for_tests.h"
#include "connectors/server_process_for_tests.h"

namespace kw::connectors {

using secrets::Credential;

namespace {

// It read the file at its start and does not look again.
class Reader final : public LiveSession {
 public:
  bool alive() override { return true; }
};

class FileSystem final : public ForeignSystem {
 public:
  explicit FileSystem(bool list) : list_(list) {}
  std::string_view connector() const override { return "file"; }
  ConnectorOptions options() override {
    ConnectorOptions made;
    made.file_roots = {folder_.path()};
    return made;
  }

  TestAccount fresh_account() override {
    const std::string number = std::to_string(++accounts_);
    TestAccount made;
    made.system = {{"root", folder_.path()}};
    made.account = {{"path", "users"}, {"line", "{username}:{password}"}};
    made.account["style"] = list_ ? "list" : "swap";
    made.account["name"] = "app" + number;
    made.first = {1, "app" + number + (list_ ? "_a" : ""), random_value_for_tests()};
    std::ofstream(folder_ / "users", std::ios::app) << "# of others\nother" << number << ":keep\n"
                                                    << line_of(made.first) << "\n";
    return made;
  }
  std::map<std::string, std::string> catalogue() override {
    std::map<std::string, std::string> all;
    std::ifstream file(folder_ / "users");
    int number = 0;
    for (std::string line; std::getline(file, line);)
      all[line.starts_with('#') ? "#" + std::to_string(number++)
                                : line.substr(0, line.find(':'))] += line;
    return all;
  }
  bool belongs(const std::string& principal, const TestAccount& account) override {
    const std::string& name = account.account.at("name");
    return list_ ? principal == name + "_a" || principal == name + "_b" : principal == name;
  }
  std::unique_ptr<LiveSession> log_in(const TestAccount&, const Credential& credential) override {
    std::ifstream file(folder_ / "users");
    for (std::string line; std::getline(file, line);)
      if (line == line_of(credential)) return std::make_unique<Reader>();
    return nullptr;
  }
  bool can_end_sessions() override { return false; }

 private:
  static std::string line_of(const Credential& credential) {
    return credential.principal + ":" + std::string(as_text(credential.secret.reveal(Reveal{})));
  }
  bool list_;
  TestFolder folder_;
  std::atomic<int> accounts_{0};
};

}  // namespace

ForeignSystem* file_list_system() {
  static FileSystem one(true);
  return &one;
}
ForeignSystem* file_swap_system() {
  static FileSystem one(false);
  return &one;
}

}  // namespace kw::connectors
