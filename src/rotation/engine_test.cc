#include <gtest/gtest.h>

#include <thread>

#include "base/failpoint.h"
#include "rotation/engine_room_for_test.h"
#include "rotation/run_machine.h"

namespace kw::rotation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Traits kInternal{false, false, false, true};
const Traits kForeign{true, true, true, true};

class EveryEngine : public testing::TestWithParam<std::string> {
 protected:
  EngineRoom room{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Store, EveryEngine, testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return each.param; });

TEST_P(EveryEngine, takes_a_plain_rotation_through_in_one_transaction) {
  room.fake->the_traits = kInternal;
  room.policy.old_version = OldVersion::kKeepSecondary;
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  const auto run = room.start("orders");
  const auto round = room.engine().tick();
  ASSERT_TRUE(round.has_value()) << reason_of(round);
  EXPECT_EQ(round->advanced, 1);
  const auto done = room.show(run.id);
  EXPECT_EQ(done.state, RunState::kDone);
  EXPECT_EQ(done.from_version, 1U);
  EXPECT_EQ(done.to_version, 2U);
  EXPECT_EQ(room.fake->primary("orders"), 2);
  const std::vector<Step> steps = room.steps(run.id);
  ASSERT_EQ(steps.size(), 2U);  // start, and everything else
  EXPECT_EQ(steps[1].detail,
            "plan,approve,generate,stage,validate,rollout,promote,drain,quarantine,revoke,archive");
  EXPECT_EQ(steps[1].verb, "create_pending,install,test,promote");
  EXPECT_EQ(room.number("SELECT COUNT(*) FROM audit_leaf WHERE kind = 'run'"), 2);
}

TEST_P(EveryEngine, keeps_foreign_systems_behind_intents_and_waits) {
  room.fake->the_traits = kForeign;
  room.policy.publish_wait = Seconds(600);
  room.policy.rollout_percent = {10, 100};
  room.policy.soak = Seconds(900);
  room.policy.min_overlap = Seconds(3600);
  room.policy.quarantine = Seconds(7200);
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  const auto run = room.start("orders");
  room.settle();
  EXPECT_EQ(room.show(run.id).state, RunState::kValidate);
  EXPECT_EQ(room.show(run.id).problem, "publishing");
  room.clock.advance(seconds(600));
  room.settle();
  EXPECT_EQ(room.show(run.id).state, RunState::kRollout);
  EXPECT_EQ(room.show(run.id).percent, 10);
  room.clock.advance(seconds(900));
  room.settle();
  EXPECT_EQ(room.show(run.id).state, RunState::kDrain);
  EXPECT_EQ(room.fake->primary("orders"), 2);
  EXPECT_EQ(room.fake->accepted("orders"), (std::set<std::uint32_t>{1, 2}));
  room.clock.advance(seconds(3600));
  room.settle();
  EXPECT_EQ(room.show(run.id).state, RunState::kQuarantine);
  EXPECT_EQ(room.fake->accepted("orders"), (std::set<std::uint32_t>{2}));
  room.clock.advance(seconds(7200));
  room.settle();
  // The lease lapsed meanwhile: nothing is destroyed until one whole lease has passed.
  EXPECT_EQ(room.show(run.id).state, RunState::kRevoke);
  EXPECT_EQ(room.show(run.id).problem, "takeover");
  EXPECT_EQ(room.carry_to_end(run.id).state, RunState::kDone);
  EXPECT_EQ(room.fake->violations, 0);
  int intents = 0;
  for (const Step& each : room.steps(run.id)) intents += each.outcome == "intent" ? 1 : 0;
  EXPECT_EQ(intents, 8);  // one for each verb that a foreign system saw
}

TEST(Engine, waits_for_an_approval_of_exactly_this_plan) {
  EngineRoom room;
  room.fake->the_traits = kInternal;
  room.policy.approvals = 2;
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  const auto run = room.start("orders");
  room.settle();
  const auto waiting = room.show(run.id);
  EXPECT_EQ(waiting.state, RunState::kApprove);
  EXPECT_EQ(waiting.problem, "approval_open");
  const auto approve = [&](const std::string& hash) {
    return room.steer([&](Change change) -> Status {
      KW_OK(room.runs->approve(change, run.id, "approval-1", hash));
      return ok();
    });
  };
  EXPECT_EQ(approve("other"), "plan_changed");
  EXPECT_EQ(approve(waiting.plan_hash), "");
  room.settle();
  EXPECT_EQ(room.fake->primary("orders"), 2);
}

