#include "cli/command.h"
#include "cli/duration.h"
#include "cli/listing.h"
#include "cli/run_view.h"
#include "cli/run_watch.h"
#include "cli/session.h"
#include "cli/subject.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

const std::string kRuns = "/api/v1/rotation/runs";
const char* const kPatience = "365d";

bool is_id(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

// A run by its id, or the newest one of a subject.
Result<std::string> run_id(Session& session, const std::string& text) {
  if (is_id(text)) return text;
  KW_TRY(const SubjectReference at, parse_subject(session, text));
  KW_TRY(const auto answer, session.send("GET", kRuns + at.query() + "&limit=1"));
  const auto items = answer.json.root().find("items");
  if (!items || items->elements().empty())
    return error(Code::kNotFound, "not_found", "there was no run of " + at.text() + " yet");
  return member(items->elements().front(), "id");
}

Status watch(Session& session, const std::string& id, const Arguments& arguments) {
  KW_TRY(const std::chrono::seconds patience,
         parse_duration(arguments.text("--timeout", kPatience)));
  return watch_run(session, id, patience);
}

Status start(Session& session, const Arguments& arguments) {
  KW_TRY(const SubjectReference at,
         parse_subject(session, arguments.reference, arguments.text("--kind", "key")));
  JsonWriter json;
  json.begin_object().member("kind", at.kind).member("name", at.name);
  if (arguments.has("--reason")) json.member("reason", arguments.text("--reason"));
  if (arguments.has("--algorithm")) json.member("algorithm", arguments.text("--algorithm"));
  if (arguments.has("--emergency")) json.member("emergency", true);
  json.end_object();
  KW_TRY(const auto answer,
         session.send("POST", kRuns + client::query({{"tenant", at.tenant}}), json.text()));
  const std::string id = member(answer.json.root(), "id");
  if (arguments.has("--watch")) return watch(session, id, arguments);
  if (session.print_for_machines(answer, id)) return ok();
  Session::line("run " + id + " started; it goes on if this terminal closes");
  Session::line("  watch    keywright run watch " + id);
  return ok();
}

std::string progress_of(const JsonView& run) {
  const std::string state = member(run, "state");
  return state == "rollout" ? state + " " + std::to_string(count(run, "percent")) + " %" : state;
}

Status list(Session& session, const Arguments& arguments) {
  KW_TRY(const auto answer,
         session.send("GET", kRuns + client::query({{"tenant", tenant_if_any(session, arguments)},
                                                    {"state", arguments.text("--state")},
                                                    {"open", arguments.text("--open")},
                                                    {"after", arguments.text("--after")}})));
  const auto versions = [](const JsonView& run) {
    const std::string title = run_title(run);
    return title.substr(title.find(' ') + 1);
  };
  return show_list(session, answer,
                   {{text_column("RUN", "id"),
                     text_column("SUBJECT", "subject"),
                     {"VERSIONS", versions},
                     {"STATE", progress_of},
                     text_column("TRIGGER", "trigger"),
                     time_column("STARTED", "created_at"),
                     time_column("ENDED", "finished_at", true),
                     text_column("WAITS FOR", "waits_for", true),
                     text_column("PROBLEM", "problem", true)},
                    [](const JsonView& run) { return member(run, "id"); },
                    "no runs; what is next: keywright calendar"});
}

Status show(Session& session, const Arguments& arguments) {
  KW_TRY(const std::string id, run_id(session, arguments.reference));
  KW_TRY(const auto answer, session.send("GET", kRuns + "/" + id));
  if (session.print_for_machines(answer, id)) return ok();
  for (const std::string& line : run_pages(answer.json.root())) Session::line(line);
  return ok();
}

// Votes for the plan that is shown first, or for the one that was seen before.
Status approve(Session& session, const Arguments& arguments) {
  KW_TRY(const std::string id, run_id(session, arguments.reference));
  const std::string path = kRuns + "/" + id;
  std::string plan = arguments.text("--plan");
  if (plan.empty() && !session.showing()) {
    KW_TRY(const auto shown, session.send("GET", path));
    plan = member(shown.json.root(), "plan_hash");
    if (session.table()) Session::say("plan " + plan + "\n  " + run_title(shown.json.root()));
  }
  JsonWriter json;
  json.begin_object().member("plan_hash", plan).end_object();
  KW_TRY(const auto answer, session.send("POST", path + ":approve", json.text()));
  if (session.print_for_machines(answer, id)) return ok();
  const JsonView root = answer.json.root();
  const std::int64_t given = count(root, "approved"), needed = count(root, "needed");
  Session::line(std::to_string(given) + " of " + std::to_string(needed) + " approved" +
                (given >= needed ? "; the run goes on" : ""));
  return ok();
}

Status steer(Session& session, const std::string& text, const std::string& verb) {
  KW_TRY(const std::string id, run_id(session, text));
  KW_TRY(const auto answer, session.send("POST", kRuns + "/" + id + ":" + verb, "{}"));
  if (!session.print_for_machines(answer, id))
    Session::line("run " + id + " is " + member(answer.json.root(), "state"));
  return ok();
}

Status confirm_clock(Session& session, const Arguments&) {
  KW_OK(session.send("POST", "/api/v1/rotation/clock:confirm", "{}"));
  Session::line("the clock counts as right; schedules go on");
  return ok();
}

Command steering(const std::string& verb, const std::string& summary) {
  return {"run",
          verb,
          summary,
          "RUN|SUBJECT",
          {},
          {"keywright run " + verb + " orders"},
          [verb](Session& session, const Arguments& arguments) {
            return steer(session, arguments.reference, verb);
          }};
}

void add_looks(std::vector<Command>& commands) {
  commands.insert(commands.end(),
                  {{"run",
                    "list",
                    "rotations under way and done, newest first",
                    "",
                    {{"--all", "of all tenants", Kind::kSwitch},
                     {"--open", "only those that are not finished", Kind::kSwitch},
                     {"--state", "only in this state", Kind::kText},
                     {"--after", "cursor from the last page", Kind::kText}},
                    {"keywright run list --open"},
                    list},
                   {"run",
                    "show",
                    "one run: ladder, what it waits for, checklist, validation",
                    "RUN|SUBJECT",
                    {},
                    {"keywright run show orders"},
                    show},
                   {"run",
                    "watch",
                    "follow a run to its end; Ctrl-C detaches",
                    "RUN|SUBJECT",
                    {{"--timeout", "how long to follow at most: 90s, 15m, 2h", Kind::kText}},
                    {"keywright run watch orders"},
                    [](Session& session, const Arguments& arguments) -> Status {
                      KW_TRY(const std::string id, run_id(session, arguments.reference));
                      return watch(session, id, arguments);
                    }}});
}

}  // namespace

