#include "audit/event.h"

#include <gtest/gtest.h>

#include <random>

#include "audit/leaf.h"
#include "audit/leaf_text.h"
#include "audit/log_for_tests.h"
#include "codec/json.h"
#include "codec/strict_text.h"

namespace kw::audit {
namespace {

const WallTime kTime = parse_rfc3339("2026-11-20T13:00:00.000123Z").value();

std::string without_salt(std::string leaf) {
  const auto at = leaf.find("\"salt\":\"");
  EXPECT_NE(at, leaf.npos);
  return leaf.erase(at, std::string("\"salt\":\"\",").size() + 32);
}

// Everything that the canonical form promises, by the codec's judgement and by our own reader.
void expect_well_formed(const std::string& leaf) {
  EXPECT_LE(leaf.size(), kLeafBytesMax);
  EXPECT_TRUE(codec::valid_utf8(leaf));
  EXPECT_EQ(leaf.find('\n'), leaf.npos);
  const auto canonical = codec::canonical_json(leaf);
  ASSERT_TRUE(canonical.has_value()) << leaf;
  EXPECT_EQ(*canonical, leaf);
  EXPECT_TRUE(parse_leaf(leaf).has_value()) << leaf;
}

TEST(Leaf, writes_members_sorted_and_leaves_empty_ones_out) {
  Event event;
  event.action = "key.version.promoted";
  event.version = 3;
  event.to_state = "primary";
  event.from_state = "active";
  event.kind = "key-version";
  event.object = "acme/orders";
  EXPECT_EQ(without_salt(leaf_json(event, kTime, "node-1")),
            R"({"action":"key.version.promoted","from_state":"active","kind":"key-version",)"
            R"("node":"node-1","object":"acme/orders","outcome":"ok",)"
            R"("time":"2026-11-20T13:00:00.000123Z","to_state":"primary","version":3})");
}

TEST(Leaf, writes_times_as_rfc3339_does) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  Event event;
  event.action = "a";
  for (int i = 0; i < 5000; ++i) {
    // Years 1684 to 2255, with and without a fraction.
    std::int64_t micros = static_cast<std::int64_t>(random()) / 1024;
    if (i % 2 == 0) micros -= micros % 1'000'000;
    const std::string leaf = leaf_json(event, from_micros(micros), "n");
    EXPECT_EQ(parse_leaf(leaf).value().time, rfc3339(from_micros(micros)));
  }
}

TEST(Leaf, salts_each_record_differently) {
  Event event;
  event.action = "a";
  EXPECT_NE(leaf_json(event, kTime, "n"), leaf_json(event, kTime, "n"));
}

TEST(Leaf, is_canonical_with_every_field_set) {
  Event event = event_of(4);
  event.outcome = Outcome::kDenied;
  event.reason = "policy_forbids";
  event.from_state = "active";
  event.to_state = "primary";
  event.approval = "0123456789abcdef0123456789abcdef";
  event.note = "wave";
  event.count = -12;
  const std::string leaf = leaf_json(event, kTime, "node-1");
  expect_well_formed(leaf);
  const Leaf read = parse_leaf(leaf).value();
  EXPECT_EQ(read.object, event.object);
  EXPECT_EQ(read.outcome, "denied");
  EXPECT_EQ(read.count, -12);
  EXPECT_EQ(read.version, event.version);
  EXPECT_EQ(read.time, "2026-11-20T13:00:00.000123Z");
}

TEST(Leaf, escapes_control_characters_and_replaces_malformed_utf8) {
  Event event;
  event.action = "a";
  event.object =
      std::string_view("tab\t nl\n cr\r nul\0 \x1b \" \\ \x7f \xff \xc3\xa9 \xed\xa0\x80", 34);
  const std::string leaf = leaf_json(event, kTime, "n");
  expect_well_formed(leaf);
  EXPECT_NE(leaf.find(R"(tab\t nl\n cr\r nul\u0000 \u001b \" \\ )"), leaf.npos) << leaf;
  EXPECT_NE(leaf.find("\xEF\xBF\xBD \xc3\xa9"), leaf.npos) << leaf;
}

TEST(Leaf, cuts_long_fields_at_a_character) {
  Event event;
  event.action = "a";
  std::string text(511, 'x');
  text += "\xc3\xa9";
  event.object = text;
  const std::string leaf = leaf_json(event, kTime, "n");
  expect_well_formed(leaf);
  EXPECT_NE(leaf.find(std::string(511, 'x') + "\xE2\x80\xA6\""), leaf.npos);
  text.resize(512, 'y');
  text[511] = 'y';
  event.object = text;
  EXPECT_NE(leaf_json(event, kTime, "n").find(text + "\""), std::string::npos);
}

TEST(Leaf, stays_within_its_limit_whatever_the_fields_hold) {
  const std::string worst(5000, '\x01');
  Event event;
  for (auto field :
       {&Event::action, &Event::reason, &Event::request_id, &Event::tenant, &Event::actor,
        &Event::method, &Event::peer, &Event::kind, &Event::object, &Event::from_state,
        &Event::to_state, &Event::policy, &Event::approval, &Event::note})
    event.*field = worst;
  event.count = INT64_MIN;
  event.version = INT64_MAX;
  const std::string leaf = leaf_json(event, kTime, worst);
  expect_well_formed(leaf);
  EXPECT_NE(leaf.find("\"version\":9007199254740991"), leaf.npos);
  EXPECT_NE(leaf.find("\"count\":-9007199254740991"), leaf.npos);
}

TEST(Leaf, is_well_formed_for_random_bytes) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 2000; ++i) {
    std::string text(random() % 600, ' ');
    for (char& c : text) c = static_cast<char>(random());
    Event event;
    event.action = "a";
    event.object = text;
    event.actor = std::string_view(text).substr(text.size() / 2);
    expect_well_formed(leaf_json(event, kTime, "n"));
    const std::string column = column_text(text);
    EXPECT_TRUE(codec::valid_utf8(column));
    EXPECT_EQ(column.find('\0'), column.npos);
  }
}

TEST(Leaf, reader_refuses_every_other_form) {
  for (const std::string_view bad : {"",
                                     "{}",
                                     "{",
                                     "[]",
                                     R"({"a":1} )",
                                     R"( {"a":1})",
                                     R"({"a": 1})",
                                     R"({"a":1,})",
                                     R"({"b":1,"a":2})",
                                     R"({"a":1,"a":2})",
                                     R"({"a":01})",
                                     R"({"a":-0})",
                                     R"({"a":1.0})",
                                     R"({"a":1e3})",
                                     R"({"a":null})",
                                     R"({"a":{}})",
                                     R"({"a":9007199254740992})",
                                     R"({"A":1})",
                                     R"({"":1})",
                                     "{\"a\":\"\n\"}",
                                     R"({"a":"\/"})",
                                     R"({"a":"\u000a"})",
                                     R"({"a":"\u001B"})",
                                     R"({"a":"\u0041"})",
                                     R"({"a":"\x"})",
                                     R"({"a":"\u00)",
                                     "{\"a\":\"\xff\"}",
                                     R"({"a":"x)",
                                     R"({"a":-})",
                                     R"({"a":1}{)"})
    EXPECT_EQ(reason(parse_leaf(bad)), "not_canonical") << bad;
  for (const std::string_view good : {R"({"a":1})", R"({"a":-1,"b":"\u001b\n\"\\"})", R"({"a":0})",
                                      R"({"zz_9":"é"})", R"({"a":9007199254740991})"})
    EXPECT_EQ(reason(parse_leaf(good)), "") << good;
}

}  // namespace
}  // namespace kw::audit
