#include "secrets/rotation_room_for_test.h"

#include "base/reveal.h"

namespace kw::secrets {

namespace {

// Shorter than the engine's lease: an engine that lost it begins to wait again.
constexpr std::chrono::seconds kStep{10};

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

RotationRoom::RotationRoom(FakeSystem::Kind kind, Engine which)
    : house(which), system(new FakeSystem(kind)) {
  connectors.emplace_back(system);
  policy.old_version = rotation::OldVersion::kRetire;
  policy.min_overlap = rotation::Seconds(60);
  policy.acknowledgement_deadline = rotation::Seconds(120);
  system->set_password("admin", "admin-password");
  must(house.put("root", put_fields({{"username", "admin"}, {"password", "admin-password"}})));
  Target target;
  target.connector = system->name();
  target.settings = {{"host", "db"}};
  target.admin_secret = "root";
  must(house.change(
      [&](Change c) { return targets.put(c, "acme", *ObjectName::parse("db"), target); }));
  restart();
}

RotationRoom::~RotationRoom() {
  engine.reset();
}

void RotationRoom::restart() {
  engine.reset();
  mortal = std::make_unique<MortalStore>(*house.store);
  options.node = "engine-" + std::to_string(++engines_);
  options.policy_for = [this](const rotation::SubjectFacts&) -> Result<rotation::EffectivePolicy> {
    return policy;
  };
  engine =
      std::make_unique<rotation::Engine>(rotation::EngineHouse{*mortal, *house.log, house.clock},
                                         std::vector<rotation::Rotatable*>{&rotatable}, options);
}

rotation::Run RotationRoom::carry_to_end(const RunId& id, const std::function<void()>& each,
                                         int rounds) {
  for (int i = 0; i < rounds && !rotation::finished(show(id).state); ++i) {
    static_cast<void>(engine->tick());
    each();
    if (mortal->dead()) restart();
    house.clock.advance(kStep);
  }
  return show(id);
}

rotation::Run RotationRoom::start(const std::string& path, const rotation::StartOptions& wanted) {
  rotation::Run run;
  must(house.store->write([&](store::Tx& tx) -> Status {
    KW_TRY(run, runs.start({tx, house.event}, {"secret", "acme", path}, wanted));
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

void RotationRoom::bind_app(Settings account, const std::string& path) {
  const std::string user = path + (system->name() == "alternating" ? "_a" : "");
  system->set_password(user, "first-password");
  must(house.put(path, put_fields({{"username", user.c_str()}, {"password", "first-password"}})));
  account.emplace("account", path);
  must(house.change([&](Change c) { return targets.bind(c, house.secret(path), "db", account); }));
}

bool RotationRoom::reader_gets_in(const std::string& path) {
  const auto read = house.secrets->read("acme", path, {.consumer = "web"});
  if (!read) return false;
  return system->logs_in(must(read->value.text_of("username")),
                         must(read->value.text_of("password")));
}

bool RotationRoom::works(std::uint32_t version, const std::string& path) {
  bool in = false;
  must(house.store->read([&](store::Reader& reader) -> Status {
    KW_TRY(const Secret secret, house.secrets->load(reader, "acme", path));
    KW_TRY(const Value value, house.secrets->open(reader, secret, *secret.version(version)));
    in = system->logs_in(must(value.text_of("username")), must(value.text_of("password")));
    return ok();
  }));
  return in;
}

}  // namespace kw::secrets
