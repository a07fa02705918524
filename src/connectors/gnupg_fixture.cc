// A key of GnuPG and the keyring that its users fetch.
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>

#include "base/check.h"
#include "connectors/foreign_system_for_tests.h"
#include "connectors/gnupg_home.h"
#include "connectors/server_process_for_tests.h"

namespace kw::connectors {

using secrets::Credential;

namespace {

constexpr const char* kGpg = "/usr/bin/gpg";

class Keyring final : public ForeignSystem {
 public:
  std::string_view connector() const override { return "gnupg"; }
  ConnectorOptions options() override {
    ConnectorOptions made;
    made.file_roots = {folder_.path()};
    made.programs["gpg"] = {kGpg, {}};
    return made;
  }
  TestAccount fresh_account() override {
    const std::string number = std::to_string(++accounts_);
    const std::string home = "home" + number;
    KW_CHECK(mkdir((folder_ / home).c_str(), 0700) == 0);
    TestAccount made;
    const GnupgHome owner({{kGpg, {}}}, folder_ / home, soon());
    KW_CHECK(owner
                 .must({"--batch", "--quick-generate-key", "Release " + number + " <r@example.org>",
                        "ed25519", "cert", "never"})
                 .has_value());
    const auto listing = owner.must({"--batch", "--with-colons", "--list-keys"});
    const std::size_t at = listing->find("fpr:::::::::");
    made.system = {{"root", folder_.path()}, {"home", home}, {"published", number + ".gpg"}};
    made.account = {{"key", std::string(listing->substr(at + 12, 40))}};
    const auto connectors = make_connectors(options());
    secrets::Connector* connector = secrets::connector_named(connectors, "gnupg");
    const secrets::Place place{"acme", "here", made.system, made.account, nullptr};
    auto first = connector->create_pending({"run-0", soon(), false}, place, {1, {}});
    KW_CHECK(first.has_value());
    made.first = *std::move(first);
    KW_CHECK(connector->install({"run-0", soon(), false}, place, made.first, nullptr).outcome ==
             secrets::Outcome::kOk);
    return made;
  }
  std::map<std::string, std::string> catalogue() override {
    std::map<std::string, std::string> all;
    for (int number = 1; number <= accounts_; ++number) {
      std::ifstream file(folder_ / (std::to_string(number) + ".gpg"));
      all[std::to_string(number)] = {std::istreambuf_iterator<char>(file), {}};
    }
    return all;
  }
  bool belongs(const std::string& principal, const TestAccount& account) override {
    return account.system.at("published") == principal + ".gpg";
  }
  std::unique_ptr<LiveSession> log_in(const TestAccount&, const Credential&) override {
    return nullptr;  // signatures are no sessions
  }

 private:
  static SteadyTime soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(60); }
  TestFolder folder_;
  std::atomic<int> accounts_{0};
};

}  // namespace

ForeignSystem* gnupg_system() {
  static const auto one = access(kGpg, X_OK) == 0 ? std::make_unique<Keyring>() : nullptr;
  return one.get();
}

}  // namespace kw::connectors
