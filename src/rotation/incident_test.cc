#include "rotation/incident.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "codec/json.h"
#include "rotation/incident_world_for_test.h"

namespace kw::rotation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Texts = std::vector<std::string>;

constexpr const char* kOrders = "key:acme/orders";

class IncidentTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"orders", "invoices", "mail"}) world_.add(key_subject(name));
    EXPECT_EQ(room_.write([&](Change change) -> Status {
      KW_OK(world_.graph.import(
          change,
          R"({"edges":[{"from":"key:acme/orders","to":"key:acme/invoices","type":"wraps"},
                                 {"from":"key:acme/invoices","to":"app:shop","type":"verifies"}]})",
          ImportMode::kMerge));
      return ok();
    }),
              "");
    world_.board.silent.resize(1);
    world_.board.live = 1;
  }

  IncidentRequest request(IncidentMode mode = IncidentMode::kContinuityFirst) {
    IncidentRequest wanted = request_for(room_, {kOrders});
    wanted.mode = mode;
    return wanted;
  }
  Incident open(const IncidentRequest& wanted) {
    const auto plan = incidents_.plan(wanted);
    EXPECT_EQ(why(plan), "");
    Incident opened;
    if (!plan) return opened;
    EXPECT_EQ(room_.write([&](Change change) -> Status {
      KW_TRY(opened, incidents_.open(change, *plan));
      return ok();
    }),
              "");
    return opened;
  }
  int tick() {
    audit::Event by;
    by.actor = "scheduler";
    const auto steps = incidents_.tick(by);
    EXPECT_EQ(why(steps), "");
    return steps ? *steps : -1;
  }
  Incident show(const IncidentId& id) {
    Incident found;
    EXPECT_EQ(read([&](store::Reader& reader) -> Status {
                KW_TRY(found, incidents_.show(reader, id));
                return ok();
              }),
              "");
    return found;
  }
  std::string evidence(const IncidentId& id) {
    std::string file;
    EXPECT_EQ(read([&](store::Reader& reader) -> Status {
                KW_TRY(file, incidents_.evidence(reader, id));
                return ok();
              }),
              "");
    return file;
  }
  bool frozen(const Subject& subject) {
    bool is = false;
    EXPECT_EQ(read([&](store::Reader& reader) -> Status {
                KW_TRY(const auto incident, incidents_.frozen_by(reader, subject));
                is = incident.has_value();
                return ok();
              }),
              "");
    return is;
  }
  Texts told(const IncidentId& id) {
    Texts all;
    EXPECT_EQ(read([&](store::Reader& reader) -> Status {
                KW_TRY(const auto entries, incidents_.timeline(reader, id));
                for (const TimelineEntry& entry : entries) all.push_back(entry.what);
                return ok();
              }),
              "");
    return all;
  }
  std::string read(const std::function<Status(store::Reader&)>& work) {
    return why(room_.store().read(work));
  }
  void acknowledge() { world_.board.silent.clear(); }
  std::string phase(const IncidentId& id) {
    return std::string(incident_phase_name(show(id).phase));
  }
  std::string decide(std::string_view actor, const std::function<Status(Change)>& work) {
    return room_.write(work, actor);
  }

  IncidentRoom room_;
  World world_{room_};
  Incidents incidents_ = world_.incidents();
};

