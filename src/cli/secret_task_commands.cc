// Secrets that people renew by hand: which wait, what to do, and the new value.
#include "cli/command.h"
#include "cli/listing.h"
#include "cli/secret_value.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

Status list(Session& session, const Arguments&) {
  KW_TRY(const std::string tenant, session.tenant());
  KW_TRY(const auto answer, session.send("GET", "/api/v1/tenants/" + tenant + "/secret-tasks"));
  return show_list(
      session, answer,
      {{text_column("PATH", "path"), text_column("STAGE", "stage"), time_column("DUE", "due_at"),
        text_column("OWNER", "owner"), text_column("DESCRIPTION", "description"),
        text_column("RUN", "run", true), time_column("OPENED", "opened_at", true)},
       [](const JsonView& row) { return member(row, "path"); },
       "no secret of tenant " + tenant + " waits for a person"});
}

void print_task(const JsonView& task) {
  const std::string path = member(task, "path");
  Session::line(member(task, "tenant") + ":" + path + "  " + member(task, "stage") + "  owner " +
                member(task, "owner"));
  Session::line("  due      " + moment(member(task, "due_at")));
  Session::line("  opened   " + moment(member(task, "opened_at")) + "  run " + member(task, "run"));
  if (const auto refused = count(task, "refused"); refused > 0)
    Session::line("  refused  " + std::to_string(refused) +
                  " values that were given: keywright run show " + member(task, "run"));
  if (const std::string target = member(task, "target"); !target.empty())
    Session::line("  proved   at target " + target);
  if (const std::string text = member(task, "instructions"); !text.empty())
    Session::line("\n" + text + "\n");
  Session::line("  then     keywright secret complete " + path + " --note 'what shows it'");
}

Status show(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.secret_reference(arguments.reference));
  KW_TRY(const auto answer, session.send("GET", "/api/v1/tenants/" + at.tenant + "/secret-tasks" +
                                                    client::query({{"path", at.name}})));
  if (session.print_for_machines(answer, at.text())) return ok();
  KW_TRY(const JsonView items, answer.json.root().member("items"));
  if (items.elements().empty()) {
    Session::line(at.text() + " waits for nobody");
    Session::line("  renew it now: keywright secret rotate " + at.name);
    return ok();
  }
  for (const JsonView& task : items.elements()) print_task(task);
  return ok();
}

Status complete(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.secret_reference(arguments.reference));
  if (session.options().show_request)
    return error(Code::kInvalidArgument, "usage", "--show-request would print the value; use -v");
  JsonWriter json;
  json.begin_object();
  KW_OK(value_members(session, json, arguments));
  for (const auto& [flag, name] :
       {std::pair("--note", "note"), std::pair("--expires", "expires_at"),
        std::pair("--principal", "principal")})
    if (arguments.has(flag)) json.member(name, arguments.text(flag));
  json.end_object();
  KW_TRY(const auto answer,
         session.send("POST", Session::secret_path(at) + ":complete-task", json.text()));
  const std::string run = member(answer.json.root(), "id");
  if (session.print_for_machines(answer, run)) return ok();
  Session::line("given " + at.text() + "@" +
                std::to_string(count(answer.json.root(), "to_version")) + "  run " + run);
  Session::line("  watch    keywright run watch " + run);
  Session::line("  undo     keywright run rollback " + run);
  return ok();
}

}  // namespace

void add_secret_task_commands(std::vector<Command>& commands) {
  commands.insert(
      commands.end(),
      {{"secret",
        "tasks",
        "rotations that wait for a person, the most urgent first",
        "",
        {},
        {"keywright secret tasks"},
        list},
       {"secret",
        "task",
        "what a person has to do for a secret, and until when",
        "PATH",
        {},
        {"keywright secret task vendor/portal"},
        show},
       {"secret",
        "complete",
        "give the value that a rotation waits for",
        "PATH",
        {kFromFile,
         kKeepNewline,
         kJsonFields,
         {"--note", "the proof: a ticket, who saw it work; at most 512 bytes, not secret",
          Kind::kText},
         {"--expires", "not handed out from then on, RFC 3339", Kind::kText},
         {"--principal", "who presents it at the target", Kind::kText}},
        {"keywright secret complete vendor/portal --from-file new.txt --note 'ticket 4711'"},
        complete}});
}

}  // namespace kw::cli
