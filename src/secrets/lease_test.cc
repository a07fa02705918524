#include "secrets/lease.h"

#include "base/failpoint.h"
#include "secrets/rotation_room_for_test.h"

namespace kw::secrets {
namespace {

using Fault = FakeSystem::Fault;

class Leasing : public testing::TestWithParam<Engine> {
 protected:
  Leasing() {
    LeaseRole role;
    role.target = "db";
    role.settings = {{"grants", "read"}};
    role.ttl = Seconds(3600);
    role.ttl_max = Seconds(7200);
    role.leases_max = 20;
    must(room.house.change(
        [&](Change c) { return leases->put_role(c, "acme", *ObjectName::parse("reader"), role); }));
  }
  std::unique_ptr<Leases> fresh_leases() {
    Leases::Options options;
    options.node = "node-" + std::to_string(++nodes_);
    options.metrics = &metrics;
    return std::make_unique<Leases>(room.targets, options);
  }
  Result<Leases::Issued> issue(std::optional<Seconds> ttl = {}) {
    return leases->issue(room.house.event, "acme", "reader", "web", ttl);
  }
  Lease show(const LeaseId& id) {
    std::optional<Lease> lease;
    must(room.house.store->read([&](store::Reader& reader) -> Status {
      KW_TRY(lease, leases->show(reader, id));
      return ok();
    }));
    return *lease;
  }
  std::size_t open() {
    std::size_t count = 0;
    must(room.house.store->read([&](store::Reader& reader) -> Status {
      KW_TRY(const auto all, leases->list(reader, "acme", {}));
      count = all.size();
      return ok();
    }));
    return count;
  }
  /// Ticks of the worker while the clock goes on, until nothing is open.
  void wait_for_the_end(int rounds = 200) {
    for (int i = 0; i < rounds && open() > 0; ++i) {
      static_cast<void>(leases->tick(room.house.event));
      room.house.clock.advance(std::chrono::seconds(61));
    }
  }
  /// All that the system knows beside the admin.
  std::size_t users() { return room.system->users().size() - 1; }

