// A receiver of webhooks (webhook_receiver_for_tests.py) with a consumer who hands it the secrets.
#include <unistd.h>

#include <fstream>
#include <set>

#include "base/check.h"
#include "base/reveal.h"
#include "connectors/foreign_system_for_tests.h"
#include "connectors/server_process_for_tests.h"
#include "secrets/webhook_signature.h"

namespace kw::connectors {

using secrets::Answer;
using secrets::Context;
using secrets::Credential;
using secrets::Outcome;
using secrets::Place;

namespace {

std::string text_of(const Credential& credential) {
  return std::string(as_text(credential.secret.reveal(Reveal{})));
}

/// What the receiver holds, in the file that it reads at each delivery.
class Held {
 public:
  explicit Held(TestFolder& folder) : folder_(folder) { write(); }
  void take(const Credential& one) {
    texts_.insert(text_of(one));
    write();
  }
  void forget(const Credential& one) {
    texts_.erase(text_of(one));
    write();
  }
  void accept_anything(bool on) {
    anything_ = on;
    write();
  }
  const std::set<std::string>& texts() const { return texts_; }

 private:
  void write() {
    std::string all = anything_ ? "*\n" : "";
    for (const std::string& each : texts_) all += each + "\n";
    folder_.write("secrets.new", all);
    KW_CHECK(rename((folder_ / "secrets.new").c_str(), (folder_ / "secrets").c_str()) == 0);
  }
  TestFolder& folder_;
  std::set<std::string> texts_;
  bool anything_ = false;
};

/// The connector, and a consumer who does what its answers ask for.
class WithConsumer final : public secrets::Connector {
 public:
  WithConsumer(secrets::Connector& real, Held& held) : real_(real), held_(held) {}
  std::string_view name() const override { return real_.name(); }
  std::span<const secrets::SettingRule> system_rules() const override {
    return real_.system_rules();
  }
  std::span<const secrets::SettingRule> account_rules() const override {
    return real_.account_rules();
  }
  Status check(const Place& place) const override { return real_.check(place); }
  secrets::Capabilities describe(const Place& place) const override {
    return real_.describe(place);
  }
  Result<Credential> create_pending(const Context& context, const Place& place,
                                    const secrets::Minting& minting) override {
    return real_.create_pending(context, place, minting);
  }
  Result<secrets::Observed> inspect(const Context& context, const Place& place,
                                    std::span<const Credential* const> known) override {
    return real_.inspect(context, place, known);
  }
  Answer install(const Context& context, const Place& place, const Credential& fresh,
                 const Credential* old) override {
    Answer answer = real_.install(context, place, fresh, old);
    if (answer.outcome == Outcome::kOk) held_.take(fresh);
    return answer;
  }
  Answer test(const Context& context, const Place& place, const Credential& credential,
              secrets::Probe probe) override {
    return real_.test(context, place, credential, probe);
  }
  Answer promote(const Context& context, const Place& place, const Credential& fresh,
                 const Credential* old) override {
    return real_.promote(context, place, fresh, old);
  }
  Result<secrets::Drain> measure_drain(const Context& context, const Place& place,
                                       const Credential& old) override {
    return real_.measure_drain(context, place, old);
  }
  Answer disable_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return real_.disable_old(context, place, old, fresh);
  }
  Answer restore_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return real_.restore_old(context, place, old, fresh);
  }
  Answer revoke_old(const Context& context, const Place& place, const Credential& old,
                    const Credential& fresh, bool end_sessions) override {
    Answer answer = real_.revoke_old(context, place, old, fresh, end_sessions);
    if (answer.outcome == Outcome::kOk) held_.forget(old);
    return answer;
  }
  Answer remove_pending(const Context& context, const Place& place, const Credential& fresh,
                        const Credential* old) override {
    Answer answer = real_.remove_pending(context, place, fresh, old);
    if (answer.outcome == Outcome::kOk) held_.forget(fresh);
    return answer;
  }

 private:
  secrets::Connector& real_;
  Held& held_;
};

class Receiver final : public ForeignSystem {
 public:
  Receiver() {
    process_.start({"/usr/bin/python3", "-B",
                    std::string(KW_CONNECTORS).append("/webhook_receiver_for_tests.py"),
                    folder_ / "port", folder_ / "secrets"},
                   folder_ / "log");
    KW_CHECK(comes_true([&] { return bool(std::ifstream(folder_ / "port") >> port_); }));
  }
  std::string_view connector() const override { return "webhook"; }
  ConnectorOptions options() override {
    ConnectorOptions made;
    made.egress.loopback = true;
    return made;
  }
  TestAccount fresh_account() override {
    TestAccount made;
    made.system = {{"url", url_at(port_)}};
    made.first = {1, "", secrets::new_webhook_secret()};
    held_.take(made.first);
    return made;
  }
  std::map<std::string, std::string> catalogue() override {
    std::map<std::string, std::string> found;
    for (const std::string& each : held_.texts()) found[each] = "held";
    return found;
  }
  // There is one consumer here, and every secret is its own.
  bool belongs(const std::string&, const TestAccount&) override { return true; }
  std::unique_ptr<LiveSession> log_in(const TestAccount&, const Credential&) override {
    return nullptr;  // each delivery stands by itself
  }
  std::vector<std::uint16_t> ports(const TestAccount&) override { return {port_}; }
  void lead_over(TestAccount& account, const std::vector<std::uint16_t>& ports) override {
    account.system["url"] = url_at(ports.at(0));
  }
  bool accept_anything(const TestAccount&, bool on) override {
    held_.accept_anything(on);
    return true;
  }
  std::unique_ptr<secrets::Connector> with_consumer(secrets::Connector& real) override {
    return std::make_unique<WithConsumer>(real, held_);
  }

 private:
  static std::string url_at(std::uint16_t port) {
    return "http://127.0.0.1:" + std::to_string(port) + "/hooks";
  }
  TestFolder folder_;
  Held held_{folder_};
  ServerProcess process_;
  std::uint16_t port_ = 0;
};

}  // namespace

ForeignSystem* webhook_system() {
  if (access("/usr/bin/python3", X_OK) != 0) return nullptr;
  static const auto one = std::make_unique<Receiver>();
  return one.get();
}

}  // namespace kw::connectors