TEST_F(IncidentTest, continuity_first_replaces_before_it_revokes) {
  const Incident incident = open(request());
  EXPECT_TRUE(frozen(key_subject("orders")));
  EXPECT_TRUE(frozen(key_subject("invoices")));
  EXPECT_FALSE(frozen(key_subject("mail")));
  tick();
  EXPECT_EQ(phase(incident.id), "reported");
  world_.work();
  tick();
  EXPECT_EQ(world_.count("run"), 2);
  EXPECT_EQ(world_.count("revoke"), 0);
  world_.work();
  tick();
  EXPECT_EQ(phase(incident.id), "replaced");
  EXPECT_EQ(show(incident.id).problem, "acknowledgements");
  EXPECT_EQ(world_.count("revoke"), 0);
  acknowledge();
  tick();
  EXPECT_EQ(phase(incident.id), "reencrypting");
  EXPECT_EQ(world_.state(key_subject("orders"), 1), "revoked");
  EXPECT_EQ(world_.state(key_subject("orders"), 2), "revoked");
  EXPECT_EQ(world_.state(key_subject("orders"), 3), "primary");
  EXPECT_EQ(world_.state(key_subject("invoices"), 3), "primary");
  world_.work();
  tick();
  EXPECT_EQ(phase(incident.id), "closed");
  EXPECT_FALSE(frozen(key_subject("orders")));
  const auto report = verify_evidence(evidence(incident.id), room_.verifier_key());
  ASSERT_EQ(why(report), "");
  EXPECT_EQ(report->problem, "");
  EXPECT_EQ(report->kind, "incident");
  EXPECT_EQ(report->entries, told(incident.id).size());
  EXPECT_EQ(tick(), 0);
}

TEST_F(IncidentTest, starts_each_wave_when_the_one_before_is_promoted) {
  open(request());
  tick();
  EXPECT_EQ(world_.count("run"), 1);
  tick();
  EXPECT_EQ(world_.count("run"), 1);
  world_.promote_runs();
  tick();
  EXPECT_EQ(world_.count("run"), 2);
  EXPECT_EQ(world_.acts().back(), "run key:acme/invoices");
}

TEST_F(IncidentTest, contain_first_revokes_at_once_with_the_outage_named) {
  const Incident incident = open(request(IncidentMode::kContainFirst));
  tick();
  EXPECT_EQ(world_.state(key_subject("orders"), 2), "revoked");
  const Texts acts = world_.acts();
  ASSERT_GE(acts.size(), 3U);
  EXPECT_EQ(acts[0], "revoke key:acme/orders#1 outage");
  EXPECT_EQ(acts[1], "revoke key:acme/orders#2 outage");
  EXPECT_EQ(acts[2], "run key:acme/orders");
  for (int i = 0; i < 4; ++i) {
    world_.work();
    tick();
  }
  EXPECT_EQ(phase(incident.id), "closed");
  EXPECT_EQ(world_.state(key_subject("orders"), 3), "primary");
  EXPECT_EQ(world_.count("revoke"), 2);
}

TEST_F(IncidentTest, revokes_at_the_deadline_whoever_is_silent) {
  const Incident incident = open(request());
  for (int i = 0; i < 3; ++i) {
    tick();
    world_.work();
  }
  room_.clock().advance(minutes(59));
  tick();
  EXPECT_EQ(world_.count("revoke"), 0);
  room_.clock().advance(minutes(1));
  tick();
  EXPECT_EQ(world_.count("revoke"), 2);
  const Texts lines = told(incident.id);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "incident.overdue"), 0);
}

TEST_F(IncidentTest, never_leaves_zero_valid_versions_in_continuity_first) {
  const Incident incident = open(request());
  tick();
  room_.clock().advance(hours(2));
  tick();
  EXPECT_EQ(world_.count("revoke"), 0);
  const Texts lines = told(incident.id);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "incident.overdue"), 1);
  tick();
  EXPECT_EQ(told(incident.id).size(), lines.size());
  // Even when the run says that it promoted, what is about to be revoked must not be primary.
  world_.promote_runs();
  EXPECT_EQ(room_.run("UPDATE world_version SET state = 'gone' WHERE version = 3"), "");
  tick();
  world_.promote_runs();
  EXPECT_EQ(room_.run("UPDATE world_version SET state = 'gone' WHERE version = 3"), "");
  tick();
  EXPECT_EQ(show(incident.id).problem, "no_replacement");
  EXPECT_EQ(world_.count("revoke"), 0);
}

TEST_F(IncidentTest, takes_silence_of_nobody_for_no_evidence) {
  world_.board = Board();
  const Incident incident = open(request());
  for (int i = 0; i < 3; ++i) {
    tick();
    world_.work();
  }
  tick();
  EXPECT_EQ(show(incident.id).problem, "acknowledgements");
  room_.clock().advance(hours(1));
  tick();
  EXPECT_EQ(world_.count("revoke"), 2);
}

