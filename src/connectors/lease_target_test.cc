// Short-lived users at real servers, by the leases that make and end them. KEYWRIGHT_LEASES: how
// many at each system.
#include <stdlib.h>

#include <iostream>

#include "connectors/contract_room_for_tests.h"
#include "secrets/house_for_test.h"
#include "secrets/lease.h"

namespace kw::connectors {
namespace {

using secrets::LeaseId;
using secrets::Leases;
using secrets::must;
using secrets::Targets;

constexpr std::chrono::seconds kLife{600}, kMinute{60};
constexpr int kLookedAt = 20;  // of the leases, whether they can log in

int leases_wanted() {
  const char* const text = ::getenv("KEYWRIGHT_LEASES");  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? 40 : static_cast<int>(::strtol(text, nullptr, 10));
}

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
  }

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

class LeasesAt : public ContractRoom {
 protected:
  void SetUp() override {
    ContractRoom::SetUp();
    if (IsSkipped()) return;
    if (connector->issuer() == nullptr || system->role().empty())
      GTEST_SKIP() << "no short-lived users there";
    begin();
    ASSERT_TRUE(lead_over_proxy());
    const std::string password = text_of(*account.admin);
    must(house.put("root", secrets::put_fields({{"username", account.admin->principal.c_str()},
                                                {"password", password.c_str()}})));
    targets = std::make_unique<Targets>(*house.secrets, connectors);
    leases = std::make_unique<Leases>(*targets, Leases::Options());
    secrets::Target target;
    target.connector = system->connector();
    target.settings = account.system;
    target.admin_secret = "root";
    must(house.change([&](secrets::Change change) {
      return targets->put(change, "acme", *ObjectName::parse("here"), target);
    }));
    secrets::LeaseRole role;
    role.target = "here";
    role.settings = system->role();
    role.ttl = kLife;
    role.leases_max = 10'000;
    must(house.change([&](secrets::Change change) {
      return leases->put_role(change, "acme", *ObjectName::parse("many"), role);
    }));
  }

  Result<Leases::Issued> issue() { return leases->issue(house.event, "acme", "many", "web", {}); }
  bool logs_in(const Leases::Issued& issued) {
    return system->log_in(account, {1, issued.lease.principal, issued.password.clone()}) != nullptr;
  }
  std::int64_t open() {
    std::int64_t count = 0;
    must(house.store->read([&](store::Reader& reader) -> Status {
      KW_TRY(const auto row,
             reader.query_one("SELECT COUNT(*) FROM lease_row WHERE state <> 'revoked'", {}));
      count = row->integer(0);
      return ok();
    }));
    return count;
  }
  void tick_for(std::chrono::minutes time) {
    for (std::chrono::seconds passed{0}; passed < time; passed += kMinute) {
      must(leases->tick(house.event));
      house.clock.advance(kMinute);
    }
  }

  secrets::TestHouse house;
  std::unique_ptr<Targets> targets;
  std::unique_ptr<Leases> leases;
};
INSTANTIATE_TEST_SUITE_P(Systems, LeasesAt, testing::ValuesIn(contract_entries()),
                         [](const auto& each) { return std::string(each.param.name); });

TEST_P(LeasesAt, leave_nothing_in_the_catalogue_though_the_target_was_down_for_ten_minutes) {
  const auto before = system->catalogue();
  const int wanted = leases_wanted();
  std::vector<Leases::Issued> looked_at;
  int open_leases = 0;
  const Stopwatch issuing;
  for (int i = 0; i < wanted; ++i) {
    auto issued = must(issue());
    const bool revoked = i % 4 == 0;  // by its user; the others end by themselves
    if (revoked) must(leases->revoke(house.event, issued.lease.id));
    open_leases += revoked ? 0 : 1;
    if (i % std::max(1, wanted / kLookedAt) != 0) continue;
    EXPECT_NE(logs_in(issued), revoked);
    looked_at.push_back(std::move(issued));
  }
  const double issued_in = issuing.seconds();
  EXPECT_EQ(system->catalogue().size(), before.size() + static_cast<std::size_t>(open_leases));

  house.clock.advance(kLife);
  proxy->arm(TcpProxy::Fault::kCutBefore);
  EXPECT_FALSE(issue());
  tick_for(std::chrono::minutes(10));
  EXPECT_EQ(open(), open_leases + 1);
  EXPECT_EQ(system->catalogue().size(), before.size() + static_cast<std::size_t>(open_leases));

  proxy->arm(TcpProxy::Fault::kNone);
  const Stopwatch ending;
  for (int hours = 0; open() > 0 && hours < 24; ++hours) tick_for(std::chrono::minutes(60));
  EXPECT_EQ(open(), 0);
  EXPECT_EQ(system->catalogue(), before);
  for (const Leases::Issued& each : looked_at) EXPECT_FALSE(logs_in(each));
  std::cout << GetParam().name << ": " << wanted << " leases, issued in " << issued_in
            << " s (every fourth revoked), the others ended in " << ending.seconds() << " s\n";
}

}  // namespace
}  // namespace kw::connectors