void add_run_commands(std::vector<Command>& commands) {
  commands.push_back({"run",
                      "start",
                      "rotate now, step by step, as the policy says",
                      "SUBJECT",
                      {{"--kind", "key (default), kek, …", Kind::kText},
                       {"--reason", "a word for the record: [a-z0-9_-]", Kind::kText},
                       {"--algorithm", "another algorithm for the new version", Kind::kText},
                       {"--emergency", "at once, without windows; two people first", Kind::kSwitch},
                       {"--watch", "and follow it to its end", Kind::kSwitch},
                       {"--timeout", "with --watch: how long at most", Kind::kText}},
                      {"keywright run start orders --reason leaver"},
                      start});
  add_looks(commands);
  commands.push_back({"run",
                      "approve",
                      "approve the plan of somebody else's run",
                      "RUN|SUBJECT",
                      {{"--plan", "the plan that you saw: refuse any other", Kind::kText}},
                      {"keywright run approve orders"},
                      approve});
  commands.push_back(steering("pause", "hold a run where it is"));
  commands.push_back(steering("resume", "go on with a paused run"));
  commands.push_back(steering("abort", "end a run that has made nothing yet"));
  commands.push_back(steering("rollback", "unwind a run to the version before"));
  commands.push_back(steering("retry", "try again now, or after a look at what went wrong"));
  commands.push_back({"run",
                      "confirm-clock",
                      "the server's clock is right although it jumped: schedules go on",
                      "",
                      {},
                      {"keywright run confirm-clock"},
                      confirm_clock});
}

}  // namespace kw::cli
