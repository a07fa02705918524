// Re-encryption of data stores: start, throttle, quarantine, and what still refers to a version.
#include "cli/command.h"
#include "cli/job_watch.h"
#include "cli/listing.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

const std::vector<Flag>& throttle_flags() {
  static const std::vector<Flag> kFlags{
      {"--per-second", "at most so many items per second; 0: no limit", Kind::kNumber},
      {"--foreground-percent", "slow down when others take longer than this, 100 up",
       Kind::kNumber},
      {"--lag-seconds", "rest while a replica is further behind", Kind::kNumber}};
  return kFlags;
}

std::vector<Flag> with_throttle(std::vector<Flag> flags) {
  flags.insert(flags.end(), throttle_flags().begin(), throttle_flags().end());
  return flags;
}

void write_throttle(JsonWriter& json, const Arguments& arguments) {
  const auto add = [&](const char* flag, const char* name) {
    if (arguments.has(flag)) json.member(name, arguments.number(flag, 0));
  };
  add("--per-second", "per_second_max");
  add("--foreground-percent", "foreground_percent_max");
  add("--lag-seconds", "lag_seconds_max");
}

std::string given_tenant(Session& session) {
  const auto tenant = session.tenant();
  return tenant ? *tenant : "";
}

Status start_job(Session& session, const Arguments& arguments) {
  JsonWriter json;
  json.begin_object().member("store", arguments.reference);
  if (arguments.has("--from")) json.member("from_version", arguments.number("--from", 0));
  if (arguments.has("--to")) json.member("target_version", arguments.number("--to", 0));
  write_throttle(json, arguments);
  json.end_object();
  KW_TRY(const auto answer,
         session.send("POST",
                      "/api/v1/rotation/jobs" + client::query({{"tenant", given_tenant(session)}}),
                      json.text()));
  const JsonView job = answer.json.root();
  const std::string id = member(job, "id");
  if (arguments.has("--no-wait")) {
    if (!session.print_for_machines(answer, id))
      Session::line("job " + id + " started.  watch: keywright job watch " + id);
    return ok();
  }
  if (session.table())
    Session::line(arguments.reference + ": " + member(job, "tenant") + ":" +
                  member(job, "subject") + " -> @" + std::to_string(count(job, "target_version")) +
                  ", traffic first (limit " +
                  std::to_string(count(*job.member("throttle"), "foreground_percent_max")) + " %)");
  return follow_job(session, id);
}

Status throttle_job(Session& session, const Arguments& arguments) {
  JsonWriter json;
  json.begin_object();
  write_throttle(json, arguments);
  json.end_object();
  KW_TRY(const auto answer,
         session.send("POST", "/api/v1/rotation/jobs/" + arguments.reference + ":throttle",
                      json.text()));
  if (session.print_for_machines(answer, arguments.reference)) return ok();
  KW_TRY(const JsonView throttle, answer.json.root().member("throttle"));
  const std::int64_t most = count(throttle, "per_second_max");
  Session::line("job " + arguments.reference + ": " +
                (most == 0 ? "no limit per second" : "at most " + grouped(most) + " per second") +
                ", others up to " + std::to_string(count(throttle, "foreground_percent_max")) +
                " %, replicas up to " + std::to_string(count(throttle, "lag_seconds_max")) +
                " s behind");
  return ok();
}

Status list_quarantine(Session& session, const Arguments& arguments) {
  KW_TRY(const auto answer,
         session.send("GET", "/api/v1/rotation/jobs/" + arguments.reference + "/quarantine" +
                                 client::query({{"after", arguments.text("--after")},
                                                {"limit", arguments.text("--limit")}})));
  const auto pass = [](const JsonView& item) { return std::to_string(count(item, "pass")); };
  return show_list(session, answer,
                   {{text_column("ITEM", "item"),
                     text_column("REASON", "reason"),
                     {"PASS", pass},
                     time_column("LAST SEEN", "last_at"),
                     time_column("FIRST SEEN", "first_at", true)},
                    [](const JsonView& item) { return member(item, "item"); },
                    "nothing is in quarantine"});
}

Status list_stores(Session& session, const Arguments& arguments) {
  const std::string tenant = arguments.has("--all") ? "" : given_tenant(session);
  KW_TRY(const auto answer,
         session.send("GET", "/api/v1/rotation/data-stores" + client::query({{"tenant", tenant}})));
  const auto key = [](const JsonView& store) {
    return member(store, "tenant") + ":" + member(store, "key");
  };
  return show_list(session, answer,
                   {{text_column("STORE", "name"),
                     text_column("KIND", "kind"),
                     {"KEY", key},
                     text_column("WHERE", "where")},
                    [](const JsonView& store) { return member(store, "name"); },
                    "this server's configuration names no data stores"});
}

void print_proof(const JsonView& proof) {
  Session::line("proof that nothing refers to @" + std::to_string(count(proof, "version")) + ":");
  const auto points = proof.find("points");
  if (!points) return;
  for (const JsonView& each : points->elements()) {
    const auto shown = each.boolean("shown");
    const std::string missing = member(each, "missing"), where = member(each, "where");
    Session::line(std::string(shown && *shown ? "  ✓ " : "  ○ ") + member(each, "point") +
                  (missing.empty() ? "" : ": " + missing) + (where.empty() ? "" : " in " + where));
  }
}

Status show_references(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  const std::string version = at.version ? std::to_string(*at.version) : "";
  KW_TRY(const auto answer, session.send("GET", Session::key_path(at) + "/references" +
                                                    client::query({{"version", version}})));
  const auto number = [](const char* name) {
    return [name](const JsonView& row) { return grouped(count(row, name)); };
  };
  const auto versions = [](const JsonView& row) {
    return "@" + std::to_string(count(row, "version"));
  };
  KW_OK(show_list(session, answer,
                  {{text_column("STORE", "store"),
                    {"VERSION", versions},
                    {"ITEMS", number("items")},
                    time_column("COUNTED", "second_counted_at")},
                   [](const JsonView& row) { return member(row, "store"); },
                   "no job has counted anything for this key"}));
  const auto proof = answer.json.root().find("proof");
  if (proof && session.table()) print_proof(*proof);
  return ok();
}

}  // namespace

void add_reencryption_commands(std::vector<Command>& commands) {
  commands.push_back(
      {"job",
       "start",
       "re-encrypt a data store under the key's primary version",
       "STORE",
       with_throttle({{"--to", "the version that everything ends on", Kind::kNumber},
                      {"--from", "the version that a rollback goes back to", Kind::kNumber},
                      {"--no-wait", "start it and return", Kind::kSwitch}}),
       {"keywright job start shop-cards"},
       start_job});
  commands.push_back({"job",
                      "throttle",
                      "change what a job may cost others",
                      "JOB",
                      throttle_flags(),
                      {"keywright job throttle JOB --per-second 500"},
                      throttle_job});
  commands.push_back({"job",
                      "quarantine",
                      "items that a job could not process, with reasons",
                      "JOB",
                      {{"--after", "go on behind this item", Kind::kText},
                       {"--limit", "1 to 1,000; default 100", Kind::kNumber}},
                      {"keywright job quarantine JOB"},
                      list_quarantine});
  commands.push_back({"job",
                      "stores",
                      "data stores that the server's configuration names",
                      "",
                      {{"--all", "of all tenants", Kind::kSwitch}},
                      {"keywright job stores"},
                      list_stores});
  commands.push_back({"key",
                      "references",
                      "what data stores hold under each version; with @N, the proof of zero",
                      "KEY",
                      {},
                      {"keywright key references orders@1"},
                      show_references});
}

}  // namespace kw::cli