TEST(Engine, ends_a_run_whose_plan_changed_after_its_approval) {
  EngineRoom room;
  room.fake->the_traits = kInternal;
  room.policy.approvals = 1;
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  const auto run = room.start("orders");
  room.settle();
  const std::string hash = room.show(run.id).plan_hash;
  EXPECT_EQ(room.steer([&](Change change) -> Status {
    KW_OK(change.tx.execute("UPDATE fake_subject SET primary_version = 9", {}));
    KW_OK(room.runs->approve(change, run.id, "approval-1", hash));
    return ok();
  }),
            "");
  room.settle();
  EXPECT_EQ(room.show(run.id).state, RunState::kAborted);
  EXPECT_EQ(room.show(run.id).problem, "plan_changed");
}

TEST(Engine, promotes_and_drains_only_with_the_consumers) {
  EngineRoom room;
  room.fake->the_traits = kForeign;
  room.policy.min_overlap = Seconds(600);
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  Consumer billing;
  billing.tenant = "acme";
  billing.name = "billing";
  billing.environment = "production";
  billing.lease = Seconds(86'400);
  billing.subjects = {room.subject("orders")};
  ASSERT_EQ(room.steer([&](Change c) { return room.consumers->enroll(c, billing); }), "");
  const auto say = [&](std::uint32_t version, Grade grade) {
    Said said;
    said.subject = room.subject("orders");
    said.consumer = "billing";
    said.instance = "pod-1";
    said.version = version;
    said.grade = grade;
    return room.steer([&](Change c) { return room.consumers->acknowledge(c, "acme", said); });
  };
  const auto run = room.start("orders");
  room.settle();
  EXPECT_EQ(room.show(run.id).state, RunState::kValidate);
  EXPECT_EQ(room.show(run.id).problem, "acknowledgements");
  EXPECT_EQ(say(2, Grade::kLoaded), "");
  room.clock.advance(seconds(2));  // it is asked again soon
  room.settle();
  EXPECT_EQ(room.show(run.id).state, RunState::kDrain);
  room.clock.advance(hours(2));
  room.settle();
  EXPECT_EQ(room.show(run.id).state, RunState::kDrain);
  EXPECT_EQ(room.show(run.id).problem, "acknowledgements");
  EXPECT_EQ(say(2, Grade::kUsed), "");
  EXPECT_EQ(room.carry_to_end(run.id).state, RunState::kDone);
  EXPECT_EQ(room.fake->violations, 0);
}

TEST(Engine, refuses_a_plan_whose_overlap_is_shorter_than_a_refresh) {
  EngineRoom room;
  room.policy.min_overlap = Seconds(60);
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  Consumer slow;
  slow.tenant = "acme";
  slow.name = "slow";
  slow.environment = "production";
  slow.refresh = Seconds(900);
  slow.subjects = {room.subject("orders")};
  ASSERT_EQ(room.steer([&](Change c) { return room.consumers->enroll(c, slow); }), "");
  const auto run = room.start("orders");
  room.settle();
  EXPECT_EQ(room.show(run.id).state, RunState::kAborted);
  EXPECT_EQ(room.show(run.id).problem, "overlap_too_short");
}

TEST(Engine, looks_before_it_repeats_after_a_lost_reply) {
  for (const Fault what : {Fault::kLostReply, Fault::kLostCall}) {
    EngineRoom room;
    room.fake->the_traits = kForeign;
    ASSERT_TRUE(room.fake->add("acme", "orders"));
    std::map<Verb, int> calls;
    room.fake->fault = [&](Verb verb, const kw::rotation::Run&) {
      return ++calls[verb] == 1 ? what : Fault::kNone;
    };
    const auto run = room.start("orders");
    EXPECT_EQ(room.carry_to_end(run.id).state, RunState::kDone);
    EXPECT_EQ(room.fake->primary("orders"), 2);
    EXPECT_EQ(room.fake->violations, 0);
    EXPECT_EQ(calls[Verb::kCreatePending], 2);
  }
}

TEST(Engine, promotes_at_once_when_the_target_has_swapped_already) {
  EngineRoom room;
  room.fake->the_traits = kForeign;
  room.policy.publish_wait = Seconds(3600);
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  const auto run = room.start("orders");
  room.settle();
  ASSERT_EQ(room.show(run.id).state, RunState::kValidate);
  room.fake->swap_at_target("orders", 2);
  room.restart();
  room.clock.advance(seconds(40));  // the lease of the engine that is gone
  room.clock.advance(hours(1));
  room.settle();
  EXPECT_EQ(room.fake->primary("orders"), 2);
}

TEST(Engine, asks_an_operator_when_nothing_works) {
  EngineRoom room;
  room.fake->the_traits = kForeign;
  room.policy.publish_wait = Seconds(60);
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  const auto run = room.start("orders");
  room.settle();
  room.fake->swap_at_target("orders", 77);
  room.restart();
  room.clock.advance(minutes(2));
  room.settle();
  EXPECT_EQ(room.show(run.id).state, RunState::kNeedsOperator);
  EXPECT_EQ(room.show(run.id).problem, "lockout");
  room.fake->swap_at_target("orders", 1);
  EXPECT_EQ(room.steer([&](Change c) -> Status {
    KW_OK(room.runs->retry(c, run.id));
    return ok();
  }),
            "");
  room.carry_to_end(run.id);
  EXPECT_EQ(room.show(run.id).state, RunState::kDone);  // the same material was installed again
  EXPECT_EQ(room.fake->violations, 0);
}

TEST(Engine, makes_another_version_when_the_target_refuses_one_and_gives_up_in_the_end) {
  EngineRoom room;
  room.fake->the_traits = kForeign;
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  int refusals = 2;
  room.fake->fault = [&](Verb verb, const kw::rotation::Run&) {
    return verb == Verb::kInstall && refusals-- > 0 ? Fault::kRefused : Fault::kNone;
  };
  const auto run = room.start("orders");
  const auto done = room.carry_to_end(run.id);
  EXPECT_EQ(done.state, RunState::kDone);
  EXPECT_EQ(done.discarded, 2);
  EXPECT_EQ(done.to_version, 4U);  // numbers are never used again

  room.fake->fault = [](Verb verb, const kw::rotation::Run&) {
    return verb == Verb::kTest ? Fault::kRefused : Fault::kNone;
  };
  const auto bad = room.carry_to_end(room.start("orders").id);
  EXPECT_EQ(bad.state, RunState::kRolledBack);
  EXPECT_EQ(bad.discarded, 3);
  EXPECT_EQ(room.fake->primary("orders"), 4);
  EXPECT_EQ(room.fake->accepted("orders"), std::set<std::uint32_t>{4});
  EXPECT_EQ(room.fake->violations, 0);
}

TEST(Engine, rolls_back_when_the_new_cohort_fails) {
  EngineRoom room;
  room.fake->the_traits = kForeign;
  room.policy.rollout_percent = {5, 50, 100};
  room.policy.soak = Seconds(600);
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  const auto run = room.start("orders");
  room.settle();
  ASSERT_EQ(room.show(run.id).percent, 5);
  room.clock.advance(seconds(600));
  room.settle();
  ASSERT_EQ(room.show(run.id).percent, 50);
  room.fake->the_health.integrity_failure = true;
  const auto back = room.carry_to_end(run.id);
  EXPECT_EQ(back.state, RunState::kRolledBack);
  EXPECT_EQ(back.problem, "integrity_failure");
  EXPECT_EQ(room.fake->primary("orders"), 1);
  EXPECT_EQ(room.fake->accepted("orders"), std::set<std::uint32_t>{1});
  EXPECT_EQ(room.fake->violations, 0);
}

TEST(Engine, rolls_back_at_once_when_a_consumer_fails_but_not_in_an_emergency) {
  for (const bool emergency : {false, true}) {
    EngineRoom room;
    room.fake->the_traits = kForeign;
    room.policy.rollout_percent = {5, 100};
    room.policy.soak = Seconds(3600);
    room.policy.min_overlap = Seconds(3600);
    ASSERT_TRUE(room.fake->add("acme", "orders"));
    Consumer billing;
    billing.tenant = "acme";
    billing.name = "billing";
    billing.environment = "production";
    billing.lease = Seconds(86'400);
    billing.refresh = Seconds(10);
    billing.subjects = {room.subject("orders")};
    ASSERT_EQ(room.steer([&](Change c) { return room.consumers->enroll(c, billing); }), "");
    const auto say = [&](std::uint32_t version, Grade grade) {
      const Said said{room.subject("orders"), "billing", "pod-1", version, grade, {}};
      return room.steer([&](Change c) { return room.consumers->acknowledge(c, "acme", said); });
    };
    const auto run = room.start("orders");
    room.settle();
    ASSERT_EQ(say(2, Grade::kLoaded), "");
    room.clock.advance(seconds(20));
    room.settle();
    ASSERT_EQ(room.show(run.id).percent, 5) << room.show(run.id).problem;
    if (emergency) {
      ASSERT_TRUE(room.store->write([&](store::Tx& tx) -> Status {
        KW_OK(tx.execute("UPDATE rotation_run SET started_by = 'emergency' WHERE id = $1",
                         {run.id.bytes()}));
        return ok();
      }));
    }
    ASSERT_EQ(say(2, Grade::kFailed), "");
    room.settle();
    const auto seen = room.show(run.id);
    EXPECT_EQ(seen.state == RunState::kRollingBack, !emergency) << run_state_name(seen.state);
    if (emergency) continue;
    EXPECT_EQ(seen.problem, "acknowledgements") << "it waits until the consumer is back on 1";
    room.clock.advance(seconds(1));
    ASSERT_EQ(say(1, Grade::kUsed), "");
    EXPECT_EQ(room.carry_to_end(run.id).state, RunState::kRolledBack);
    EXPECT_EQ(room.fake->violations, 0);
  }
}

TEST(Engine, unwinds_from_quarantine_to_the_old_version) {
  EngineRoom room;
  room.fake->the_traits = kForeign;
  room.policy.quarantine = Seconds(86'400);
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  const auto run = room.start("orders");
  room.settle();
  ASSERT_EQ(room.show(run.id).state, RunState::kQuarantine);
  const auto steer = [&](auto how) {
    return room.steer([&](Change c) -> Status {
      KW_OK((room.runs.get()->*how)(c, run.id));
      return ok();
    });
  };
  EXPECT_EQ(steer(&Runs::abort), "invalid_run_transition");
  EXPECT_EQ(steer(&Runs::pause), "");
  EXPECT_EQ(steer(&Runs::pause), "invalid_run_transition");
  EXPECT_EQ(steer(&Runs::resume), "");
  EXPECT_EQ(room.show(run.id).state, RunState::kQuarantine);
  EXPECT_EQ(steer(&Runs::roll_back), "");
  const auto back = room.carry_to_end(run.id);
  EXPECT_EQ(back.state, RunState::kRolledBack);
  EXPECT_EQ(room.fake->primary("orders"), 1);
  EXPECT_EQ(room.fake->accepted("orders"), std::set<std::uint32_t>{1});
  EXPECT_EQ(room.fake->violations, 0);
  EXPECT_EQ(steer(&Runs::retry), "invalid_run_transition");
}

TEST(Engine, has_one_open_run_for_a_subject) {
  EngineRoom room;
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  room.start("orders");
  EXPECT_EQ(room.steer([&](Change c) -> Status {
    KW_OK(room.runs->start(c, room.subject("orders"), {}));
    return ok();
  }),
            "run_open");
}

// The process dies at every write of a whole rotation, before and after it is durable.
TEST(Engine, resumes_in_every_state_to_the_right_end) {
  EngineRoom room;
  room.fake->the_traits = kForeign;
  room.policy.rollout_percent = {10, 100};
  room.policy.quarantine = Seconds(60);
  int deaths = 0;
  for (const bool after : {false, true}) {
    for (int death = 1;; ++death) {
      const std::string name = "key-" + std::to_string(deaths++);
      ASSERT_TRUE(room.fake->add("acme", name));
      const auto run = room.start(name);
      room.mortal->die_at(death, after);
      auto done = room.carry_to_end(run.id, seconds(10), 24);
      const bool died = room.mortal->dead();
      room.restart();
      if (died) done = room.carry_to_end(run.id);
      EXPECT_EQ(done.state, RunState::kDone) << "died at write " << death;
      EXPECT_EQ(room.fake->primary(name), 2);
      EXPECT_EQ(room.fake->accepted(name), std::set<std::uint32_t>{2});
      EXPECT_EQ(room.fake->violations, 0);
      if (!died) break;
    }
  }
  EXPECT_GT(deaths, 30);
}

// The points where system tests kill the server: here they lose the call, or its answer.
TEST(Engine, goes_on_after_a_verb_whose_call_or_answer_was_lost) {
#ifndef KW_FAILPOINTS
  GTEST_SKIP() << "this build has no failpoints";
#endif
  using V = Verb;
  const auto lost_at = [](std::string_view moment, Verb verb, bool back) {
    const std::string point =
        "rotation.verb." + std::string(moment) + "." + std::string(verb_name(verb));
    SCOPED_TRACE(point);
    EngineRoom room;
    room.fake->the_traits = kForeign;
    room.policy.rollout_percent = {10, 100};
    room.policy.quarantine = Seconds(back ? 86'400 : 60);
    ASSERT_TRUE(room.fake->add("acme", "orders"));
    const auto run = room.start("orders");
    if (back) room.carry_to_end(run.id, seconds(10), 24);
    ASSERT_TRUE(failpoint::arm(point + "=error@1"));
    if (back) {
      EXPECT_EQ(room.show(run.id).state, RunState::kQuarantine);
      EXPECT_EQ(room.steer([&](Change c) -> Status {
        KW_OK(room.runs->roll_back(c, run.id));
        return ok();
      }),
                "");
    }
    const auto done = room.carry_to_end(run.id);
    failpoint::disarm_all();
    EXPECT_EQ(done.state, back ? RunState::kRolledBack : RunState::kDone);
    EXPECT_EQ(room.fake->accepted("orders"), std::set<std::uint32_t>{back ? 1U : 2U});
    EXPECT_EQ(room.number("SELECT next_version FROM fake_subject"), 3) << "one new version";
    EXPECT_EQ(room.fake->violations, 0);
    const auto steps = room.steps(run.id);
    EXPECT_TRUE(std::any_of(steps.begin(), steps.end(), [&](const Step& each) {
      return each.verb == verb_name(verb) && each.outcome == "unknown" &&
             each.detail == "failpoint";
    })) << "it was lost";
  };
  for (const std::string_view moment : {"before", "after"}) {
    for (const V verb : {V::kCreatePending, V::kInstall, V::kTest, V::kSetRollout, V::kPromote,
                         V::kDisableOld, V::kRevokeOld, V::kDispose})
      lost_at(moment, verb, false);
    for (const V verb : {V::kRestoreOld, V::kDemote, V::kSetRollout, V::kRemovePending})
      lost_at(moment, verb, true);
  }
}

TEST(Engine, leaves_the_work_to_the_holder_of_the_lease) {
  EngineRoom room;
  room.fake->the_traits = kInternal;
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  EXPECT_TRUE(room.engine().tick()->leader);
  EngineOptions options = room.options;
  options.node = "another";
  Engine other({*room.store, *room.log, room.clock}, {room.fake.get()}, options);
  EXPECT_FALSE(other.tick()->leader);
  room.clock.advance(seconds(31));
  EXPECT_TRUE(other.tick()->leader);
  EXPECT_FALSE(room.engine().tick()->leader);
}

TEST(Engine, tells_once_that_a_run_is_late) {
  EngineRoom room;
  room.policy.approvals = 1;
  room.policy.state_deadline = Seconds(1800);
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  const auto run = room.start("orders");
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(room.engine().tick());
    room.clock.advance(minutes(10));
  }
  EXPECT_EQ(room.show(run.id).state, RunState::kApprove);
  EXPECT_EQ(room.number("SELECT COUNT(*) FROM audit_leaf WHERE action = 'run.late'"), 1);
}

TEST(Engine, works_in_the_background) {
  EngineRoom room;
  room.fake->the_traits = kInternal;
  room.policy.old_version = OldVersion::kKeepSecondary;
  room.options.poll = std::chrono::milliseconds(5);
  room.restart();
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(room.fake->add("acme", "key" + std::to_string(i)));
    room.start("key" + std::to_string(i));
  }
  ASSERT_TRUE(room.engine().start());
  EXPECT_EQ(reason_of(room.engine().start()), "engine_running");
  room.engine().wake();
  const auto deadline = std::chrono::steady_clock::now() + seconds(60);
  const auto done = [&] {
    return room.number("SELECT COUNT(*) FROM rotation_run WHERE state = 'done'");
  };
  while (done() < 50 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(done(), 50);
  room.engine().stop();
}

}  // namespace
}  // namespace kw::rotation
