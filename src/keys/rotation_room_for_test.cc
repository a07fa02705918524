#include "keys/rotation_room_for_test.h"

namespace kw::keys {

namespace {

const ByteView kContext = as_bytes("tenant 7");

Error gone() {
  return error(Code::kUnavailable, "store_unavailable", "the process is dead");
}

}  // namespace

Status MortalStore::write(const Work& work, store::Priority priority) {
  if (dead_) return gone();
  if (left_ > 0 && --left_ == 0) {
    dead_ = true;
    if (after_) static_cast<void>(real_.write(work, priority));
    return gone();
  }
  return real_.write(work, priority);
}

void MortalStore::write_async(Work work, std::function<void(Status)> done) {
  if (dead_) return done(gone());
  real_.write_async(std::move(work), std::move(done));
}

RotationRoom::RotationRoom(Engine which) : house(which) {
  policy.old_version = rotation::OldVersion::kRetire;
  restart();
}

RotationRoom::~RotationRoom() {
  engine.reset();
  kek_rotations.stop_all();
}

void RotationRoom::restart() {
  engine.reset();
  house.keyring->forget_all();
  mortal = std::make_unique<MortalStore>(*house.store);
  rotation::EngineOptions options;
  options.node = "engine-" + std::to_string(++engines_);
  options.policy_for = [this](const rotation::SubjectFacts&) -> Result<rotation::EffectivePolicy> {
    return policy;
  };
  engine =
      std::make_unique<rotation::Engine>(rotation::EngineHouse{*mortal, *house.log, house.clock},
                                         std::vector<rotation::Rotatable*>{&keys, &keks}, options);
}

void RotationRoom::settle(int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const auto round = engine->tick();
    if (!round || round->started + round->advanced + round->failed == 0) return;
  }
}

rotation::Run RotationRoom::carry_to_end(const RunId& id, std::chrono::seconds step, int rounds) {
  for (int i = 0; i < rounds && !rotation::finished(show(id).state); ++i) {
    static_cast<void>(engine->tick());
    house.clock.advance(step);
  }
  return show(id);
}

rotation::Run RotationRoom::start(const std::string& name, rotation::StartOptions wanted,
                                  const std::string& kind) {
  rotation::Run run;
  must(house.store->write([&](store::Tx& tx) -> Status {
    KW_TRY(run, runs.start({tx, house.event}, {kind, "acme", name}, wanted));
    return ok();
  }));
  return run;
}

rotation::Run RotationRoom::show(const RunId& id) {
  rotation::Run run;
  must(house.store->read([&](store::Reader& reader) -> Status {
    KW_TRY(run, runs.show(reader, id));
    return ok();
  }));
  return run;
}

std::string RotationRoom::roll_back(const RunId& id) {
  return reason_of(house.store->write([&](store::Tx& tx) -> Status {
    KW_OK(runs.roll_back({tx, house.event}, id));
    return ok();
  }));
}

Key RotationRoom::make(const std::string& name, crypto::Algorithm algorithm,
                       std::optional<crypto::Purpose> purpose) {
  NewKey wanted = wanted_key(name, algorithm);
  if (purpose) wanted.purpose = *purpose;
  return must(house.create(wanted));
}

VersionState RotationRoom::state(const std::string& name, std::uint32_t version) {
  const Key now = key(name);
  const Version* found = now.version(version);
  EXPECT_NE(found, nullptr);
  return found == nullptr ? VersionState::kDestroyed : found->state;
}

Bytes RotationRoom::encrypt(const std::string& name, const std::string& caller) {
  return must(uses.encrypt(key(name), 0, kContext, as_bytes("attack at dawn"), caller)).content;
}

std::string RotationRoom::opens(const std::string& name, const Bytes& envelope,
                                const std::string& caller) {
  const auto opened = uses.decrypt(key(name), envelope, kContext, caller);
  if (!opened) return opened.error().reason;
  return as_text(opened->content) == "attack at dawn" ? "" : "another plaintext";
}

}  // namespace kw::keys
