#include "keys/kek_rotatable.h"

#include <thread>

#include "keys/kek_job_source.h"
#include "keys/rotation_room_for_test.h"

namespace kw::keys {
namespace {

using rotation::OldVersion;
using rotation::RunState;
using rotation::Seconds;
using std::chrono::hours;

class KekRotating : public testing::TestWithParam<Engine> {
 protected:
  std::vector<seal::KekVersion> versions() {
    std::vector<seal::KekVersion> all;
    must(room.house.store->read([&](store::Reader& reader) -> Status {
      KW_TRY(all,
             room.house.barrier->keks(reader, must(room.house.keyring->tenant("acme")).number));
      return ok();
    }));
    return all;
  }
  rotation::Job job() { return must(source.list("acme", {}, 10)).front(); }
  void wait_for(rotation::JobState state) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (job().state != state && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    ASSERT_EQ(job().state, state);
  }
  rotation::Run start() { return room.start("kek", {}, "kek"); }

  RotationRoom room{GetParam()};
  KekJobSource source{room.kek_rotations};
};
INSTANTIATE_TEST_SUITE_P(Store, KekRotating, testing::Values(Engine::kSqlite, Engine::kPostgres),
                         [](const auto& each) {
                           return each.param == Engine::kSqlite ? "sqlite" : "postgres";
                         });

TEST_P(KekRotating, promotes_first_and_drains_until_every_cell_is_rewrapped) {
  for (int i = 0; i < 20; ++i) room.make("key-" + std::to_string(i));
  const Bytes sealed = room.encrypt("key-3");
  const rotation::Run run = start();
  room.settle();
  EXPECT_EQ(room.show(run.id).to_version, 2U);
  EXPECT_EQ(versions()[1].state, seal::KekState::kPrimary);
  wait_for(rotation::JobState::kDone);
  EXPECT_EQ(versions()[0].state, seal::KekState::kRetired);
  EXPECT_EQ(room.carry_to_end(run.id).state, RunState::kDone);
  room.house.keyring->forget_all();
  EXPECT_EQ(room.opens("key-3", sealed), "");
  EXPECT_EQ(job().kind, "kek-rewrap");
  EXPECT_EQ(job().progress.counts.done, 20);
}

TEST_P(KekRotating, the_run_waits_for_its_job_and_the_job_is_steered_like_any_other) {
  room.make("orders");
  const auto worker_stopped = [&] { room.kek_rotations.stop_all(); };
  const rotation::Run run = start();
  ASSERT_TRUE(room.engine->tick());
  worker_stopped();
  const JobId id = job().id;
  if (job().state == rotation::JobState::kRunning) {
    must(room.house.store->write([&](store::Tx& tx) -> Status {
      KW_OK(source.pause({tx, room.house.event}, id));
      return ok();
    }));
    room.house.clock.advance(hours(1));
    room.settle();
    EXPECT_EQ(room.show(run.id).state, RunState::kDrain);
    EXPECT_EQ(room.show(run.id).problem, "in_use");
    const auto drain = must(room.keks.measure_drain(room.show(run.id)));
    EXPECT_GE(drain.in_use, 1);
    EXPECT_EQ(drain.holders, std::vector<std::string>{"job " + id.text() + ": paused"});
    must(room.house.store->write([&](store::Tx& tx) -> Status {
      KW_OK(source.resume({tx, room.house.event}, id));
      return ok();
    }));
  }
  source.kick(id);
  wait_for(rotation::JobState::kDone);
  EXPECT_EQ(room.carry_to_end(run.id).state, RunState::kDone);
}

TEST_P(KekRotating, rolling_back_turns_the_job_round) {
  room.policy.min_overlap = Seconds(86'400);
  for (int i = 0; i < 20; ++i) room.make("key-" + std::to_string(i));
  const Bytes sealed = room.encrypt("key-3");
  const rotation::Run run = start();
  ASSERT_TRUE(room.engine->tick());
  room.kek_rotations.stop_all();
  const bool was_done = job().state == rotation::JobState::kDone;
  EXPECT_EQ(room.roll_back(run.id), "");
  room.settle();
  if (was_done) {  // the worker was faster: the old KEK is retired, a person decides
    EXPECT_EQ(room.show(run.id).state, RunState::kNeedsOperator);
    EXPECT_EQ(room.show(run.id).problem, "kek_retired");
    return;
  }
  EXPECT_EQ(room.show(run.id).state, RunState::kRolledBack);
  EXPECT_EQ(versions()[0].state, seal::KekState::kPrimary);
  source.kick(job().id);
  wait_for(rotation::JobState::kRolledBack);
  EXPECT_EQ(versions()[1].state, seal::KekState::kRetired);
  room.house.keyring->forget_all();
  EXPECT_EQ(room.opens("key-3", sealed), "");
  const rotation::Run again = start();
  room.settle();
  EXPECT_EQ(room.show(again.id).to_version, 3U);
}

TEST_P(KekRotating, there_is_one_subject_for_each_tenant) {
  std::vector<std::string> names;
  std::optional<rotation::Subject> after;
  for (int page = 0; page < 5; ++page) {
    const auto found = must(room.keks.inventory(after ? &*after : nullptr, 2));
    for (const auto& each : found) names.push_back(each.subject.text());
    if (found.size() < 2) break;
    after = found.back().subject;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"kek:acme/kek", "kek:globex/kek", "kek:system/kek"}));
  const rotation::Subject place{"kek", "acme", ""};
  EXPECT_EQ(must(room.keks.inventory(&place, 1)).front().subject.text(), "kek:acme/kek");
}

TEST_P(KekRotating, one_that_was_changed_behind_the_service_keeps_no_other_from_being_told) {
  must(
      room.house.tamper("UPDATE kek SET epoch = epoch + 1 WHERE tenant ="
                        " (SELECT number FROM tenant WHERE name = 'acme')"));
  must(room.house.tamper("UPDATE tenant SET epoch = epoch + 1 WHERE name = 'globex'"));
  std::string told;
  for (const auto& each : must(room.keks.inventory(nullptr, 100)))
    told += each.subject.tenant + (each.damaged ? " damaged, " : ", ");
  EXPECT_EQ(told, "acme damaged, globex damaged, system, ");
}

}  // namespace
}  // namespace kw::keys
