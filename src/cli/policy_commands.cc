// Rotation policies and the calendar.
#include "cli/command.h"
#include "cli/duration.h"
#include "cli/listing.h"
#include "cli/sealed_file.h"
#include "cli/session.h"
#include "cli/subject.h"
#include "codec/yaml.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

const Flag kAll{"--all", "of all tenants", Kind::kSwitch};
constexpr std::string_view kPolicies = "/api/v1/rotation/policies";

std::string policy_path(const std::string& name, const std::string& tenant) {
  return std::string(kPolicies) + "/" + name + client::query({{"tenant", tenant}});
}

std::string whose(const JsonView& policy) {
  const bool built_in = policy.boolean("template") && *policy.boolean("template");
  const std::string tenant = member(policy, "tenant");
  return built_in ? "(built in)" : tenant.empty() ? "(all)" : tenant;
}

Listing policy_listing(const std::string& empty) {
  const auto epoch = [](const JsonView& row) { return std::to_string(count(row, "epoch")); };
  return {{text_column("POLICY", "name"),
           {"TENANT", whose},
           {"VERSION", epoch},
           time_column("CHANGED", "updated_at"),
           text_column("DESCRIPTION", "description")},
          [](const JsonView& row) { return member(row, "name"); },
          empty};
}

Status list(Session& session, const Arguments& arguments) {
  KW_TRY(const auto answer,
         session.send("GET", std::string(kPolicies) +
                                 client::query({{"tenant", tenant_if_any(session, arguments)},
                                                {"after", arguments.text("--after")}})));
  return show_list(session, answer,
                   policy_listing("no policies; the defaults hold: keywright policy templates"));
}

Status templates(Session& session, const Arguments&) {
  KW_TRY(const auto answer, session.send("GET", std::string(kPolicies) + ":templates"));
  const auto name = [](const JsonView& row) { return member(row, "name"); };
  return show_list(
      session, answer,
      {{text_column("TEMPLATE", "name"), text_column("DESCRIPTION", "description")}, name, ""});
}

Status show(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, [&]() -> Result<Reference> {
    if (!arguments.has("--all")) return session.reference(arguments.reference);
    return Reference{"", arguments.reference, std::nullopt};
  }());
  KW_TRY(const auto answer, session.send("GET", policy_path(at.name, at.tenant)));
  if (session.print_for_machines(answer, at.name)) return ok();
  const std::string text = member(answer.json.root(), "document");
  Session::line(text.substr(0, text.find_last_not_of('\n') + 1));
  return ok();
}

// A message about the document speaks of the file that it came from.
Status about_file(Status outcome, const std::string& file) {
  if (outcome || outcome.error().message.rfind("policy:", 0) != 0) return outcome;
  Error named = outcome.error();
  named.message = file + named.message.substr(6);
  return named;
}

std::string applies_text(const JsonView& root) {
  std::string text = std::to_string(count(root, "subjects"));
  text += count(root, "subjects") == 1 ? " subject" : " subjects";
  if (root.boolean("whole") && !*root.boolean("whole")) text += " or more";
  const auto sample = root.find("sample");
  if (!sample || sample->elements().empty()) return text;
  text += ": ";
  const auto names = sample->elements();
  for (std::size_t i = 0; i < names.size() && i < 3; ++i)
    text += (i == 0 ? "" : ", ") + std::string(names[i].text() ? *names[i].text() : "");
  return text + (count(root, "subjects") > 3 ? ", …" : "");
}

Result<std::string> document_name(std::string_view text, const std::string& file) {
  KW_TRY(const auto document, codec::YamlDocument::parse(text, file));
  const auto name = document.root().find("name");
  if (!name) return error(Code::kInvalidArgument, "bad_policy", file + ": a policy has a name");
  return name->text();
}

Status check(Session& session, const std::string& tenant, std::string_view body) {
  KW_TRY(
      const auto answer,
      session.send("POST", std::string(kPolicies) + ":check" + client::query({{"tenant", tenant}}),
                   body));
  const JsonView root = answer.json.root();
  if (session.print_for_machines(answer, member(root, "name"))) return ok();
  Session::line("good: " + member(root, "name") + " would apply to " + applies_text(root));
  return ok();
}