TEST_F(IncidentTest, waits_for_two_people_other_than_the_opener) {
  world_.verdict.approvers = {"alice", "bob"};
  const Incident incident = open(request(IncidentMode::kContainFirst));
  tick();
  EXPECT_EQ(phase(incident.id), "opened");
  EXPECT_EQ(show(incident.id).problem, "approval_open");
  world_.verdict.approvers = {"bob", "bob"};
  tick();
  EXPECT_EQ(phase(incident.id), "opened");
  world_.verdict = {false, "", {}};
  tick();
  EXPECT_EQ(world_.count("revoke"), 0);
  world_.verdict = {true, "3f1d0c5a9b7e4f20a1b2c3d4e5f60718", {"bob", "carol"}};
  tick();
  EXPECT_EQ(world_.count("revoke"), 2);
  EXPECT_EQ(show(incident.id).approvers, (Texts{"bob", "carol"}));
}

TEST_F(IncidentTest, one_person_may_break_the_glass_and_another_reviews) {
  world_.verdict = {false, "", {}};
  const Incident incident = open(request(IncidentMode::kContainFirst));
  const auto broken = [&](Change change) -> Status {
    KW_OK(incidents_.break_glass(change, incident.id));
    return ok();
  };
  const auto reviewed = [&](Change change) -> Status {
    KW_OK(incidents_.review(change, incident.id, true));
    return ok();
  };
  EXPECT_EQ(decide("dave", reviewed), "nothing_to_review");
  EXPECT_EQ(decide("dave", broken), "");
  EXPECT_EQ(decide("erin", broken), "incident_moved");
  for (int i = 0; i < 5; ++i) {
    tick();
    world_.work();
  }
  EXPECT_EQ(phase(incident.id), "evidence");
  EXPECT_EQ(show(incident.id).problem, "review");
  EXPECT_FALSE(frozen(key_subject("orders")));
  room_.clock().advance(hours(24) + seconds(1));
  tick();
  Texts lines = told(incident.id);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "incident.review_overdue"), 1);
  EXPECT_EQ(decide("dave", reviewed), "own_request");
  EXPECT_EQ(decide("erin", reviewed), "");
  EXPECT_EQ(decide("erin", reviewed), "reviewed");
  tick();
  EXPECT_EQ(phase(incident.id), "closed");
  EXPECT_NE(evidence(incident.id).find("\"reviewed_by\":\"erin\""), std::string::npos);
}

TEST_F(IncidentTest, a_false_alarm_is_taken_back_until_it_is_approved) {
  world_.verdict = {false, "", {}};
  const Incident incident = open(request());
  EXPECT_EQ(room_.number("SELECT count(*) FROM world_version WHERE marked > 0"), 2);
  const auto withdrawn = [&](Change change) -> Status {
    KW_OK(incidents_.withdraw(change, incident.id));
    return ok();
  };
  EXPECT_EQ(decide("alice", withdrawn), "");
  EXPECT_EQ(room_.number("SELECT count(*) FROM world_version WHERE marked > 0"), 0);
  EXPECT_FALSE(frozen(key_subject("orders")));
  EXPECT_EQ(phase(incident.id), "closed");
  EXPECT_EQ(decide("alice", withdrawn), "incident_moved");
}

TEST_F(IncidentTest, a_drill_runs_the_same_code_on_shadows) {
  world_.verdict = {false, "", {}};
  acknowledge();
  IncidentRequest wanted = request();
  wanted.drill = true;
  const Incident incident = open(wanted);
  EXPECT_FALSE(frozen(key_subject("orders")));
  for (int i = 0; i < 5; ++i) {
    tick();
    world_.work();
  }
  tick();
  EXPECT_EQ(phase(incident.id), "closed");
  EXPECT_EQ(world_.count("shadow"), 2);
  EXPECT_EQ(world_.count("revoke"), 1);
  for (const std::string& act : world_.acts())
    EXPECT_EQ(act.find("acme"), std::string::npos) << act;
  EXPECT_EQ(world_.state(key_subject("orders"), 2), "primary");
  EXPECT_EQ(room_.number("SELECT count(*) FROM world_version WHERE marked > 0"), 0);
  EXPECT_EQ(verify_evidence(evidence(incident.id), room_.verifier_key()).value().problem, "");
}

