#include "client/credential_pool.h"

#include <thread>

#include "client/server_for_tests.h"

namespace kw::client {
namespace {

// A foreign system that knows which version of the password is valid.
struct Target {
  struct Link {
    Target& target;
    std::uint32_t version;
    ~Link() { --target.open; }
  };
  Result<std::unique_ptr<Link>> login(const SecretValue& credential) {
    if (credential.version < oldest || credential.version > newest) {
      ++refused;
      return error(Code::kUnauthenticated, "login_refused", "wrong password");
    }
    ++open;
    return std::unique_ptr<Link>(new Link{*this, credential.version});
  }
  std::atomic<std::uint32_t> oldest{1}, newest{1};
  std::atomic<int> open{0}, refused{0};
};

struct Room {
  Room() {
    channel = Channel::open(server.options()).value();
    SecretsOptions options;
    options.tenant = "acme";
    secrets = std::make_unique<Secrets>(channel, options, clock);
    pool = std::make_unique<CredentialPool<Target::Link>>(
        *secrets, "db", [this](const SecretValue& value) { return target.login(value); });
  }
  void rotate(std::uint32_t to) {
    // As a rotation does: both are accepted, then the new one is offered, then the old one dies.
    target.newest = to;
    offered = to;
    target.oldest = to;
  }
  FakeClock clock{from_micros(1'800'000'000'000'000)};
  std::atomic<std::uint32_t> offered{1};
  ServerForTests server{
      [this](const auto&) { return secret_response(static_cast<int>(offered.load())); }};
  Target target;
  std::shared_ptr<Channel> channel;
  std::unique_ptr<Secrets> secrets;
  std::unique_ptr<CredentialPool<Target::Link>> pool;
};

TEST(CredentialPool, reuses_connections_of_the_present_version) {
  Room room;
  const Target::Link* first = room.pool->take().value().get();
  EXPECT_EQ(room.pool->take().value().get(), first);
  EXPECT_EQ(room.target.open, 1);
}

TEST(CredentialPool, a_refused_login_asks_once_for_the_new_password) {
  Room room;
  { const auto lease = room.pool->take().value(); }
  auto held = room.pool->take().value();
  room.rotate(2);
  const auto fresh = room.pool->take();
  ASSERT_TRUE(fresh) << fresh.error().message;
  EXPECT_EQ(fresh->version(), 2U);
  EXPECT_EQ(room.target.refused, 1);
}

TEST(CredentialPool, old_connections_go_when_they_come_back_not_by_time) {
  Room room;
  auto held = std::make_unique<CredentialPool<Target::Link>::Lease>(room.pool->take().value());
  { const auto idle = room.pool->take().value(); }
  EXPECT_EQ(room.pool->idle(), 1U);
  room.clock.advance(std::chrono::hours(100));
  room.rotate(2);
  { const auto fresh = room.pool->take().value(); }
  EXPECT_EQ(room.target.open, 2)
      << "one in use by its holder, one fresh; the idle old one is closed";
  held.reset();
  EXPECT_EQ(room.target.open, 1);
}

TEST(CredentialPool, a_login_that_two_rotations_overtake_gets_through) {
  Room room;
  CredentialPool<Target::Link> pool(*room.secrets, "db", [&](const SecretValue& value) {
    // Each of the first two answers is old when it is used.
    if (value.version < 3) room.rotate(value.version + 1);
    return room.target.login(value);
  });
  const auto lease = pool.take();
  ASSERT_TRUE(lease) << lease.error().message;
  EXPECT_EQ(lease->version(), 3U);
  EXPECT_EQ(room.target.refused, 2);
}

TEST(CredentialPool, a_password_that_is_simply_wrong_is_told) {
  Room room;
  room.target.oldest = room.target.newest = 9;
  EXPECT_EQ(room.pool->take().error().reason, "login_refused");
  EXPECT_EQ(room.target.refused, 1) << "the same password is not tried twice: lockouts count";
}

TEST(CredentialPool, threads_see_no_failure_through_many_rotations) {
  Room room;
  constexpr int kThreads = 4;
  std::atomic<bool> over{false};
  std::atomic<int> taken[kThreads] = {};
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (std::atomic<int>& mine : taken)
    threads.emplace_back([&] {
      while (!over) {
        auto lease = room.pool->take();
        if (!lease) ++failed;
        // Every second one is opened anew: a pool that only reuses meets no refusal.
        if (lease && mine % 2 == 0) lease->discard();
        ++mine;
      }
    });
  for (std::uint32_t version = 2; version < 30; ++version) {
    room.rotate(version);
    // Everybody comes by before the next one, as overlap rules ask for.
    for (std::atomic<int>& each : taken)
      for (const int before = each; each < before + 3;) std::this_thread::yield();
  }
  over = true;
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(room.target.refused, 0) << "no login was ever refused: the test showed nothing";
}

}  // namespace
}  // namespace kw::client
