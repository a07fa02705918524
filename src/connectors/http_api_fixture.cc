// A third party with an API for its keys.
#include <unistd.h>

#include <atomic>

#include "base/check.h"
#include "connectors/http_api_provider_for_tests.h"

namespace kw::connectors {

using secrets::Credential;

namespace {

class ThirdParty final : public ForeignSystem {
 public:
  explicit ThirdParty(bool slots) : slots_(slots) {}
  std::string_view connector() const override { return "http_api"; }
  ConnectorOptions options() override { return HttpApiProvider::options(); }
  TestAccount fresh_account() override {
    const std::string name = "app" + std::to_string(++accounts_);
    TestAccount made;
    made.system = provider_.settings();
    made.account = {{"name", name}};
    made.admin = HttpApiProvider::administrator();
    if (slots_) {
      made.system["style"] = "slots";
      made.system["slot_names"] = name + "_1," + name + "_2";
      made.system.erase("disable");
      made.system.erase("enable");
    }
    const auto connectors = make_connectors(options());
    secrets::Connector* connector = secrets::connector_named(connectors, "http_api");
    const secrets::Place place{"acme", "here", made.system, made.account, &*made.admin};
    auto first = connector->create_pending(
        {"run-0", std::chrono::steady_clock::now() + std::chrono::seconds(20), false}, place,
        {1, {}});
    KW_CHECK(first.has_value());
    made.first = *std::move(first);
    return made;
  }
  std::map<std::string, std::string> catalogue() override {
    const auto all = provider_.control();
    std::map<std::string, std::string> found;
    for (const auto& [id, key] : all.root().find("keys")->members())
      found[std::string(*key.text("name"))] =
          std::string(id) + (*key.boolean("disabled") ? "-" : "+");
    for (const auto& [name, secret] : all.root().find("slots")->members())
      found[std::string(name)] = *secret.text();
    return found;
  }
  bool belongs(const std::string& principal, const TestAccount& account) override {
    const std::string& name = account.account.at("name");
    return principal.starts_with(name + "-") || principal.starts_with(name + "_");
  }
  std::unique_ptr<LiveSession> log_in(const TestAccount&, const Credential&) override {
    return nullptr;  // each call stands by itself
  }
  bool accept_anything(const TestAccount&, bool on) override {
    provider_.control(on ? R"({"everybody":true})" : R"({"everybody":false})");
    return true;
  }

 private:
  bool slots_;
  HttpApiProvider provider_;
  std::atomic<int> accounts_{0};
};

bool has_python() {
  return access("/usr/bin/python3", X_OK) == 0;
}

}  // namespace

ForeignSystem* http_api_system() {
  static const auto one = has_python() ? std::make_unique<ThirdParty>(false) : nullptr;
  return one.get();
}
ForeignSystem* http_api_slots_system() {
  static const auto one = has_python() ? std::make_unique<ThirdParty>(true) : nullptr;
  return one.get();
}

}  // namespace kw::connectors