TEST_F(IncidentTest, does_not_call_it_revoked_before_every_node_refuses) {
  world_.refused_everywhere = false;
  const Incident incident = open(request(IncidentMode::kContainFirst));
  tick();
  EXPECT_EQ(phase(incident.id), "opened");
  EXPECT_EQ(show(incident.id).problem, "revocation_unconfirmed");
  world_.refused_everywhere = true;
  tick();
  EXPECT_EQ(phase(incident.id), "reported");
  EXPECT_EQ(world_.count("revoke"), 2);
}

TEST_F(IncidentTest, tries_a_failed_replacement_three_times) {
  world_.runs_fail = true;
  const Incident incident = open(request());
  for (int i = 0; i < 6; ++i) {
    tick();
    world_.work();
  }
  EXPECT_EQ(world_.count("run"), 3);
  EXPECT_EQ(show(incident.id).problem, "replacement_failed");
  EXPECT_EQ(world_.count("revoke"), 0);
}

TEST_F(IncidentTest, waits_for_a_run_that_stands_in_the_way) {
  world_.busy = true;
  const Incident incident = open(request());
  tick();
  EXPECT_EQ(show(incident.id).problem, "subject_busy");
  world_.busy = false;
  tick();
  EXPECT_EQ(world_.count("run"), 1);
}

TEST_F(IncidentTest, a_version_made_after_the_plan_is_suspect_too) {
  const auto plan = incidents_.plan(request());
  ASSERT_TRUE(plan);
  EXPECT_EQ(room_.run("INSERT INTO world_version VALUES ('key:acme/orders', 3, 'active', 0)"), "");
  Incident incident;
  EXPECT_EQ(room_.write([&](Change change) -> Status {
    KW_TRY(incident, incidents_.open(change, *plan));
    return ok();
  }),
            "");
  acknowledge();
  for (int i = 0; i < 4; ++i) {
    tick();
    world_.work();
  }
  EXPECT_EQ(room_.number("SELECT count(*) FROM world_version WHERE marked > 0"), 3);
  EXPECT_EQ(world_.state(key_subject("orders"), 3), "revoked");
  EXPECT_EQ(world_.state(key_subject("orders"), 4), "primary");
}

TEST_F(IncidentTest, names_of_one_material_have_one_run) {
  world_.add(key_subject("orders-copy"));
  EXPECT_EQ(room_.write([&](Change change) {
    return world_.graph.add(
        change, {Node{kOrders}, Node{"key:acme/orders-copy"}, EdgeType::kShares, false, ""});
  }),
            "");
  const auto plan = incidents_.plan(request());
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->items.size(), 4U);
  EXPECT_TRUE(plan->items[0].suspect && plan->items[1].suspect);
  EXPECT_EQ(plan->items[1].lead, 0);
  open(request());
  tick();
  EXPECT_EQ(world_.count("run"), 1);
}

