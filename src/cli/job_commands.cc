#include <csignal>
#include <thread>

#include "cli/command.h"
#include "cli/listing.h"
#include "cli/progress.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using Kind = Flag::Kind;

constexpr std::chrono::milliseconds kPoll{150};

volatile std::sig_atomic_t interrupted = 0;  // NOLINT: the only thing a signal handler may write
void on_interrupt(int) {
  interrupted = 1;
}

double real(const JsonView& object, std::string_view name) {
  const auto value = object.member(name);
  if (!value) return 0;
  const auto number = value->number();
  return number ? *number : 0;
}

bool finished(const std::string& state) {
  return state != "running" && state != "rolling_back";
}

std::string ratio_text(const JsonView& job) {
  const double ratio = real(job, "foreground_p99_ratio");
  if (ratio <= 0) return "";
  char text[48];
  std::snprintf(text, sizeof text, "foreground p99 %.2fx", ratio);
  return text;
}

void print_end(const JsonView& job) {
  const std::string state = member(job, "state");
  const std::string id = member(job, "id");
  if (state == "done") {
    Session::line("✓ re-wrap  " + grouped(count(job, "done")) + " sealed versions");
    Session::line("✓ census   0 left on @" + std::to_string(count(job, "from_version")) +
                  ", counted twice after the fence; @" +
                  std::to_string(count(job, "from_version")) + " retired   (job " +
                  id.substr(0, 8) + ")");
  } else if (state == "rolled_back") {
    Session::line("✓ rolled back to @" + std::to_string(count(job, "target_version")));
  } else if (state == "paused") {
    Session::line("paused.  go on: keywright job resume " + id);
  } else {
    Session::line("✗ failed: " + member(job, "problem") + "   again: keywright job resume " + id);
  }
}

// Follows a job until it ends. Ctrl-C detaches: the work is the server's.
Status follow(Session& session, const std::string& id) {
  ProgressLine progress(isatty(STDERR_FILENO) == 1);
  const auto before = std::signal(SIGINT, on_interrupt);
  std::string state;
  for (;;) {
    KW_TRY(const auto answer, session.send("GET", "/api/v1/rotation/jobs/" + id));
    const JsonView job = answer.json.root();
    state = member(job, "state");
    if (finished(state)) {
      progress.finish();
      if (!session.print_for_machines(answer, id)) print_end(job);
      break;
    }
    progress.show(member(job, "phase"), count(job, "done"), count(job, "total"),
                  real(job, "rate_per_second"), ratio_text(job));
    if (interrupted != 0) {
      progress.finish();
      Session::say("^C detached; nothing was stopped.  back: keywright job watch " + id);
      return ok();
    }
    std::this_thread::sleep_for(kPoll);
  }
  std::signal(SIGINT, before);
  if (state == "failed")
    return error(Code::kInternal, "job_failed", "the job stopped; its record says why");
  return ok();
}

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
  return follow(session, id);
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
  return follow(session, arguments.reference);
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
