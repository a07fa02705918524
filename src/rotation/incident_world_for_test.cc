#include "rotation/incident_world_for_test.h"

#include "codec/base64.h"
#include "crypto/digest.h"

namespace kw::rotation {
namespace {

constexpr store::Migration kTables[] = {
    {"world", 1,
     "CREATE TABLE world_version (subject TEXT NOT NULL, version BIGINT NOT NULL,"
     " state TEXT NOT NULL, marked BIGINT NOT NULL, PRIMARY KEY (subject, version));"
     "CREATE TABLE world_run (id TEXT PRIMARY KEY, subject TEXT NOT NULL, state TEXT NOT NULL,"
     " version BIGINT NOT NULL);"
     "CREATE TABLE world_job (id TEXT PRIMARY KEY, state TEXT NOT NULL);"
     "CREATE TABLE world_act (seq BIGINT NOT NULL, what TEXT NOT NULL, object TEXT NOT NULL)"}};

std::string fingerprint(const std::string& subject, std::int64_t version) {
  return codec::hex(crypto::sha256(as_bytes(subject + "#" + std::to_string(version))));
}

}  // namespace

Subject key_subject(std::string_view name) {
  return {"key", "acme", std::string(name)};
}

IncidentRequest request_for(IncidentRoom& room, std::vector<std::string> names) {
  IncidentRequest request;
  request.scope.names = std::move(names);
  request.reason = "leak";
  request.description = "seen on a paste site";
  request.compromised_since = room.clock().wall() - std::chrono::hours(5);
  return request;
}

World::World(IncidentRoom& room) : graph(room.log()), room_(room) {
  KW_CHECK(room.store().migrate(kTables).has_value());
}

Incidents World::incidents() {
  IncidentHouse house{room_.store(), room_.log(), room_.clock(), room_.proof()};
  IncidentPorts ports{graph, *this, *this, *this, *this, this, {}, {}};
  ports.approved = [this](Change, const Incident&) -> Result<Verdict> { return verdict; };
  ports.acknowledged = [this](store::Reader&, const Subject&, std::uint32_t) -> Result<Board> {
    return board;
  };
  return Incidents(std::move(house), std::move(ports));
}

Status World::act(store::Tx& tx, std::string_view what, const std::string& object) {
  KW_OK(
      tx.execute("INSERT INTO world_act (seq, what, object)"
                 " SELECT coalesce(max(seq), 0) + 1, $1, $2 FROM world_act",
                 {what, object}));
  return ok();
}

void World::add(const Subject& subject) {
  EXPECT_EQ(room_.write([&](Change change) -> Status {
    KW_OK(change.tx.execute("INSERT INTO world_version VALUES ($1, 1, 'retired', 0)",
                            {subject.text()}));
    KW_OK(change.tx.execute("INSERT INTO world_version VALUES ($1, 2, 'primary', 0)",
                            {subject.text()}));
    return ok();
  }),
            "");
}

void World::promote_runs() {
  EXPECT_EQ(room_.write([&](Change change) -> Status {
    KW_TRY(const auto runs, change.tx.query("SELECT id, subject FROM world_run WHERE state = 'open'"
                                            " ORDER BY id",
                                            {}));
    for (const store::Row& run : runs) {
      const std::string& subject = run.text(1);
      if (runs_fail) {
        KW_OK(change.tx.execute("UPDATE world_run SET state = 'failed' WHERE id = $1",
                                {run.text(0)}));
        continue;
      }
      KW_OK(
          change.tx.execute("UPDATE world_version SET state = 'secondary'"
                            " WHERE subject = $1 AND state = 'primary'",
                            {subject}));
      KW_TRY(const auto top,
             change.tx.query_one("SELECT max(version) FROM world_version WHERE subject = $1",
                                 {subject}));
      const std::int64_t version = top->integer(0) + 1;
      KW_OK(change.tx.execute("INSERT INTO world_version VALUES ($1, $2, 'primary', 0)",
                              {subject, version}));
      KW_OK(change.tx.execute("UPDATE world_run SET state = 'promoted', version = $2 WHERE id = $1",
                              {run.text(0), version}));
      KW_OK(act(change.tx, "promote", subject));
    }
    return ok();
  }),
            "");
}

void World::end_jobs() {
  EXPECT_EQ(room_.run("UPDATE world_job SET state = 'done'"), "");
}

void World::work() {
  promote_runs();
  end_jobs();
}

std::int64_t World::count(std::string_view what) {
  return room_.number("SELECT count(*) FROM world_act WHERE what = '" + std::string(what) + "'");
}

std::vector<std::string> World::acts() {
  std::vector<std::string> all;
  EXPECT_EQ(why(room_.store().read([&](store::Reader& reader) -> Status {
              KW_TRY(const auto rows,
                     reader.query("SELECT what, object FROM world_act ORDER BY seq", {}));
              for (const store::Row& row : rows) all.push_back(row.text(0) + " " + row.text(1));
              return ok();
            })),
            "");
  return all;
}

std::string World::state(const Subject& subject, int version) {
  std::string found;
  EXPECT_EQ(why(room_.store().read([&](store::Reader& reader) -> Status {
              KW_TRY(const auto row,
                     reader.query_one("SELECT state FROM world_version WHERE subject = $1"
                                      " AND version = $2",
                                      {subject.text(), version}));
              if (row) found = row->text(0);
              return ok();
            })),
            "");
  return found;
}

Result<std::vector<Subject>> World::suspects(const Scope& scope, WallTime) {
  std::vector<Subject> all;
  for (const std::string& name : scope.names) {
    KW_TRY(const Node node, Node::parse(name));
    all.push_back(node.subject().value());
  }
  return all;
}

Result<std::vector<VersionFacts>> World::versions(const Subject& subject) {
  std::vector<VersionFacts> all;
  KW_OK(room_.store().read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto rows, reader.query("SELECT version, state FROM world_version"
                                         " WHERE subject = $1 ORDER BY version",
                                         {subject.text()}));
    for (const store::Row& row : rows)
      all.push_back({static_cast<std::uint32_t>(row.integer(0)), row.text(1),
                     fingerprint(subject.text(), row.integer(0)), WallTime(),
                     row.text(1) == "primary"});
    return ok();
  }));
  return all;
}

