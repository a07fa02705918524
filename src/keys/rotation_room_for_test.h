// A house whose keys are rotated by a real engine that can be killed: what the tests of rotatables
// stand on.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "keys/house_for_test.h"
#include "keys/kek_rotatable.h"
#include "keys/kek_rotation.h"
#include "keys/key_rotatable.h"
#include "keys/message_budget.h"
#include "keys/operations.h"
#include "keys/rollout_meter.h"
#include "keys/usage.h"
#include "rotation/engine.h"
#include "rotation/runs.h"

namespace kw::keys {

/// Passes everything on until it dies: then nothing is written any more, as after kill -9.
class MortalStore final : public store::Store {
 public:
  explicit MortalStore(store::Store& real) : real_(real) {}
  /// Dies at the write number `writes` from now; `after` says whether that one is still durable.
  void die_at(int writes, bool after) {
    left_ = writes;
    after_ = after;
  }
  bool dead() const { return dead_; }

  Status write(const Work& work, store::Priority priority) override;
  void write_async(Work work, std::function<void(Status)> done) override;
  Status read(const std::function<Status(store::Reader&)>& work) override {
    return real_.read(work);
  }
  Status migrate(std::span<const store::Migration> migrations) override {
    return real_.migrate(migrations);
  }
  std::string_view engine() const override { return real_.engine(); }
  store::Foreground foreground() const override { return real_.foreground(); }

 private:
  store::Store& real_;
  int left_ = 0;
  bool after_ = false, dead_ = false;
};

class RotationRoom {
 public:
  explicit RotationRoom(Engine engine = Engine::kSqlite);
  ~RotationRoom();

  /// A new engine process on the same store; the one before is gone.
  void restart();
  /// Rounds until nothing moves any more; the clock stands still.
  void settle(int rounds = 40);
  /// Rounds with the clock going on by `step`, until the run is finished.
  rotation::Run carry_to_end(const RunId& id, std::chrono::seconds step = std::chrono::seconds(60),
                             int rounds = 4000);
  rotation::Run start(const std::string& name, rotation::StartOptions options = {},
                      const std::string& kind = "key");
  rotation::Run show(const RunId& id);
  /// "" or the reason.
  std::string roll_back(const RunId& id);

  /// A key with a lease grace of a minute and the purpose given, or the algorithm's own.
  Key make(const std::string& name, crypto::Algorithm algorithm = crypto::Algorithm::kAes256Gcm,
           std::optional<crypto::Purpose> purpose = {});
  Key key(const std::string& name) { return house.key(name); }
  VersionState state(const std::string& name, std::uint32_t version);
  Bytes encrypt(const std::string& name, const std::string& caller = "app");
  /// "" or the reason.
  std::string opens(const std::string& name, const Bytes& envelope,
                    const std::string& caller = "app");

  TestHouse house;
  UsageLedger usage{*house.store, house.clock};
  MessageBudget budget{*house.store, {}};
  RolloutMeter meter{*house.store, house.clock, "node-1"};
  Operations uses{*house.keyring, usage, budget, house.clock, {&meter, nullptr}};
  KekRotations kek_rotations{*house.store, *house.barrier, *house.log, house.clock, {}};
  bool proved = false;  ///< that nothing refers to an old version
  KeyRotatable keys{*house.keyring, usage, meter, [this](const rotation::Run&) { return proved; }};
  KekRotatable keks{*house.keyring, kek_rotations};
  rotation::Runs runs{*house.log, house.clock};
  rotation::EffectivePolicy policy;  ///< of every subject
  std::unique_ptr<MortalStore> mortal;
  std::unique_ptr<rotation::Engine> engine;

 private:
  int engines_ = 0;
};

}  // namespace kw::keys