TEST_F(IncidentTest, refuses_requests_that_make_no_sense) {
  const auto refused = [&](const std::function<void(IncidentRequest&)>& change) {
    IncidentRequest wanted = request();
    change(wanted);
    return why(incidents_.plan(wanted));
  };
  EXPECT_EQ(refused([](auto& one) { one.scope.names.clear(); }), "bad_incident");
  EXPECT_EQ(refused([](auto& one) { one.scope.names = {std::string("a\0b", 3)}; }), "bad_incident");
  EXPECT_EQ(refused([](auto& one) { one.scope.names = {"key:acme/../x y"}; }), "bad_node");
  EXPECT_EQ(refused([](auto& one) { one.reason = "Leak; DROP TABLE"; }), "bad_incident");
  EXPECT_EQ(refused([](auto& one) { one.description = "\xff\xfe"; }), "bad_incident");
  EXPECT_EQ(refused([](auto& one) { one.description = std::string(2'001, 'a'); }), "bad_incident");
  EXPECT_EQ(refused([](auto& one) { one.deadline = seconds(10); }), "bad_incident");
  EXPECT_EQ(refused([&](auto& one) { one.compromised_since = room_.clock().wall() + hours(1); }),
            "bad_incident");
  auto plan = incidents_.plan(request());
  ASSERT_TRUE(plan);
  plan->items[0].versions.clear();
  EXPECT_EQ(room_.write([&](Change change) -> Status {
    KW_OK(incidents_.open(change, *plan));
    return ok();
  }),
            "bad_incident");
}

TEST_F(IncidentTest, carries_hostile_text_harmlessly) {
  IncidentRequest wanted = request();
  wanted.description =
      "\"},{\"}} {{approvers}} \x1b[31m <script>alert(1)</script> \xE2\x80\xAE\n\\";
  acknowledge();
  const Incident incident = open(wanted);
  for (int i = 0; i < 4; ++i) {
    tick();
    world_.work();
  }
  tick();
  EXPECT_EQ(show(incident.id).request.description, wanted.description);
  EXPECT_EQ(verify_evidence(evidence(incident.id), room_.verifier_key()).value().problem, "");
  EXPECT_EQ(read([&](store::Reader& reader) -> Status {
              KW_TRY(const auto notices, incidents_.notices(reader, incident.id));
              EXPECT_EQ(notices.size(), 6U);
              for (const Notice& notice : notices) {
                EXPECT_EQ(notice.body.find('\x1b'), std::string::npos);
                EXPECT_EQ(notice.body.find("<script>"), notice.kind == NoticeKind::kInternalPage
                                                            ? notice.body.find("<script>")
                                                            : std::string::npos);
                EXPECT_EQ(notice.body.find("\xE2\x80\xAE"), std::string::npos);
                const bool json = notice_form(notice.kind) == NoticeForm::kJson;
                EXPECT_TRUE(!json || codec::JsonDocument::parse(notice.body));
              }
              return ok();
            }),
            "");
}

TEST_F(IncidentTest, keeps_the_report) {
  const Incident incident = open(request());
  std::string text;
  const auto load = [&](store::Reader& reader) -> Status {
    KW_TRY(text, incidents_.report(reader, incident.id));
    return ok();
  };
  EXPECT_EQ(read(load), "");
  EXPECT_EQ(text, "");
  tick();
  EXPECT_EQ(read(load), "");
  const auto document = codec::JsonDocument::parse(text);
  ASSERT_EQ(why(document), "") << text;
  EXPECT_EQ(document->root().member("subjects")->elements().size(), 2U);
  EXPECT_EQ(document->root().member("outside")->elements().size(), 1U);
}

TEST_F(IncidentTest, a_row_changed_behind_our_back_is_not_believed) {
  const Incident incident = open(request());
  EXPECT_EQ(room_.run("UPDATE incident SET body = replace(body, 'continuity_first',"
                      " 'contain_first')"),
            "");
  EXPECT_EQ(read([&](store::Reader& reader) -> Status {
              KW_OK(incidents_.show(reader, incident.id));
              return ok();
            }),
            "row_tampered");
}

TEST_F(IncidentTest, every_line_of_the_timeline_has_a_leaf) {
  acknowledge();
  const Incident incident = open(request());
  for (int i = 0; i < 4; ++i) {
    tick();
    world_.work();
  }
  tick();
  audit::Query query;
  query.kind = "incident";
  query.object = incident.id.text();
  const auto leaves = room_.log().query(query);
  ASSERT_TRUE(leaves);
  EXPECT_EQ(leaves->size(), told(incident.id).size());
}

TEST_F(IncidentTest, records_what_was_sent) {
  const Incident incident = open(request());
  EXPECT_EQ(room_.write([&](Change change) {
    return incidents_.notice_sent(change, incident.id, {NoticeKind::kTenant, "acme", "Dear all"});
  }),
            "");
  EXPECT_EQ(told(incident.id).back(), "incident.notice");
}

}  // namespace
}  // namespace kw::rotation
