#include "app/config.h"

#include <gtest/gtest.h>

namespace kw::app {
namespace {

TEST(Config, has_working_defaults) {
  const auto config = parse_config("data_directory: /var/lib/keywright\n", "keywright.yaml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->store_url, "sqlite:///var/lib/keywright/keywright.db");
  EXPECT_EQ(config->port, 8443);
  EXPECT_EQ(config->seal, "shamir");
}

TEST(Config, reads_every_setting) {
  const auto config = parse_config(
      "node: eu-1\ncluster: prod\ndata_directory: /d\nstore: postgres:///kw\n"
      "listen: {address: 10.0.0.1, port: 0, threads: 4}\ntls: {certificate_file: /c, "
      "private_key_file: /k, client_ca_file: /a}\n"
      "seal: shamir\nlog: {level: debug, format: text}\nallow_unlocked_memory: true\n"
      "limits: {per_source: 1, per_caller: 2, per_tenant: 3, messages: 4}\naudit: {linger_us: "
      "0}\nrotation: {enabled: false, workers: 2, poll_ms: 50, lease: 5s, clock_rate: "
      "1}\ndestroy_wait: 7d\n",
      "f");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->node, "eu-1");
  EXPECT_EQ(config->threads, 4);
  EXPECT_EQ(config->client_ca_file, "/a");
  EXPECT_EQ(config->message_limit, 4);
  EXPECT_FALSE(config->rotation_enabled);
  EXPECT_EQ(config->rotation_workers, 2);
  EXPECT_EQ(config->rotation_poll_ms, 50);
  EXPECT_EQ(config->rotation_lease_seconds, 5);
  EXPECT_EQ(config->destroy_wait_seconds, 7 * 24 * 3600);
}

TEST(Config, reads_what_connectors_may_reach) {
  const auto config = parse_config(
      "data_directory: /d\nconnectors:\n  file_roots: [/srv/app, /etc/ssh/keywright]\n"
      "  programs:\n    list: {path: /usr/bin/python3, arguments: [-B, /opt/list.py]}\n"
      "  egress: {loopback: true, allow: [10.1.0.0/16, \"fd00::1\"]}\n",
      "f");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->connectors.file_roots.size(), 2u);
  EXPECT_EQ(config->connectors.programs.at("list").arguments.size(), 2u);
  EXPECT_TRUE(config->connectors.egress.loopback);
  EXPECT_EQ(config->connectors.egress.allowed.size(), 2u);
  for (const char* wrong :
       {"file_roots: [srv]", "file_roots: [/srv/../etc]", "file_roots: /srv", "programs: {a: {}}",
        "programs: {a: {path: python3}}", "programs: {a: {path: /x, shell: true}}",
        "egress: {allow: [10.0.0.1/8]}", "egress: {loopback: yes}", "egress: {deny: [::1]}",
        "roots: [/srv]"}) {
    const auto refused =
        parse_config("data_directory: /d\nconnectors: {" + std::string(wrong) + "}\n", "f");
    ASSERT_FALSE(refused) << wrong;
    EXPECT_NE(refused.error().message.find("f:2:"), std::string::npos) << refused.error().message;
  }
}

TEST(Config, points_at_an_unknown_setting_and_offers_the_nearest) {
  const auto config = parse_config("data_directory: /d\nlisen: {port: 1}\n", "keywright.yaml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().reason, "config_invalid");
  EXPECT_NE(config.error().message.find("keywright.yaml:2:"), std::string::npos)
      << config.error().message;
  EXPECT_NE(config.error().message.find("nearest is \"listen\""), std::string::npos);
}

TEST(Config, refuses_what_cannot_work) {
  for (const char* yaml :
       {"", "node: a\n", "data_directory: relative\n",
        "data_directory: /d\nlisten: {port: 70000}\n", "data_directory: /d\nseal: magic\n",
        "data_directory: /d\nseal: dev\nlisten: {address: 0.0.0.0}\n",
        "data_directory: /d\ntls: {certificate_file: /c}\n",
        "data_directory: /d\ndestroy_wait: 1h\n", "data_directory: /d\nnode: ../x\n",
        "data_directory: /d\nlog: {level: loud}\n",
        "data_directory: /d\nrotation: {clock_rate: 60}\n", "data_directory: [1]\n"})
    EXPECT_FALSE(parse_config(yaml, "f")) << yaml;
}

TEST(Config, says_when_the_file_is_missing) {
  EXPECT_EQ(load_config("/nonexistent/keywright.yaml").error().reason, "config_missing");
}

TEST(Config, data_stores_are_read_and_checked_one_by_one) {
  const std::string head = "data_directory: /d\ndata_stores:\n";
  const auto config = parse_config(
      head +
          "- {name: shop, kind: postgres, tenant: acme, key: orders, url: 'postgres://h/shop',"
          " table: orders, column: card, recency_column: seen, hot: 2h, triggers: skip}\n"
          "- {name: files, kind: directory, tenant: acme, key: files, path: /srv/files}\n",
      "f");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->data_stores.size(), 2U);
  const auto& column = std::get<connectors::PostgresColumn>(config->data_stores[0].where);
  EXPECT_EQ(column.hot, std::chrono::hours(2));
  EXPECT_EQ(column.triggers, connectors::PostgresColumn::Triggers::kSkip);
  EXPECT_EQ(column.schema, "public");
  EXPECT_EQ(config->data_stores[1].where_text(), "/srv/files");
  const std::string names = "name: a, tenant: acme, key: k";
  for (const std::string& wrong :
       {"- {" + names + "}", "- {" + names + ", kind: oracle}", std::string("- text"),
        "- {" + names + ", kind: directory, path: relative}",
        "- {" + names + ", kind: directory, path: /a, table: t}",
        "- {" + names + ", kind: postgres, url: 'postgres://u:pw@h/d', table: t, column: c}",
        std::string("- {")
            .append(names)
            .append(", kind: directory, path: /a}\n- {")
            .append(names)
            .append(", kind: directory, path: /b}")})
    EXPECT_EQ(parse_config(std::string(head).append(wrong).append("\n"), "f").error().reason,
              "config_invalid")
        << wrong;
  EXPECT_EQ(parse_config("data_directory: /d\ndata_stores: {}\n", "f").error().reason,
            "config_invalid");
}

}  // namespace
}  // namespace kw::app
