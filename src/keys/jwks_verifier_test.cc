// Verifiers that keep a tenant's key set for as long as they may, through rotation after rotation.
#include <deque>
#include <set>

#include "keys/jwks.h"
#include "keys/rotation_room_for_test.h"

namespace kw::keys {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes kTokenLife{30};

struct Token {
  std::uint32_t version = 0;
  WallTime until;
  Bytes signature;
};

/// Fetches the set when its copy is too old, never earlier: it does not know unknown keys.
class Verifier {
 public:
  /// Fetched the set of version 1 at `fetched`.
  Verifier(seconds keeps, WallTime fetched) : keeps_(keeps), fetched_(fetched), known_{1} {}

  bool accepts(const Key& key, const Token& token, WallTime now) {
    if (now - fetched_ >= keeps_) {
      known_.clear();
      for (const Version* version : published_versions(key, kTokenLife, now))
        known_.insert(version->number);
      fetched_ = now;
    }
    return known_.contains(token.version);
  }

 private:
  seconds keeps_;
  WallTime fetched_;
  std::set<std::uint32_t> known_;
};

class KeySetThroughRotations : public testing::Test {
 protected:
  KeySetThroughRotations() {
    NewKey wanted = wanted_key("tokens", crypto::Algorithm::kEd25519);
    wanted.labels = {{"use", "jwt"}, {"jwt.token-life", "30min"}};
    must(room.house.create(wanted));
    room.policy.rollout_percent = {5, 50, 100};
    room.policy.soak = minutes(5);
    room.policy.min_overlap = kTokenLife;
    room.policy.old_version = rotation::OldVersion::kRetire;
  }

  // Ten verifiers whose copies are of ten different ages.
  void add_verifiers(seconds keeps) {
    for (int i = 0; i < 10; ++i)
      verifiers.emplace_back(keeps, room.house.clock.wall() - minutes(i));
  }

  // One minute: tokens are made by three issuers, and every verifier meets every token that lives.
  void pass_a_minute() {
    room.house.clock.advance(minutes(1));
    room.settle(12);
    const Key key = room.key("tokens");
    const WallTime now = room.house.clock.wall();
    for (const char* issuer : {"login", "billing", "search"}) {
      auto made = must(room.uses.sign(key, 0, as_bytes("claims"), issuer));
      alive.push_back({made.version, now + kTokenLife, std::move(made.content)});
    }
    while (!alive.empty() && alive.front().until < now) alive.pop_front();
    for (const Token& token : alive)
      for (Verifier& verifier : verifiers) rejected += verifier.accepts(key, token, now) ? 0 : 1;
    const Token& one = alive[alive.size() / 2];
    const auto verified =
        must(room.uses.verify(key, one.version, as_bytes("claims"), one.signature, "api"));
    EXPECT_TRUE(relied_on(verified.verdict));
  }

  void rotate(int times) {
    for (int i = 0; i < times; ++i) {
      const RunId run = room.start("tokens").id;
      while (!rotation::finished(room.show(run).state)) pass_a_minute();
      ASSERT_EQ(room.show(run).state, rotation::RunState::kDone) << room.show(run).problem;
      for (int quiet = 0; quiet < 15; ++quiet) pass_a_minute();
    }
  }

  RotationRoom room;
  std::vector<Verifier> verifiers;
  std::deque<Token> alive;
  int rejected = 0;
};

TEST_F(KeySetThroughRotations, a_verifier_with_a_ten_minute_cache_rejects_nothing_in_50_rotations) {
  room.policy.publish_wait = minutes(20);
  const seconds keeps = set_max_age(room.policy.publish_wait);
  ASSERT_EQ(keeps, minutes(10));
  add_verifiers(keeps);
  rotate(50);
  EXPECT_EQ(rejected, 0);
  EXPECT_EQ(room.key("tokens").primary, 51U);
}

TEST_F(KeySetThroughRotations, without_the_wait_the_same_verifiers_reject_tokens) {
  room.policy.publish_wait = seconds(0);
  add_verifiers(minutes(10));
  rotate(2);
  EXPECT_GT(rejected, 0);
}

}  // namespace
}  // namespace kw::keys