Status World::mark(Change change, const Subject& subject, std::uint32_t version, WallTime at) {
  KW_OK(
      change.tx.execute("UPDATE world_version SET marked = $3 WHERE subject = $1 AND version = $2",
                        {subject.text(), version, to_micros(at)}));
  return ok();
}

Status World::clear(Change change, const Subject& subject, std::uint32_t version) {
  return mark(change, subject, version, WallTime());
}

Status World::revoke(Change change, const Subject& subject, std::uint32_t version,
                     const RevokeOrder& order) {
  KW_OK(change.tx.execute(
      "UPDATE world_version SET state = 'revoked' WHERE subject = $1 AND version = $2",
      {subject.text(), version}));
  const std::string how = order.outage_accepted ? " outage" : "";
  return act(change.tx, "revoke", subject.text() + "#" + std::to_string(version) + how);
}

Result<Refusal> World::await_refusal(const Subject& subject, std::uint32_t version) {
  EXPECT_EQ(state(subject, static_cast<int>(version)), "revoked");
  return Refusal{refused_everywhere, 3, 0, 40, ""};
}

Result<std::vector<Use>> World::uses(const Subject&, WallTime from, WallTime to) {
  if (history_fails) return error(Code::kUnavailable, "store_unavailable", "");
  return std::vector<Use>{
      {"billing", "10.0.0.1:4", "acme", "decrypt", 2, 10, from, to, 0},
      {"mallory\x1b[2J\xE2\x80\xAE<b>", "6.6.6.6:6", "acme", "decrypt", 2, 7, from, to, 3}};
}
Result<std::vector<Holder>> World::holders(const Subject&) {
  return std::vector<Holder>{{"consumer", "billing", WallTime()}, {"consumer", "mail", WallTime()}};
}
Result<std::vector<std::string>> World::abilities(const Subject&) {
  return std::vector<std::string>{"encrypt", "decrypt"};
}
Result<std::vector<Readable>> World::readable(const Subject& subject) {
  return std::vector<Readable>{{subject.tenant, "orders", 1'000, true}};
}

Result<std::string> World::start(Change change, const Subject& subject, const Versions&) {
  const std::string id = "job-" + subject.name;
  KW_OK(change.tx.execute("INSERT INTO world_job VALUES ($1, 'open')", {id}));
  KW_OK(act(change.tx, "job", subject.text()));
  return id;
}

Result<ReencryptState> World::state(const std::string& job) {
  ReencryptState found;
  KW_OK(room_.store().read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row, reader.query_one("SELECT state FROM world_job WHERE id = $1", {job}));
    found.done = row && row->text(0) == "done" && !jobs_fail;
    found.failed = jobs_fail;
    found.items = 1'000;
    return ok();
  }));
  return found;
}

Result<Subject> World::make(const audit::Event&, std::string_view incident,
                            const Subject& subject) {
  const Subject shadow{subject.kind, "system",
                       "drill-" + std::string(incident.substr(0, 8)) + "-" + subject.name};
  KW_OK(room_.store().write([&](store::Tx& tx) -> Status {
    KW_TRY(const auto row,
           tx.query_one("SELECT 1 FROM world_version WHERE subject = $1", {shadow.text()}));
    if (row) return ok();
    KW_OK(tx.execute("INSERT INTO world_version VALUES ($1, 1, 'primary', 0)", {shadow.text()}));
    return act(tx, "shadow", shadow.text());
  }));
  return shadow;
}

Status World::remove(const audit::Event&, std::string_view) {
  return room_.store().write([&](store::Tx& tx) -> Status {
    KW_OK(tx.execute("DELETE FROM world_version WHERE subject LIKE 'key:system/drill-%'", {}));
    return ok();
  });
}

Result<std::optional<std::string>> World::start(Change change, const Subject& subject,
                                                const ReplaceOrder&) {
  if (busy) return std::optional<std::string>();
  KW_TRY(const auto row, change.tx.query_one("SELECT count(*) FROM world_run", {}));
  const std::string id = "run-" + std::to_string(1'000 + row->integer(0));
  KW_OK(
      change.tx.execute("INSERT INTO world_run VALUES ($1, $2, 'open', 0)", {id, subject.text()}));
  KW_OK(act(change.tx, "run", subject.text()));
  return std::optional<std::string>(id);
}

Result<ReplaceState> World::look(store::Reader& reader, const std::string& run) {
  KW_TRY(const auto row,
         reader.query_one("SELECT state, version FROM world_run WHERE id = $1", {run}));
  if (!row) return error(Code::kNotFound, "not_found", "");
  return ReplaceState{row->text(0) == "promoted", row->text(0) == "failed",
                      static_cast<std::uint32_t>(row->integer(1)), "proof_failed"};
}

}  // namespace kw::rotation
