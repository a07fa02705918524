// Secrets bound to a system, rotated by a real engine that can be killed.
#pragma once

#include <functional>
#include <memory>

#include "rotation/engine.h"
#include "rotation/runs.h"
#include "secrets/fake_system_for_test.h"
#include "secrets/house_for_test.h"
#include "secrets/secret_rotatable.h"

namespace kw::secrets {

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
  explicit RotationRoom(FakeSystem::Kind kind, Engine engine = Engine::kSqlite);
  ~RotationRoom();

  /// A new engine process on the same store; the one before is gone.
  void restart();
  /// Rounds with the clock going on by ten seconds each, until the run is finished; `each` after
  /// every round.
  rotation::Run carry_to_end(
      const RunId& id, const std::function<void()>& each = [] {}, int rounds = 400);
  rotation::Run start(const std::string& path, const rotation::StartOptions& wanted = {});
  rotation::Run show(const RunId& id);
  std::string roll_back(const RunId& id);
  /// Makes a secret with the account of its name, accepted by the system, and binds it.
  void bind_app(Settings account = {}, const std::string& path = "app");
  /// True when what a consumer reads now logs in.
  bool reader_gets_in(const std::string& path = "app");
  /// True when this version of "app" logs in.
  bool works(std::uint32_t version, const std::string& path = "app");

  TestHouse house;
  FakeSystem* system;
  Connectors connectors;
  Targets targets{*house.secrets, connectors};
  ReadLedger reads{*house.store, house.clock};
  SecretRotatable rotatable{targets, reads, std::chrono::hours(30 * 24)};
  rotation::Runs runs{*house.log, house.clock};
  rotation::EffectivePolicy policy;  ///< of every subject
  rotation::EngineOptions options;   ///< of engines to come, but for what is of the room
  std::unique_ptr<MortalStore> mortal;
  std::unique_ptr<rotation::Engine> engine;

 private:
  int engines_ = 0;
};

}  // namespace kw::secrets
