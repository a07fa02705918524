#include "rotation/engine_room_for_test.h"

#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "cluster/cluster.h"
#include "rotation/migrations.h"
#include "store/postgres_fixture.h"

namespace kw::rotation {

namespace {

constexpr std::array<store::Migration, 1> kFakeTables = {
    {{"fake", 1,
      "CREATE TABLE fake_subject (tenant TEXT NOT NULL, name TEXT NOT NULL,"
      " primary_version BIGINT NOT NULL, next_version BIGINT NOT NULL, since BIGINT NOT NULL,"
      " epoch BIGINT NOT NULL, PRIMARY KEY (tenant, name))"}}};

template <typename T>
T must(Result<T> result) {
  if (!result) ADD_FAILURE() << result.error().reason << ": " << result.error().message;
  return *std::move(result);
}
void must(const Status& status) {
  if (!status) ADD_FAILURE() << status.error().reason << ": " << status.error().message;
}

store::PostgresServer* postgres() {
  static const auto server = store::PostgresServer::start();
  return server ? server->get() : nullptr;
}

// Deaths are simulated above the store, so its files need not outlive a power failure: in memory a
// commit costs no disk flush.
std::filesystem::path memory_folder() {
  const std::filesystem::path shared = "/dev/shm";
  return ::access(shared.c_str(), W_OK) == 0 ? shared : std::filesystem::temp_directory_path();
}

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

Status FakeRotatable::add(const std::string& tenant, const std::string& name) {
  accepted_[{"fake", tenant, name}] = {1};
  return store_.write(
      [&](store::Tx& tx) -> Status {
        KW_OK(tx.execute("INSERT INTO fake_subject VALUES ($1, $2, 1, 2, $3, 1)",
                         {tenant, name, to_micros(clock_.wall())}));
        return ok();
      },
      store::Priority::kForeground);
}

std::int64_t FakeRotatable::primary(const std::string& name) {
  std::int64_t version = 0;
  must(store_.read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row, reader.query_one("SELECT primary_version FROM fake_subject"
                                            " WHERE name = $1",
                                            {name}));
    version = row->integer(0);
    return ok();
  }));
  return version;
}

std::set<std::uint32_t> FakeRotatable::accepted(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  return accepted_[{"fake", "acme", name}];
}

void FakeRotatable::swap_at_target(const std::string& name, std::uint32_t only) {
  const std::scoped_lock lock(mutex_);
  accepted_[{"fake", "acme", name}] = {only};
}

Result<SubjectFacts> FakeRotatable::facts(store::Reader& reader, const Subject& subject) {
  KW_TRY(const auto row, reader.query_one("SELECT primary_version, since, epoch FROM fake_subject"
                                          " WHERE tenant = $1 AND name = $2",
                                          {subject.tenant, subject.name}));
  if (!row) return error(Code::kNotFound, "not_found", "no such subject");
  SubjectFacts facts;
  facts.subject = subject;
  facts.type = "dek";
  facts.primary = static_cast<std::uint32_t>(row->integer(0));
  facts.primary_since = facts.created_at = from_micros(row->integer(1));
  facts.epoch = row->integer(2);
  return facts;
}

Result<std::vector<SubjectFacts>> FakeRotatable::inventory(const Subject* after, int limit) {
  std::vector<SubjectFacts> all;
  const std::string tenant = after != nullptr ? after->tenant : "";
  const std::string name = after != nullptr ? after->name : "";
  KW_OK(store_.read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto rows,
           reader.query("SELECT tenant, name FROM fake_subject WHERE tenant > $1"
                        " OR (tenant = $1 AND name > $2) ORDER BY tenant, name LIMIT $3",
                        {tenant, name, limit}));
    for (const store::Row& row : rows) {
      const Subject subject{"fake", row.text(0), row.text(1)};
      KW_TRY(SubjectFacts one, facts(reader, subject));
      all.push_back(damaged.contains(subject.name) ? damaged_facts(subject) : std::move(one));
    }
    return ok();
  }));
  return all;
}

Result<Observed> FakeRotatable::inspect(const Run& run) {
  Observed seen;
  KW_OK(store_.read([&](store::Reader& reader) -> Status {
    KW_TRY(seen.facts, facts(reader, run.subject));
    return ok();
  }));
  const std::scoped_lock lock(mutex_);
  const std::set<std::uint32_t>& works = accepted_[run.subject];
  seen.pending_exists = run.to_version != 0;
  seen.pending_accepted = works.contains(run.to_version);
  seen.pending_primary = run.to_version != 0 && seen.facts.primary == run.to_version;
  seen.old_accepted = works.contains(run.from_version);
  seen.free_slot = free_slot;
  seen.drift = drift;
  return seen;
}

void FakeRotatable::act(Verb verb, const Run& run) {
  const std::int64_t primary_now = primary(run.subject.name);
  const std::scoped_lock lock(mutex_);
  std::set<std::uint32_t>& works = accepted_[run.subject];
  const auto take_away = [&](std::uint32_t version) {
    if (primary_now == version) ++violations;  // I2, I3
    works.erase(version);
  };
  switch (verb) {
    case Verb::kInstall:
      works.insert(run.to_version);
      break;
    case Verb::kPromote:
      if (!works.contains(run.to_version)) ++violations;  // I2
      break;
    case Verb::kDemote:
      if (!works.contains(run.from_version)) ++violations;
      break;
    case Verb::kDisableOld:
    case Verb::kRevokeOld:
      take_away(run.from_version);
      break;
    case Verb::kRestoreOld:
      works.insert(run.from_version);
      break;
    case Verb::kRemovePending:
      take_away(run.to_version);
      break;
    default:
      break;
  }
}