Status put(Session& session, const std::string& tenant, const std::string& name,
           std::string_view body) {
  KW_TRY(const auto answer, session.send("PUT", policy_path(name, tenant), body));
  const JsonView root = answer.json.root();
  if (session.print_for_machines(answer, name)) return ok();
  KW_TRY(const JsonView policy, root.member("policy"));
  Session::line("applied " + (tenant.empty() ? name + "  for all tenants" : tenant + ":" + name) +
                "  version " + std::to_string(count(policy, "epoch")));
  Session::line("  applies  to " + applies_text(root));
  Session::line("  next     keywright calendar");
  return ok();
}

Status apply(Session& session, const Arguments& arguments) {
  KW_TRY(const WipedBytes text, read_file(arguments.reference));
  KW_TRY(const std::string name, document_name(as_text(text), arguments.reference));
  KW_TRY(const std::string tenant, tenant_or_all(session, arguments));
  JsonWriter json;
  json.begin_object().member("document", as_text(text)).end_object();
  const Status outcome = arguments.has("--dry-run") ? check(session, tenant, json.text())
                                                    : put(session, tenant, name, json.text());
  return about_file(outcome, arguments.reference);
}

Status remove(Session& session, const Arguments& arguments) {
  KW_TRY(const std::string tenant, tenant_or_all(session, arguments));
  KW_OK(session.send("DELETE", policy_path(arguments.reference, tenant)));
  Session::line("deleted " + (tenant.empty() ? "" : tenant + ":") + arguments.reference);
  return ok();
}

void print_due(const SubjectReference& at, const JsonView& root) {
  const auto due = root.find("due");
  const std::string when = due ? member(*due, "at") : "";
  const std::string what = at.tenant + ":" + at.name;
  if (when.empty()) {
    Session::line(what + " rotates by hand or by event only");
  } else {
    Session::line(what + " rotates " + moment(when) + ", " + from_now(when) +
                  ".  Strictest rule wins");
    Session::line("  because  " + member(*due, "why"));
  }
  if (due && due->boolean("forced") && *due->boolean("forced"))
    Session::line("  placed   outside its windows: the deadline comes first");
  if (const std::string run = member(root, "open_run"); !run.empty())
    Session::line("  running  keywright run watch " + run);
}

Status explain(Session& session, const Arguments& arguments) {
  KW_TRY(const SubjectReference at,
         parse_subject(session, arguments.reference, arguments.text("--kind", "key")));
  KW_TRY(const auto answer, session.send("GET", std::string(kPolicies) + ":explain" + at.query()));
  if (session.print_for_machines(answer, at.text())) return ok();
  const JsonView root = answer.json.root();
  print_due(at, root);
  Table table = {{"  RULE", "SAYS", "FROM", "CLAUSE"}};
  if (const auto rules = root.find("rules"))
    for (const JsonView& rule : rules->elements())
      table.push_back({"  " + member(rule, "field"), member(rule, "value"), member(rule, "policy"),
                       member(rule, "clause")});
  Session::print(table);
  if (const auto unmet = root.find("unmet"))
    Session::line("  ✗ cannot be met: " + member(*unmet, "detail") + " [" +
                  member(*unmet, "reason") + "]");
  return ok();
}

void print_simulation(const JsonView& root) {
  const auto number = [&](const char* name) { return grouped(count(root, name)); };
  Session::line(moment(member(root, "from")) + " to " + moment(member(root, "until")) + ": " +
                number("rotations") + " rotations of " + number("subjects") + " subjects");
  Session::print({{"  late", number("late"), "promoted after they were due"},
                  {"  forced", number("forced"), "outside their windows, for a deadline"},
                  {"  missed", number("missed_windows"), "windows, for lack of room"},
                  {"  overlapping", number("overlaps"), "begun before the last one was over"},
                  {"  waited", number("waited"), "for room in their hour"},
                  {"  never", number("never"), "subjects that nothing rotates"}});
  if (const auto busiest = root.find("busiest"); busiest && !busiest->elements().empty()) {
    const JsonView hour = busiest->elements().front();
    Session::line("  busiest hour  " + moment(member(hour, "hour")) + " with " +
                  grouped(count(hour, "rotations")));
  }
  if (const auto problems = root.find("problems"))
    for (const JsonView& problem : problems->elements())
      Session::line("  ✗ " + std::string(problem.text() ? *problem.text() : ""));
}

