// Events from outside, and the webhooks that report them.
#include "cli/command.h"
#include "cli/listing.h"
#include "cli/session.h"
#include "cli/subject.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

const std::string kHooks = "/api/v1/rotation/hooks";

std::string words_of(const JsonView& row, std::string_view name) {
  std::string text;
  if (const auto list = row.find(name))
    for (const JsonView& word : list->elements())
      text += (text.empty() ? "" : ", ") + std::string(word.text() ? *word.text() : "");
  return text;
}

std::string held_words(const JsonView& outcome) {
  const auto held = count(outcome, "held");
  return held == 0 ? "" : std::to_string(held) + " wait for an incident to end, ";
}

Status report(Session& session, const Arguments& arguments) {
  KW_TRY(const std::string tenant, session.tenant());
  JsonWriter json;
  json.begin_object().member("type", arguments.reference);
  if (arguments.has("--subject")) {
    KW_TRY(const SubjectReference at, parse_subject(session, arguments.text("--subject")));
    json.member("kind", at.kind).member("name", at.name);
  }
  if (arguments.has("--owner")) json.member("owner", arguments.text("--owner"));
  if (arguments.has("--everything")) json.member("everything", true);
  json.end_object();
  KW_TRY(const auto answer,
         session.send("POST", "/api/v1/rotation/events" + client::query({{"tenant", tenant}}),
                      json.text()));
  const JsonView root = answer.json.root();
  if (session.print_for_machines(answer)) return ok();
  Session::line(std::to_string(count(root, "started")) + " runs started of " +
                std::to_string(count(root, "matched")) + " subjects; " +
                std::to_string(count(root, "already_open")) + " had one open, " + held_words(root) +
                std::to_string(count(root, "not_listed")) + " have no policy for " +
                arguments.reference);
  if (const auto runs = root.find("runs"))
    for (const JsonView& run : runs->elements())
      Session::line("  " + member(run, "subject") + "  keywright run watch " + member(run, "id"));
  return ok();
}

Status create(Session& session, const Arguments& arguments) {
  KW_TRY(const std::string tenant, tenant_or_all(session, arguments));
  JsonWriter json;
  json.begin_object().member("name", arguments.reference).name("events").begin_array();
  for (const std::string& event : arguments.repeated("--event")) json.value(event);
  json.end_array().end_object();
  KW_TRY(const auto answer,
         session.send("POST", kHooks + client::query({{"tenant", tenant}}), json.text()));
  const JsonView root = answer.json.root();
  if (session.print_for_machines(answer, member(root, "id"))) return ok();
  Session::line("hook " + member(root, "id") + "  " + words_of(root, "events"));
  Session::line("  url      " + session.server() + member(root, "path"));
  Session::line("  secret   " + member(root, "secret"));
  Session::say("the secret is not shown again; the sender signs with it as Standard Webhooks says");
  return ok();
}

Status list(Session& session, const Arguments& arguments) {
  KW_TRY(
      const auto answer,
      session.send("GET", kHooks + client::query({{"tenant", tenant_if_any(session, arguments)}})));
  const auto whose = [](const JsonView& row) {
    const std::string tenant = member(row, "tenant");
    return tenant.empty() ? std::string("(all)") : tenant;
  };
  const auto events = [](const JsonView& row) { return words_of(row, "events"); };
  return show_list(session, answer,
                   {{text_column("HOOK", "id"),
                     text_column("NAME", "name"),
                     {"TENANT", whose},
                     {"EVENTS", events},
                     text_column("CREATED BY", "created_by"),
                     time_column("CREATED", "created_at")},
                    [](const JsonView& row) { return member(row, "id"); },
                    "no hooks"});
}

Status remove(Session& session, const Arguments& arguments) {
  KW_OK(session.send("DELETE", kHooks + "/" + arguments.reference));
  Session::line("removed " + arguments.reference);
  return ok();
}

}  // namespace

void add_event_commands(std::vector<Command>& commands) {
  commands.insert(
      commands.end(),
      {{"event",
        "report",
        "report a leak, a leaver …: runs start where a policy lists it",
        "TYPE",
        {{"--subject", "the key that it is about", Kind::kText},
         {"--owner", "all that this owner has", Kind::kText},
         {"--everything", "all of the tenant", Kind::kSwitch}},
        {"keywright event report leak --subject orders"},
        report},
       {"hook",
        "create",
        "where a foreign system reports events, signed with a secret",
        "NAME",
        {{"--event", "a type that it may report; may be given again", Kind::kRepeated, true},
         {"--all", "for all tenants", Kind::kSwitch}},
        {"keywright hook create leak-scanner --event leak"},
        create},
       {"hook",
        "list",
        "webhooks that report events",
        "",
        {{"--all", "of all tenants", Kind::kSwitch}},
        {"keywright hook list"},
        list},
       {"hook",
        "remove",
        "take no more events from it",
        "HOOK",
        {},
        {"keywright hook remove HOOK"},
        remove}});
}

}  // namespace kw::cli