Performed FakeRotatable::perform(Verb verb, const Run& run) {
  ++performed;
  if (on_perform) on_perform(verb, run);
  const Fault what = fault ? fault(verb, run) : Fault::kNone;
  Performed result;
  if (what == Fault::kRefused) {
    result.outcome = Outcome::kDefiniteFail;
    result.reason = "refused";
    return result;
  }
  const bool arrives = what != Fault::kLostCall;
  if (arrives && the_traits.external) act(verb, run);
  if (verb == Verb::kTest && the_traits.external && !accepted_of(run)) {
    result.outcome = Outcome::kDefiniteFail;
    result.reason = "not_accepted";
  }
  if (what != Fault::kNone) {
    result.outcome = Outcome::kUnknown;
    result.reason = "timeout";
  }
  return result;
}

bool FakeRotatable::accepted_of(const Run& run) {
  const std::scoped_lock lock(mutex_);
  return accepted_[run.subject].contains(run.to_version);
}

Status FakeRotatable::settle(Verb verb, store::Tx& tx, const audit::Event&, Run& run,
                             const Performed&) {
  const Subject& subject = run.subject;
  const auto set_primary = [&](std::uint32_t version, std::uint32_t expected) -> Status {
    KW_TRY(const std::int64_t moved,
           tx.execute("UPDATE fake_subject SET primary_version = $3, since = $4,"
                      " epoch = epoch + 1 WHERE tenant = $1 AND name = $2"
                      " AND primary_version = $5",
                      {subject.tenant, subject.name, version, to_micros(clock_.wall()), expected}));
    if (moved != 1) return error(Code::kFailedPrecondition, "drift", "another primary");
    return ok();
  };
  if (verb == Verb::kCreatePending) {
    KW_TRY(const auto row, tx.query_one("UPDATE fake_subject SET next_version = next_version + 1,"
                                        " epoch = epoch + 1 WHERE tenant = $1 AND name = $2"
                                        " RETURNING next_version",
                                        {subject.tenant, subject.name}));
    run.to_version = static_cast<std::uint32_t>(row->integer(0)) - 1;
  }
  if (verb == Verb::kPromote) return set_primary(run.to_version, run.from_version);
  if (verb == Verb::kDemote) return set_primary(run.from_version, run.to_version);
  return ok();
}

EngineRoom::EngineRoom(const std::string& engine) {
  std::string url;
  if (engine == "sqlite") {
    folder_ = (memory_folder() / "kw-rotation-XXXXXX").string();
    KW_CHECK(mkdtemp(folder_.data()) != nullptr);
    url = "sqlite://" + folder_ + "/store.db";
  } else {
    url = postgres()->fresh_database();
  }
  store = must(store::open(url));
  must(store->migrate(audit::migrations()));
  must(store->migrate(cluster::migrations()));
  must(store->migrate(migrations()));
  must(store->migrate(kFakeTables));
  log = std::make_unique<audit::ChangeLog>(*store, clock, "node-1", "test/audit/1");
  runs = std::make_unique<Runs>(*log, clock);
  consumers = std::make_unique<Consumers>(*log, clock);
  fake = std::make_unique<FakeRotatable>(*store, clock);
  options.policy_for = [this](const SubjectFacts&) -> Result<EffectivePolicy> { return policy; };
  options.metrics = &metrics;
  restart();
}

EngineRoom::~EngineRoom() {
  engine_.reset();
  fake.reset();
  log.reset();
  store.reset();
  if (!folder_.empty()) std::filesystem::remove_all(folder_);
}

Engine& EngineRoom::restart() {
  engine_.reset();
  mortal = std::make_unique<MortalStore>(*store);
  options.node = "engine-" + std::to_string(++engines_);
  engine_ = std::make_unique<Engine>(EngineHouse{*mortal, *log, clock},
                                     std::vector<Rotatable*>{fake.get()}, options);
  return *engine_;
}

void EngineRoom::settle(int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const auto round = engine_->tick();
    if (!round || round->started + round->advanced + round->failed == 0) return;
  }
}

Run EngineRoom::carry_to_end(const RunId& id, std::chrono::seconds step, int rounds) {
  for (int i = 0; i < rounds && !finished(show(id).state); ++i) {
    static_cast<void>(engine_->tick());
    clock.advance(step);
  }
  return show(id);
}

Run EngineRoom::start(const std::string& name, StartOptions wanted) {
  Run run;
  EXPECT_EQ(steer([&](Change change) -> Status {
              KW_TRY(run, runs->start(change, subject(name), wanted));
              return ok();
            }),
            "");
  return run;
}

Run EngineRoom::show(const RunId& id) {
  Run run;
  must(store->read([&](store::Reader& reader) -> Status {
    KW_TRY(run, runs->show(reader, id));
    return ok();
  }));
  return run;
}

std::vector<Step> EngineRoom::steps(const RunId& id) {
  std::vector<Step> all;
  must(store->read([&](store::Reader& reader) -> Status {
    KW_TRY(all, runs->steps(reader, id));
    return ok();
  }));
  return all;
}

std::string EngineRoom::steer(const std::function<Status(Change)>& work) {
  audit::Event by;
  by.actor = "alice";
  return reason_of(store->write(
      [&](store::Tx& tx) {
        return work({tx, by});
      },
      store::Priority::kForeground));
}

std::int64_t EngineRoom::number(std::string_view sql) {
  std::int64_t value = -1;
  must(store->read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row, reader.query_one(sql, {}));
    value = row->integer(0);
    return ok();
  }));
  return value;
}

}  // namespace kw::rotation
