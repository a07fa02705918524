#include "cli/command.h"
#include "cli/job_watch.h"
#include "cli/listing.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using Kind = Flag::Kind;

Status rotate_kek(Session& session, const Arguments& arguments) {
  KW_TRY(const std::string tenant, session.tenant());
  KW_TRY(const auto answer,
         session.send("POST", "/api/v1/tenants/" + tenant + "/keks:rotate", "{}"));
  const JsonView job = answer.json.root();
  const std::string id = member(job, "id");
  if (arguments.has("--no-wait")) {
    if (!session.print_for_machines(answer, id))
      Session::line("job " + id + " started.  watch: keywright job watch " + id);
    return ok();
  }
  if (session.table()) {
    Session::line(tenant + ":kek@" + std::to_string(count(job, "from_version")) + " -> @" +
                  std::to_string(count(job, "target_version")) + ": " +
                  grouped(count(job, "total")) +
                  " sealed versions, traffic first (p99 limit 1.2x)");
    Session::line("✓ create   ✓ promote: new versions use @" +
                  std::to_string(count(job, "target_version")) + " from now");
  }
  return follow_job(session, id);
}

Status list_keks(Session& session, const Arguments&) {
  KW_TRY(const std::string tenant, session.tenant());
  KW_TRY(const auto answer, session.send("GET", "/api/v1/tenants/" + tenant + "/keks"));
  const auto version = [](const JsonView& kek) {
    return "@" + std::to_string(count(kek, "version"));
  };
  return show_list(
      session, answer,
      {{{"KEK", version}, text_column("STATE", "state"), time_column("CREATED", "created_at")},
       version,
       ""});
}

Status list_jobs(Session& session, const Arguments& arguments) {
  const std::string tenant = arguments.has("--all")         ? ""
                             : session.tenant().has_value() ? *session.tenant()
                                                            : "";
  KW_TRY(const auto answer,
         session.send("GET", "/api/v1/rotation/jobs" + client::query({{"tenant", tenant}})));
  const auto number = [](const char* name) {
    return [name](const JsonView& job) { return grouped(count(job, name)); };
  };
  return show_list(session, answer,
                   {{text_column("JOB", "id"),
                     text_column("KIND", "kind"),
                     text_column("TENANT", "tenant"),
                     text_column("STORE", "store", true),
                     text_column("PHASE", "phase"),
                     text_column("STATE", "state"),
                     {"DONE", number("done")},
                     {"TOTAL", number("total")},
                     time_column("STARTED", "created_at"),
                     text_column("PROBLEM", "problem", true)},
                    [](const JsonView& job) { return member(job, "id"); },
                    "no jobs"});
}

Status show_job(Session& session, const Arguments& arguments) {
  KW_TRY(const auto answer, session.send("GET", "/api/v1/rotation/jobs/" + arguments.reference));
  if (session.print_for_machines(answer, arguments.reference)) return ok();
  std::fputs(yaml_of(answer.json.root()).c_str(), stdout);
  return ok();
}

Status watch_job(Session& session, const Arguments& arguments) {
  return follow_job(session, arguments.reference);
}

Status steer(Session& session, const std::string& id, const std::string& verb) {
  KW_TRY(const auto answer, session.send("POST", "/api/v1/rotation/jobs/" + id + ":" + verb, "{}"));
  if (!session.print_for_machines(answer, id))
    Session::line("job " + id + " is " + member(answer.json.root(), "state"));
  return ok();
}

Command steering(const std::string& verb, const std::string& summary) {
  return {"job",
          verb,
          summary,
          "JOB",
          {},
          {"keywright job " + verb + " JOB"},
          [verb](Session& session, const Arguments& arguments) {
            return steer(session, arguments.reference, verb);
          }};
}

}  // namespace

void add_job_commands(std::vector<Command>& commands) {
  commands.insert(commands.end(),
                  {{"kek",
                    "rotate",
                    "rotate the tenant's KEK and re-wrap everything under it",
                    "",
                    {{"--no-wait", "start it and return", Kind::kSwitch}},
                    {"keywright kek rotate -t acme"},
                    rotate_kek},
                   {"kek",
                    "list",
                    "the tenant's KEK versions",
                    "",
                    {},
                    {"keywright kek list -t acme"},
                    list_keks},
                   {"job",
                    "list",
                    "jobs, newest first",
                    "",
                    {{"--all", "of all tenants", Kind::kSwitch}},
                    {"keywright job list"},
                    list_jobs},
                   {"job", "show", "one job", "JOB", {}, {"keywright job show JOB"}, show_job},
                   {"job",
                    "watch",
                    "follow a job; Ctrl-C detaches",
                    "JOB",
                    {},
                    {"keywright job watch JOB"},
                    watch_job}});
  commands.push_back(steering("pause", "pause a job"));
  commands.push_back(steering("resume", "go on with a paused or failed job"));
  commands.push_back(steering("rollback", "undo a job that is not finished"));
}

}  // namespace kw::cli
