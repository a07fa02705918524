// Random walks against a reference model that knows only the table of the specification.
#include <cstdlib>
#include <random>

#include "keys/house_for_test.h"

namespace kw::keys {
namespace {

/// States as letters: pending active Primary secondary retired Archived Suspended Revoked
/// Destroying.
constexpr std::string_view kLetters = "paPsrASRDX";
char letter(VersionState state) {
  return kLetters[static_cast<std::size_t>(state)];
}
VersionState state_of(char c) {
  return static_cast<VersionState>(kLetters.find(c));
}

/// What the specification says, in the plainest form.
class Reference {
 public:
  struct Version {
    char state;
    char before = ' ';       ///< while S or D
    char before_that = ' ';  ///< while D from S
  };

  std::string why_not(std::size_t number, char to) const {
    const Version& version = versions.at(number - 1);
    if (reachable(version.state).find(to) == std::string_view::npos) return "invalid_transition";
    if (version.state == 'P' && to == 's') return "needs_replacement";
    if (version.state == 'D' && to == 'X') return "scheduler_only";
    if (version.state == 'D' && to != version.before) return "not_former_state";
    const bool restores =
        version.state == 'S' && std::string_view("asrA").find(to) != std::string_view::npos;
    return restores && rank(to) > rank(version.before) ? "above_former_state" : "";
  }

  void move(std::size_t number, char to, bool outage) {
    Version& version = versions.at(number - 1);
    const char from = version.state;
    if (to == 'P') demote();
    if (to == 'D') version.before_that = version.before;
    if (to == 'S' && from == 'D') {
      version.before = version.before_that;
    } else if (to == 'S' || to == 'D') {
      version.before = from;
    }
    version.state = to;
    if (from == 'P' && !outage) versions.push_back({'P'});
  }

  void rotate(bool promote) {
    if (promote) demote();
    versions.push_back({promote ? 'P' : 'a'});
  }
  void import() { versions.push_back({'p'}); }

  std::size_t primary() const {
    for (std::size_t i = 0; i < versions.size(); ++i) {
      if (versions[i].state == 'P') return i + 1;
    }
    return 0;
  }

  std::vector<Version> versions = {{'P'}};

 private:
  static std::string_view reachable(char from) {
    switch (from) {
      case 'p':
        return "aRD";
      case 'a':
        return "PrRS";
      case 'P':
        return "sRS";
      case 's':
        return "PrRS";
      case 'r':
        return "ARS";
      case 'A':
        return "rRSD";
      case 'S':
        return "asrARD";
      case 'R':
        return "D";
      case 'D':
        return "pARSX";
      default:
        return "";
    }
  }
  static int rank(char state) { return static_cast<int>(std::string_view("ArsaP").find(state)); }
  void demote() {
    if (const std::size_t old = primary(); old != 0) versions[old - 1].state = 's';
  }
};

class Walker {
 public:
  Walker(TestHouse& house, std::mt19937_64& random) : house_(house), random_(random) {}

  /// One walk of `steps` over a new key; everything in one transaction.
  void walk(const std::string& name, int steps) {
    must(house_.store->write([&](store::Tx& tx) -> Status {
      reference_ = Reference();
      const Change change{tx, house_.event};
      KW_TRY(Key key, house_.keyring->create(change, "acme",
                                             wanted_key(name, crypto::Algorithm::kAes256Gcm)));
      for (int i = 0; i < steps; ++i) {
        step(change, key);
        KW_TRY(key, house_.keyring->load(tx, "acme", name));
        compare(key);
        if (testing::Test::HasFailure()) break;
      }
      return ok();
    }));
  }
  int refused() const { return refused_; }
  int made() const { return made_; }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }

  void step(Change change, const Key& key) {
    const std::size_t dice = below(20);
    if (dice == 0 && key.versions.size() < 12) {
      Keyring::Rotate options;
      options.promote = below(2) == 0;
      must(house_.keyring->rotate(change, key, options));
      reference_.rotate(options.promote);
    } else if (dice == 1 && key.versions.size() < 12) {
      import(change, key);
    } else if (dice == 2) {
      roll_back(change, key);
    } else {
      move(change, key);
    }
  }

  void import(Change change, const Key& key) {
    NewKey wanted = wanted_key(key.name, crypto::Algorithm::kAes256Gcm);
    Bytes material(32, 0);
    for (auto& each : material) each = static_cast<std::uint8_t>(random_());
    must(house_.keyring->import(change, "acme", wanted, SecretBytes::copy_of(material)));
    reference_.import();
  }

  void roll_back(Change change, const Key& key) {
    const std::size_t target = 1 + below(key.versions.size());
    const auto outcome = house_.keyring->roll_back(change, key, static_cast<std::uint32_t>(target));
    const bool possible = reference_.versions[target - 1].state == 's';
    EXPECT_EQ(reason_of(outcome), possible ? "" : "nothing_to_roll_back_to");
    if (possible) reference_.move(target, 'P', true);
  }

  void move(Change change, const Key& key) {
    const std::size_t number = 1 + below(key.versions.size());
    const char to = kLetters[below(kLetters.size())];
    Keyring::Move move;
    move.to = state_of(to);
    move.outage_accepted = key.versions.size() >= 12 || below(4) == 0;
    move.reason = "walk";
    const std::string why_not = reference_.why_not(number, to);
    const auto outcome =
        house_.keyring->move(change, key, static_cast<std::uint32_t>(number), move);
    EXPECT_EQ(reason_of(outcome), why_not) << number << " to " << to;
    ++(why_not.empty() ? made_ : refused_);
    if (why_not.empty()) reference_.move(number, to, move.outage_accepted);
  }

  void compare(const Key& key) {
    ASSERT_EQ(key.versions.size(), reference_.versions.size());
    std::string stored, wanted;
    for (const Version& each : key.versions) stored += letter(each.state);
    for (const auto& each : reference_.versions) wanted += each.state;
    EXPECT_EQ(stored, wanted);
    EXPECT_EQ(key.primary, reference_.primary());
  }

  TestHouse& house_;
  std::mt19937_64& random_;
  Reference reference_;
  int refused_ = 0, made_ = 0;
};

TEST(RandomWalk, agrees_with_the_reference_model_for_100000_steps) {
  const char* given = std::getenv("KW_SEED");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("KW_SEED=" + std::to_string(seed));
  std::printf("seed: KW_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  TestHouse house;
  Walker walker(house, random);
  for (int walk = 0; walk < 500 && !HasFailure(); ++walk) {
    walker.walk("walk-" + std::to_string(walk), 200);
  }
  EXPECT_GT(walker.made(), 10'000);
  EXPECT_GT(walker.refused(), 10'000);
}

}  // namespace
}  // namespace kw::keys
