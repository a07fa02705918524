// Ten rotations of a webhook's secret against a receiver that is not ours. With
// KEYWRIGHT_STANDARDWEBHOOKS (a folder with node_modules/standardwebhooks, made by
// tests/system/test_webhook_receiver.py) it is the package's own check; else one written from the
// specification in Python.
#include "connectors/webhook_delivery.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/reveal.h"
#include "connectors/outcome.h"
#include "connectors/server_process_for_tests.h"

namespace kw::connectors {
namespace {

using secrets::Answer;
using secrets::Credential;
using secrets::Outcome;

constexpr std::chrono::seconds kPatience{20};

class WebhookDelivery : public testing::Test {
 protected:
  void SetUp() override {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets it
    const char* package = std::getenv("KEYWRIGHT_STANDARDWEBHOOKS");
    if (package == nullptr && access("/usr/bin/python3", X_OK) != 0)
      GTEST_SKIP() << "neither Node.js nor Python is here";
    has({});
    if (package != nullptr) {
      // Packages are looked for beside the file that imports them.
      const std::string script = std::string(package) + "/receiver.mjs";
      std::filesystem::copy_file(KW_CONNECTORS "/webhook_receiver_for_tests.mjs", script,
                                 std::filesystem::copy_options::overwrite_existing);
      receiver_.start({"/usr/bin/env", "node", script, folder_ / "port", folder_ / "secrets"},
                      folder_ / "log");
    } else {
      receiver_.start({"/usr/bin/python3", "-B",
                       std::string(KW_CONNECTORS).append("/webhook_receiver_for_tests.py"),
                       folder_ / "port", folder_ / "secrets"},
                      folder_ / "log");
    }
    int port = 0;
    ASSERT_TRUE(comes_true([&] { return bool(std::ifstream(folder_ / "port") >> port); }));
    endpoint_.url = "http://127.0.0.1:" + std::to_string(port) + "/hooks";
    rules_.loopback = true;
  }
  /// The consumer fetched these.
  void has(std::initializer_list<const Credential*> credentials) {
    std::string text;
    for (const Credential* each : credentials)
      text += std::string(as_text(each->secret.reveal(Reveal{}))) + "\n";
    folder_.write("secrets", text);
  }
  int deliver(std::initializer_list<const Credential*> signers, std::string_view body = "{}") {
    std::vector<const SecretBytes*> secrets;
    for (const Credential* each : signers) secrets.push_back(&each->secret);
    const std::string id = "msg_" + std::to_string(++messages_);
    const auto status =
        deliver_webhook(rules_, endpoint_, secrets, {id, now_seconds(), body}, kPatience);
    EXPECT_TRUE(status) << status.error().reason;
    return status ? *status : 0;
  }
  Answer test(const Credential& credential) {
    const SecretBytes* const signers[] = {&credential.secret};
    return answer_of(test_webhook(rules_, endpoint_, signers, credential.version,
                                  SystemClock().wall(), kPatience));
  }
  static std::int64_t now_seconds() { return to_micros(SystemClock().wall()) / 1'000'000; }
  static Credential make(std::uint32_t version) {
    return {version, "", secrets::new_webhook_secret()};
  }

  TestFolder folder_;
  ServerProcess receiver_;
  WebhookEndpoint endpoint_;
  net::EgressRules rules_;
  int messages_ = 0;
};

TEST_F(WebhookDelivery, every_delivery_is_verified_through_ten_rotations) {
  Credential old = make(1);
  has({&old});
  ASSERT_EQ(deliver({&old}), 204);
  for (std::uint32_t version = 2; version <= 11; ++version) {
    Credential fresh = make(version);
    // The consumer does not have it yet: the old signature beside the new one carries.
    for (int i = 0; i < 5; ++i) ASSERT_EQ(deliver({&fresh, &old}, R"({"amount":1})"), 204);
    ASSERT_EQ(test(fresh).reason, "credential_refused");
    // It fetched the new one, and confirms it by the test event; whichever it uses, it verifies.
    has({&fresh});
    ASSERT_EQ(test(fresh).outcome, Outcome::kOk);
    for (int i = 0; i < 5; ++i) ASSERT_EQ(deliver({&fresh, &old}, "{\"text\":\"\xc3\xbc\"}"), 204);
    // The old one stops signing.
    for (int i = 0; i < 5; ++i) ASSERT_EQ(deliver({&fresh}), 204);
    ASSERT_EQ(deliver({&old}), 401) << "what is revoked must not be accepted";
    old = std::move(fresh);
  }
}

TEST_F(WebhookDelivery, silence_is_unknown_and_what_we_refuse_is_an_answer) {
  const Credential one = make(1);
  receiver_.stop();
  EXPECT_EQ(test(one).outcome, Outcome::kUnknown);
  rules_.loopback = false;
  EXPECT_EQ(test(one).outcome, Outcome::kDefiniteFail);
  EXPECT_EQ(test(one).reason, "egress_denied");
  endpoint_.url = "http://hooks.example/";
  EXPECT_EQ(test(one).reason, "insecure_url");
  const Credential no_secret{1, "", value_for_tests("no webhook secret")};
  endpoint_.url = "https://hooks.example/";
  EXPECT_EQ(test(no_secret).reason, "bad_webhook_secret");
}

}  // namespace
}  // namespace kw::connectors
