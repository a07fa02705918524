#include "agent/config.h"

#include "agent/folder_for_tests.h"

namespace kw::agent {
namespace {

const std::string kHead = R"(server: {url: "https://keys:8443", token_file: /run/token}
tenant: acme
consumer: billing
instance: billing-1
)";

std::string message(const std::string& yaml) {
  const auto parsed = parse_config(yaml, "agent.yaml");
  return parsed ? "good" : parsed.error().message;
}

TEST(AgentConfig, reads_everything) {
  const auto config = parse_config(kHead + R"(poll: 30s
refresh: 5m
lease: 15m
roots: [/etc/billing]
cache: {folder: /var/lib/agent, key_file: /var/lib/agent.key, max_age: 12h}
socket: {path: /run/agent.sock, mode: "0660"}
secrets:
  - {path: db/orders, users: [0], groups: [root]}
applications:
  - name: billing
    stagger: 20s
    files:
      - path: /etc/billing/conf.d/db.env
        owner: root
        mode: "0640"
        template: |
          PASSWORD={{db/orders#password|shell}}
    reload: {command: [systemctl, reload, billing], timeout: 5s}
    health: {http: "http://127.0.0.1:9/health", timeout: 10s, interval_ms: 200, settle: 1s}
log: {level: debug, format: text}
)",
                                   "agent.yaml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->lease, std::chrono::seconds(900));
  EXPECT_EQ(config->cache.max_age, std::chrono::hours(12));
  EXPECT_TRUE(config->secrets.at(0).users.contains(0));
  EXPECT_TRUE(config->secrets.at(0).groups.contains(0));
  const ApplicationConfig& billing = config->applications.at(0);
  EXPECT_EQ(billing.files.at(0).path.folder, "conf.d");
  EXPECT_EQ(billing.files.at(0).form.mode, 0640U);
  EXPECT_EQ(billing.files.at(0).form.owner, uid_t(0));
  EXPECT_EQ(billing.files.at(0).text.references().at(0).field, "password");
  EXPECT_EQ(billing.reload.command.size(), 3U);
  EXPECT_EQ(billing.reload.timeout, std::chrono::seconds(5));
  EXPECT_EQ(std::get<HttpCheck>(billing.health.how).url, "http://127.0.0.1:9/health");
  EXPECT_TRUE(doubts(*config).empty());
}

TEST(AgentConfig, says_where_and_what_would_be_right) {
  const std::string nothing = "applications: [{name: a}]\n";
  EXPECT_EQ(message(kHead + "pol: 30s\n"),
            "agent.yaml:5:1 unknown setting \"pol\"; nearest is \"poll\"");
  EXPECT_EQ(message(kHead),
            "agent.yaml:1:1 there is nothing to do: no applications, no secrets, no exec");
  EXPECT_EQ(message(kHead + "lease: 1s\n"), "agent.yaml:5:8 must be from 10s to 7776000s");
  EXPECT_NE(message(kHead + "poll: soon\n").find("agent.yaml:5:7"), std::string::npos);
  EXPECT_NE(message(kHead + "applications: [{name: a, files: [{path: /etc/x, template: t}]}]\n")
                .find("add its folder to roots"),
            std::string::npos);
  EXPECT_NE(message(kHead + "roots: [/etc]\napplications: [{name: a, files: [{path: /etc/x, "
                            "template: '{{db#Password}}'}]}]\n")
                .find("in the template: line 1 column 1: a field is [a-z0-9_]{1,64}"),
            std::string::npos);
  EXPECT_NE(message(kHead + "applications: [{name: a, reload: {signal: STOP, pid_file: /x}}]\n")
                .find("a signal is HUP"),
            std::string::npos);
  EXPECT_NE(message(kHead + "secrets: [{path: db/x, users: [nobody-of-this-name]}]\n")
                .find("this machine has no user"),
            std::string::npos);
  EXPECT_NE(message(kHead + "secrets: [{path: db/x}]\n").find("who may read it"),
            std::string::npos);
  EXPECT_NE(message(kHead + nothing + nothing).find("agent.yaml:"), std::string::npos);
}

TEST(AgentConfig, wants_exactly_one_way_to_prove_itself) {
  const std::string rest = "tenant: acme\nconsumer: b\ninstance: i\napplications: [{name: a}]\n";
  EXPECT_NE(message("server: {url: \"https://k\"}\n" + rest).find("one way to prove"),
            std::string::npos);
  EXPECT_NE(
      message("server: {url: \"https://k\", token_file: /t, role_id: r, secret_id_file: /s}\n" +
              rest)
          .find("one way to prove"),
      std::string::npos);
  EXPECT_EQ(
      message("server: {url: \"https://k\", certificate_file: /c, private_key_file: /k}\n" + rest),
      "good");
  EXPECT_EQ(message("server: {url: \"https://k\", role_id: r, secret_id_file: /s}\n" + rest),
            "good");
}

TEST(AgentConfig, modes_are_octal_and_harmless) {
  const auto with = [](const std::string& mode) {
    return message(
        kHead +
        "roots: [/etc]\napplications: [{name: a, files: [{path: /etc/x, template: t, mode: " +
        mode + "}]}]\n");
  };
  EXPECT_EQ(with("\"0640\""), "good");
  for (const char* mode : {"\"4640\"", "\"0777\"", "\"rw\"", "\"08\"", "\"0o640\""})
    EXPECT_NE(with(mode).find("a mode is like"), std::string::npos) << mode;
}

TEST(AgentConfig, exec_mode_has_its_section) {
  const auto config = parse_config(kHead + R"(exec:
  environment: {DB_PASSWORD: "{{db/orders#password}}"}
  on_change: signal
  signal: HUP
  health: {tcp: "127.0.0.1:80"}
)",
                                   "agent.yaml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->exec->on_change, ExecChange::kSignal);
  EXPECT_EQ(config->exec->application.environment.at(0).first, "DB_PASSWORD");
  EXPECT_NE(message(kHead + "exec: {environment: {1X: a}}\n").find("variable"), std::string::npos);
  EXPECT_NE(message(kHead + "exec: {environment: {X: a}, signal: HUP}\n").find("belong together"),
            std::string::npos);
}

TEST(AgentConfig, doubts_what_is_probably_not_meant) {
  const auto config = parse_config(kHead + "applications: [{name: a}]\n", "x").value();
  EXPECT_EQ(doubts(config).size(), 3U);
}

TEST(AgentConfig, every_setting_is_in_the_guide) {
  std::ifstream in(std::string(KW_SOURCE_DIR) + "/docs/guide/agent.md");
  std::ostringstream guide;
  guide << in.rdbuf();
  ASSERT_FALSE(guide.str().empty());
  for (const std::string& name : setting_names())
    EXPECT_NE(guide.str().find("`" + name + "`"), std::string::npos) << name;
}

}  // namespace
}  // namespace kw::agent