  RotationRoom room{FakeSystem::Kind::kAlternating, GetParam()};
  observe::Registry metrics;
  int nodes_ = 0;
  std::unique_ptr<Leases> leases = fresh_leases();
};
INSTANTIATE_TEST_SUITE_P(Store, Leasing, testing::Values(Engine::kSqlite, Engine::kPostgres),
                         engine_name);

TEST_P(Leasing, a_lease_works_until_it_expires) {
  const auto issued = must(issue());
  EXPECT_TRUE(room.system->logs_in(issued.lease.principal, shown(issued.password)));
  EXPECT_EQ(show(issued.lease.id).cell, 0);
  EXPECT_EQ(must(leases->tick(room.house.event)), 0);
  room.house.clock.advance(std::chrono::seconds(3600));
  EXPECT_EQ(must(leases->tick(room.house.event)), 1);
  EXPECT_FALSE(room.system->logs_in(issued.lease.principal, shown(issued.password)));
  EXPECT_EQ(show(issued.lease.id).state, LeaseState::kRevoked);
  EXPECT_EQ(users(), 0U);
}

TEST_P(Leasing, renewals_end_at_the_longest_life) {
  const auto issued = must(issue());
  room.house.clock.advance(std::chrono::seconds(3000));
  const Lease renewed = must(leases->renew(room.house.event, issued.lease.id, {}));
  EXPECT_EQ(renewed.expires_at, issued.lease.issued_at + Seconds(6600));
  room.house.clock.advance(std::chrono::seconds(3500));
  EXPECT_EQ(must(leases->renew(room.house.event, issued.lease.id, {})).expires_at,
            issued.lease.issued_at + Seconds(7200));
  room.house.clock.advance(std::chrono::seconds(800));
  EXPECT_EQ(reason_of(leases->renew(room.house.event, issued.lease.id, {})), "lease_over");
}

TEST_P(Leasing, quotas_and_times_are_kept) {
  EXPECT_EQ(reason_of(issue(Seconds(10))), "bad_ttl");
  EXPECT_EQ(reason_of(issue(Seconds(3601))), "bad_ttl");
  for (int i = 0; i < 20; ++i) must(issue());
  EXPECT_EQ(reason_of(issue()), "lease_quota");
  EXPECT_EQ(users(), 20U);
  room.house.clock.advance(std::chrono::hours(1));
  must(leases->tick(room.house.event));
  EXPECT_TRUE(issue().has_value());
}

TEST_P(Leasing, revocation_never_gives_up) {
  const auto issued = must(issue());
  room.system->fail_at(1, Fault::kDown, 1000);
  EXPECT_EQ(must(leases->revoke(room.house.event, issued.lease.id)).state, LeaseState::kRevoking);
  for (int i = 0; i < 30; ++i) {
    must(leases->tick(room.house.event));
    room.house.clock.advance(std::chrono::seconds(61));
    if (i == 15) leases = fresh_leases();  // the server starts again
  }
  const Lease waiting = show(issued.lease.id);
  EXPECT_EQ(waiting.state, LeaseState::kRevoking);
  EXPECT_GT(waiting.attempts, 5);
  EXPECT_EQ(waiting.problem, "target_unreachable");
  room.house.clock.advance(std::chrono::hours(2));
  must(leases->tick(room.house.event));
  EXPECT_EQ(metrics.gauge("secrets_leases_late", "").value(), 1);
  room.system->heal();
  wait_for_the_end();
  EXPECT_EQ(users(), 0U);
  EXPECT_EQ(show(issued.lease.id).state, LeaseState::kRevoked);
  room.house.clock.advance(std::chrono::hours(1));
  must(leases->tick(room.house.event));
  EXPECT_EQ(metrics.gauge("secrets_leases_late", "").value(), 0);
}

TEST_P(Leasing, an_issue_without_an_answer_leaves_nothing_behind) {
  for (const Fault fault : {Fault::kDown, Fault::kLostReply}) {
    room.system->fail_at(1, fault, 1);
    EXPECT_EQ(reason_of(issue()), "target_unreachable");
    wait_for_the_end();
    EXPECT_EQ(users(), 0U);
  }
}

TEST_P(Leasing, a_crash_at_any_point_leaves_nothing_behind) {
#ifndef KW_FAILPOINTS
  GTEST_SKIP() << "this build has no failpoints";
#endif
  for (const char* point : {"secrets.lease.written", "secrets.lease.issued"})
    for (const int hit : {1, 2}) {
      must(failpoint::arm(std::string(point) + "=error@" + std::to_string(hit)));
      static_cast<void>(issue());
      failpoint::disarm_all();
      leases = fresh_leases();
      wait_for_the_end();
      EXPECT_EQ(users(), 0U) << point;
      EXPECT_EQ(open(), 0U) << point;
    }
  must(failpoint::arm("secrets.lease.moved=error@1"));
  EXPECT_EQ(reason_of(issue()), "failpoint");
  failpoint::disarm_all();
  EXPECT_EQ(users(), 1U);
  wait_for_the_end();
  EXPECT_EQ(users(), 0U);
}

TEST_P(Leasing, users_that_nobody_knows_of_are_dropped_after_a_grace_and_others_are_not) {
  const auto issued = must(issue());
  const std::string prefix = issued.lease.principal.substr(0, 14);
  room.system->set_password(prefix + "0123456789ab", "left behind");
  room.system->set_password("kw_other_0123", "of another installation");
  for (int i = 0; i < 8; ++i) {
    must(leases->tick(room.house.event));
    const bool there = room.system->users().contains(prefix + "0123456789ab");
    EXPECT_TRUE(there || i >= 2);
    room.house.clock.advance(std::chrono::seconds(301));
  }
  EXPECT_FALSE(room.system->users().contains(prefix + "0123456789ab"));
  EXPECT_TRUE(room.system->users().contains("kw_other_0123"));
  EXPECT_TRUE(room.system->users().contains(issued.lease.principal));
}

TEST_P(Leasing, what_a_role_says_is_checked_and_its_target_stays) {
  LeaseRole role;
  role.target = "db";
  const auto put = [&] {
    return reason_of(room.house.change(
        [&](Change c) { return leases->put_role(c, "acme", *ObjectName::parse("r"), role); }));
  };
  EXPECT_EQ(put(), "missing_setting");
  role.settings = {{"grants", "read"}};
  role.ttl = Seconds(1);
  EXPECT_EQ(put(), "bad_role");
  role.ttl = Seconds(600);
  role.generator = "ed25519";
  EXPECT_EQ(put(), "bad_generator");
  role.target = "nowhere";
  EXPECT_EQ(put(), "not_found");
  EXPECT_EQ(
      reason_of(room.house.change([&](Change c) { return room.targets.remove(c, "acme", "db"); })),
      "target_in_use");
  EXPECT_EQ(reason_of(leases->issue(room.house.event, "acme", "nothing", "web", {})), "not_found");
}

TEST_P(Leasing, two_thousand_leases_with_the_target_down_for_ten_minutes_leave_nothing) {
  if (GetParam() == Engine::kPostgres) GTEST_SKIP() << "the count is the point, not the engine";
  LeaseRole role;
  role.target = "db";
  role.settings = {{"grants", "read"}};
  role.ttl = Seconds(600);
  role.leases_max = 10'000;
  must(room.house.change(
      [&](Change c) { return leases->put_role(c, "acme", *ObjectName::parse("many"), role); }));
  for (int i = 0; i < 2000; ++i) must(leases->issue(room.house.event, "acme", "many", "web", {}));
  EXPECT_EQ(users(), 2000U);
  room.house.clock.advance(std::chrono::seconds(600));
  room.system->fail_at(1, Fault::kDown, 1'000'000);
  for (int i = 0; i < 10; ++i) {
    must(leases->tick(room.house.event));
    room.house.clock.advance(std::chrono::seconds(60));
  }
  EXPECT_EQ(users(), 2000U);
  room.system->heal();
  wait_for_the_end();
  EXPECT_EQ(users(), 0U);
  EXPECT_EQ(open(), 0U);
}

}  // namespace
}  // namespace kw::secrets