Status simulate(Session& session, const Arguments& arguments) {
  JsonWriter json;
  json.begin_object().member("years", arguments.number("--years", 1));
  json.member("per_hour", arguments.number("--per-hour", 0));
  if (arguments.has("--file")) {
    KW_TRY(const WipedBytes text, read_file(arguments.text("--file")));
    json.member("document", as_text(text));
  }
  json.end_object();
  KW_TRY(const auto answer,
         session.send("POST",
                      std::string(kPolicies) + ":simulate" +
                          client::query({{"tenant", tenant_if_any(session, arguments)}}),
                      json.text()));
  if (session.print_for_machines(answer)) return ok();
  print_simulation(answer.json.root());
  return ok();
}

Status calendar(Session& session, const Arguments& arguments) {
  const std::string tenant = tenant_if_any(session, arguments);
  const std::string days = std::to_string(arguments.number("--days", 30));
  if (session.options().format == Format::kCalendar) {
    KW_TRY(const auto file,
           session.send("GET", "/api/v1/rotation/calendar.ics" +
                                   client::query({{"tenant", tenant}, {"days", days}})));
    std::fwrite(file.text.data(), 1, file.text.size(), stdout);
    return ok();
  }
  KW_TRY(const auto answer,
         session.send("GET", "/api/v1/rotation/calendar" +
                                 client::query({{"tenant", tenant},
                                                {"days", days},
                                                {"table", session.table() ? "true" : ""}})));
  if (session.print_for_machines(answer)) return ok();
  std::fputs(member(answer.json.root(), "table").c_str(), stdout);
  return ok();
}

void add_changes(std::vector<Command>& commands) {
  commands.insert(commands.end(),
                  {{"policy",
                    "apply",
                    "put a rotation policy in force, or say why it cannot be met",
                    "FILE",
                    {{"--all", "for all tenants", Kind::kSwitch},
                     {"--dry-run", "only judge it; nothing is changed", Kind::kSwitch}},
                    {"keywright policy apply card-data.yaml --dry-run",
                     "keywright policy apply card-data.yaml"},
                    apply},
                   {"policy",
                    "delete",
                    "take a rotation policy out of force",
                    "NAME",
                    {kAll},
                    {"keywright policy delete card-data"},
                    remove}});
}

void add_questions(std::vector<Command>& commands) {
  commands.insert(commands.end(),
                  {{"policy",
                    "explain",
                    "when a key rotates, and which clause set each number",
                    "SUBJECT",
                    {{"--kind", "key (default), kek, …", Kind::kText}},
                    {"keywright policy explain orders", "keywright policy explain kek --kind kek"},
                    explain},
                   {"policy",
                    "simulate",
                    "years of schedule in seconds: late ones, load peaks, missed windows",
                    "",
                    {kAll,
                     {"--years", "1 to 10 (1)", Kind::kNumber},
                     {"--per-hour", "rotations that may begin in one hour", Kind::kNumber},
                     {"--file", "as if this policy were in force", Kind::kText}},
                    {"keywright policy simulate --years 2"},
                    simulate},
                   {"",
                    "calendar",
                    "what rotates when, and why",
                    "",
                    {kAll, {"--days", "1 to 400 (30)", Kind::kNumber}},
                    {"keywright calendar --days 30", "keywright calendar -o ics"},
                    calendar}});
}

}  // namespace

void add_policy_commands(std::vector<Command>& commands) {
  commands.insert(commands.end(), {{"policy",
                                    "list",
                                    "rotation policies in force",
                                    "",
                                    {kAll, {"--after", "cursor from the last page", Kind::kText}},
                                    {"keywright policy list"},
                                    list},
                                   {"policy",
                                    "show",
                                    "the text of a rotation policy or template",
                                    "NAME",
                                    {{"--all", "the one for all tenants", Kind::kSwitch}},
                                    {"keywright policy show pci-dss-4.0.1"},
                                    show},
                                   {"policy",
                                    "templates",
                                    "the built-in policies that others extend",
                                    "",
                                    {},
                                    {"keywright policy templates"},
                                    templates}});
  add_changes(commands);
  add_questions(commands);
}

}  // namespace kw::cli
