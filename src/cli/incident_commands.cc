#include <charconv>
#include <csignal>
#include <set>
#include <thread>

#include "base/clock.h"
#include "cli/emergency_commands.h"
#include "cli/evidence_file.h"
#include "cli/incident_view.h"
#include "cli/listing.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

constexpr std::chrono::milliseconds kPoll{500};
constexpr std::string_view kIncidents = "/api/v1/rotation/incidents";

volatile std::sig_atomic_t interrupted = 0;  // NOLINT: the only thing a signal handler may write
void on_interrupt(int) {
  interrupted = 1;
}

Error usage(const std::string& message) {
  return error(Code::kInvalidArgument, "usage", message);
}

/// --scope, as the API wants it.
struct Suspects {
  std::string kind;    ///< "subject", "tenant", "caller"
  std::string tenant;  ///< the one that all lie in, or ""
  std::vector<std::string> names;
};

// "orders", "acme:orders" or "acme/orders", in the tenant of the session.
Result<std::string> key_name(Session& session, const std::string& text) {
  if (text.find('/') != text.npos) return "key:" + text;
  KW_TRY(const Reference at, session.reference(text));
  return "key:" + at.tenant + "/" + at.name;
}

Result<std::string> suspect_name(Session& session, const std::string& word,
                                 const std::string& rest) {
  if (word == "key") return key_name(session, rest);
  if (word == "secret") {
    if (rest.find('/') != rest.npos && rest.find(':') == rest.npos) return "secret:" + rest;
    KW_TRY(const Reference at, session.secret_reference(rest));
    return "secret:" + at.tenant + "/" + at.name;
  }
  if (word != "kek") return rest;
  KW_TRY(const std::string tenant, rest.empty() ? session.tenant() : Result<std::string>(rest));
  return tenant.find('/') == tenant.npos ? "kek:" + tenant + "/kek" : "kek:" + tenant;
}

std::string tenant_in(const std::string& kind, const std::string& name) {
  if (kind == "tenant") return name;
  if (kind == "caller") return "";
  const auto colon = name.find(':'), slash = name.find('/');
  return slash == name.npos ? "" : name.substr(colon + 1, slash - colon - 1);
}

Result<Suspects> suspects_of(Session& session, const Arguments& arguments) {
  Suspects all;
  std::set<std::string> tenants;
  for (const std::string& scope : arguments.repeated("--scope")) {
    const auto colon = scope.find(':');
    const std::string word = scope.substr(0, colon);
    const std::string rest = colon == scope.npos ? "" : scope.substr(colon + 1);
    const bool subject = word == "key" || word == "kek" || word == "secret";
    if ((!subject && word != "tenant" && word != "caller") || (rest.empty() && word != "kek"))
      return usage("a scope is key:NAME, secret:TENANT/PATH, kek:TENANT, tenant:NAME or "
                   "caller:PRINCIPAL, not \"" +
                   scope + "\"");
    const std::string kind = subject ? "subject" : word;
    if (!all.kind.empty() && all.kind != kind)
      return usage("one incident has scopes of one kind; open another one for the rest");
    all.kind = kind;
    KW_TRY(std::string name, suspect_name(session, word, rest));
    tenants.insert(tenant_in(kind, name));
    all.names.push_back(std::move(name));
  }
  if (tenants.size() == 1) all.tenant = *tenants.begin();
  return all;
}

// "90s", "15m", "2h"
Result<std::int64_t> seconds_of(const std::string& text) {
  std::int64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, failure] = std::from_chars(text.data(), last, number);
  const std::string unit(end, last);
  const std::int64_t factor = unit == "h" ? 3600 : unit == "m" ? 60 : unit == "s" ? 1 : 0;
  if (failure == std::errc{} && factor != 0 && number >= 0 && number < 100'000)
    return number * factor;
  return usage("\"" + text + "\" is not a time such as 90s, 15m or 2h");
}

Result<std::string> request_body(const Arguments& arguments, const Suspects& suspects) {
  JsonWriter json;
  json.begin_object().member("scope", suspects.kind).name("names").begin_array();
  for (const std::string& name : suspects.names) json.value(name);
  json.end_array().member("reason", arguments.text("--reason"));
  json.member("mode", arguments.text("--mode", "continuity_first"));
  if (arguments.has("--description"))
    json.member("description", arguments.text("--description"));
  if (arguments.has("--since")) json.member("compromised_since", arguments.text("--since"));
  if (arguments.has("--drill")) json.member("drill", true);
  if (arguments.has("--deadline")) {
    KW_TRY(const std::int64_t seconds, seconds_of(arguments.text("--deadline")));
    json.member("deadline_seconds", seconds);
  }
  if (arguments.has("--plan")) json.member("plan", arguments.text("--plan"));
  json.end_object();
  return std::string(json.text());
}

std::size_t items_in(const JsonView& view) {
  const auto items = view.find("items");
  return items ? items->elements().size() : 0;
}

std::string hour_of(const std::string& text) {
  return text.size() < 17 ? text : text.substr(11, 5) + "Z";
}

Status show_plan(Session& session, const Arguments& arguments, const Suspects& suspects,
                 const std::string& body) {
  KW_TRY(const auto answer,
         session.send("POST", std::string(kIncidents) + ":plan" +
                                  client::query({{"tenant", suspects.tenant}}),
                      body));
  const JsonView plan = answer.json.root();
  if (session.print_for_machines(answer, member(plan, "plan"))) return ok();
  Session::line("plan " + member(plan, "plan"));
  Session::line("  nothing has been changed");
  if (const auto radius = plan.find("blast_radius"))
    print_forecast(plan, *radius, "", items_in(plan));
  std::string command = "keywright incident start";
  for (const std::string& scope : arguments.repeated("--scope")) command += " --scope " + scope;
  command += " --mode " + member(plan, "mode") + " --reason " + arguments.text("--reason");
  command += " --since " + member(plan, "compromised_since");
  Session::line("apply: " + command + " --plan " + member(plan, "plan"));
  return ok();
}

void print_opened(const JsonView& answer) {
  const auto view = answer.find("opened");
  const auto radius = answer.find("blast_radius");
  const auto incident = view ? view->find("incident") : std::nullopt;
  const auto request = incident ? incident->find("request") : std::nullopt;
  if (!request || !radius) return;
  const std::string id = member(answer, "id"), deadline = member(*incident, "deadline_at");
  const bool drill = request->boolean("drill") && *request->boolean("drill");
  Session::line("incident " + id + (drill ? "  DRILL" : "") + "  opened " +
                hour_of(member(*incident, "opened_at")) + "  deadline " + hour_of(deadline));
  Session::line("  revoked       nothing yet");
  print_forecast(*request, *radius, deadline, items_in(*view));
  Session::line("  approval      " + approval_text(*view) +
                (drill ? "" : "; you opened it, so you cannot approve"));
  if (const auto approval = view->find("approval"))
    Session::line("they type: keywright approval approve " + member(*approval, "id"));
  Session::line("follow:    keywright incident watch " + id);
}

Status start(Session& session, const Arguments& arguments) {
  KW_TRY(const Suspects suspects, suspects_of(session, arguments));
  KW_TRY(const std::string body, request_body(arguments, suspects));
  if (arguments.has("--dry-run")) return show_plan(session, arguments, suspects, body);
  KW_TRY(const auto answer,
         session.send("POST",
                      std::string(kIncidents) + client::query({{"tenant", suspects.tenant}}),
                      body));
  if (!session.print_for_machines(answer, member(answer.json.root(), "id")))
    print_opened(answer.json.root());
  return ok();
}

std::string request_cell(const JsonView& row, const char* name) {
  const auto request = row.find("request");
  return request ? member(*request, name) : "";
}

std::string names_cell(const JsonView& row) {
  const auto request = row.find("request");
  const auto names = request ? request->find("names") : std::nullopt;
  if (!names || names->elements().empty()) return "";
  const auto all = names->elements();
  std::string text = all.front().text() ? std::string(*all.front().text()) : "";
  return all.size() == 1 ? text : text + " +" + std::to_string(all.size() - 1);
}

std::string state_cell(const JsonView& row) {
  const auto withdrawn = row.boolean("withdrawn");
  if (withdrawn && *withdrawn) return "withdrawn";
  const auto request = row.find("request");
  const auto drill = request ? request->boolean("drill") : Result<bool>(false);
  return member(row, "phase") + (drill && *drill ? " (drill)" : "");
}

Status list(Session& session, const Arguments& arguments) {
  const std::string tenant = arguments.has("--all")         ? ""
                             : session.tenant().has_value() ? *session.tenant()
                                                            : "";
  KW_TRY(const auto answer,
         session.send("GET", std::string(kIncidents) +
                                 client::query({{"tenant", tenant},
                                                {"state", arguments.has("--open") ? "open" : ""}})));
  const auto of_request = [](const char* name) {
    return [name](const JsonView& row) { return request_cell(row, name); };
  };
  return show_list(session, answer,
                   {{text_column("INCIDENT", "id"),
                     {"STATE", state_cell},
                     {"SCOPE", names_cell},
                     {"MODE", of_request("mode")},
                     {"REASON", of_request("reason")},
                     time_column("OPENED", "opened_at"),
                     text_column("BY", "opened_by", true),
                     text_column("WAITS FOR", "problem")},
                    [](const JsonView& row) { return member(row, "id"); },
                    "no incidents"});
}

std::string path_of(const Arguments& arguments, const std::string& rest = "") {
  return std::string(kIncidents) + "/" + arguments.reference + rest;
}

Status show(Session& session, const Arguments& arguments) {
  KW_TRY(const auto answer, session.send("GET", path_of(arguments)));
  if (!session.print_for_machines(answer, arguments.reference)) print_incident(answer.json.root());
  return ok();
}

// Prints the timeline as it grows. Ctrl-C detaches: the work is the server's.
Status watch(Session& session, const Arguments& arguments) {
  KW_TRY(const std::int64_t patience, seconds_of(arguments.text("--timeout", "24h")));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(patience);
  const auto before = std::signal(SIGINT, on_interrupt);
  std::int64_t seen = 0;
  for (;;) {
    KW_TRY(const auto answer, session.send("GET", path_of(arguments)));
    const JsonView view = answer.json.root();
    const auto incident = view.find("incident");
    if (session.table()) seen = print_timeline(view, seen);
    if (incident && member(*incident, "phase") == "closed") {
      std::signal(SIGINT, before);
      if (!session.print_for_machines(answer, arguments.reference)) print_incident(view);
      return ok();
    }
    std::fflush(stdout);
    if (interrupted != 0) {
      Session::say("^C detached; nothing was stopped.  back: keywright incident watch " +
                   arguments.reference);
      return ok();
    }
    if (std::chrono::steady_clock::now() >= deadline)
      return error(Code::kDeadlineExceeded, "not_yet",
                   "the incident waits for " + (incident ? member(*incident, "problem") : ""));
    std::this_thread::sleep_for(kPoll);
  }
}

Status decide(Session& session, const Arguments& arguments, const std::string& verb,
              const std::string& body) {
  KW_TRY(const auto answer, session.send("POST", path_of(arguments, ":" + verb), body));
  if (!session.print_for_machines(answer, arguments.reference)) print_incident(answer.json.root());
  return ok();
}

Status break_glass(Session& session, const Arguments& arguments) {
  if (!session.showing())
    KW_OK(session.confirm_by_name("breaking the glass",
                                  "it goes on at once, alone in your name, and another person "
                                  "reviews it within 24 h",
                                  arguments.reference, arguments.text("--confirm")));
  return decide(session, arguments, "break-glass", "{}");
}

Status review(Session& session, const Arguments& arguments) {
  const bool justified = arguments.has("--justified");
  if (justified == arguments.has("--not-justified"))
    return usage("say --justified or --not-justified");
  return decide(session, arguments, "review",
                justified ? R"({"justified":true})" : R"({"justified":false})");
}

Status report(Session& session, const Arguments& arguments) {
  KW_TRY(const auto answer, session.send("GET", path_of(arguments, "/report")));
  if (!session.print_for_machines(answer, arguments.reference)) print_report(answer.json.root());
  return ok();
}

Status notices(Session& session, const Arguments& arguments) {
  KW_TRY(const auto answer, session.send("GET", path_of(arguments, "/notices")));
  const std::string kind = arguments.text("--kind"), to = arguments.text("--to");
  if (kind.empty())
    return show_list(session, answer,
                     {{text_column("KIND", "kind"), text_column("RECIPIENT", "recipient")},
                      [](const JsonView& row) { return member(row, "kind"); },
                      "no notices"});
  const auto items = answer.json.root().find("items");
  for (const JsonView& one : items ? items->elements() : std::vector<JsonView>()) {
    if (member(one, "kind") != kind || (!to.empty() && member(one, "recipient") != to)) continue;
    Session::line(member(one, "body"));
    if (!arguments.has("--sent")) continue;
    JsonWriter json;
    json.begin_object().member("kind", kind).member("recipient", member(one, "recipient"));
    json.end_object();
    KW_OK(session.send("POST", path_of(arguments, ":notice-sent"), json.text()));
    Session::say("recorded as sent to " + member(one, "recipient"));
  }
  return ok();
}

const Flag kOut{"--out", "a file; else standard output", Kind::kText};

void add_starting(std::vector<Command>& commands) {
  commands.push_back(
      {"incident",
       "start",
       "replace and revoke what may be in wrong hands; two others approve",
       "",
       {{"--scope", "key:NAME, secret:TENANT/PATH, kek:TENANT, tenant:NAME or caller:PRINCIPAL", Kind::kRepeated, true},
        {"--reason", "a word: leak, leaver, theft …", Kind::kText, true},
        {"--mode", "continuity_first (the default) or contain_first", Kind::kText},
        {"--since", "the earliest time of the compromise, RFC 3339 (24 h ago)", Kind::kText},
        {"--description", "a sentence for those who approve", Kind::kText},
        {"--deadline", "until the old versions are dead: 5m to 24h (1h)", Kind::kText},
        {"--drill", "on stand-ins; nothing real is touched", Kind::kSwitch},
        {"--dry-run", "the plan and the blast radius; nothing is changed", Kind::kSwitch},
        {"--plan", "open exactly this plan, or refuse", Kind::kText}},
       {"keywright incident start --scope key:orders --reason leak --dry-run",
        "keywright incident start --scope key:orders --mode contain_first --reason leak"},
       start});
}

void add_looking(std::vector<Command>& commands) {
  commands.insert(
      commands.end(),
      {{"incident",
        "list",
        "incidents and drills, newest first",
        "",
        {{"--open", "that are not closed", Kind::kSwitch},
         {"--all", "of all tenants", Kind::kSwitch}},
        {"keywright incident list --open"},
        list},
       {"incident", "show", "one incident", "ID", {}, {"keywright incident show ID"}, show},
       {"incident",
        "watch",
        "follow it with its clock until it is closed; Ctrl-C detaches",
        "ID",
        {{"--timeout", "wait at most so long: 90s, 15m, 2h (24h)", Kind::kText}},
        {"keywright incident watch ID"},
        watch},
       {"incident",
        "report",
        "the blast radius: who held it, who used it, what it opens",
        "ID",
        {},
        {"keywright incident report ID"},
        report},
       {"incident",
        "evidence",
        "the signed file of a closed incident",
        "ID",
        {kOut},
        {"keywright incident evidence ID --out evidence.json"},
        [](Session& session, const Arguments& arguments) {
          return save_evidence(session, arguments, path_of(arguments, "/evidence"), "incident");
        }},
       {"incident",
        "verify",
        "prove, offline, that an evidence file is what was signed",
        "FILE",
        {{"--key", "the pinned verifier key line: keywright audit checkpoint", Kind::kText, true}},
        {"keywright incident verify evidence.json --key KEY"},
        [](Session& session, const Arguments& arguments) {
          return verify_evidence_file(session, arguments, "incident");
        }},
       {"incident",
        "notices",
        "what to send, to whom",
        "ID",
        {{"--kind", "print the notices of this kind", Kind::kText},
         {"--to", "only this recipient", Kind::kText},
         {"--sent", "record that they were sent", Kind::kSwitch}},
        {"keywright incident notices ID", "keywright incident notices ID --kind tenant"},
        notices}});
}

void add_deciding(std::vector<Command>& commands) {
  commands.insert(
      commands.end(),
      {{"incident",
        "break-glass",
        "let it go on without approvals; reviewed within 24 h",
        "ID",
        {{"--confirm", "the incident's id, for scripts", Kind::kText}},
        {"keywright incident break-glass ID"},
        break_glass},
       {"incident",
        "review",
        "say whether the breaking of the glass was justified",
        "ID",
        {{"--justified", "it was", Kind::kSwitch}, {"--not-justified", "it was not", Kind::kSwitch}},
        {"keywright incident review ID --justified"},
        review},
       {"incident",
        "withdraw",
        "a false alarm: before it is approved, marks and freeze are taken back",
        "ID",
        {},
        {"keywright incident withdraw ID"},
        [](Session& session, const Arguments& arguments) {
          return decide(session, arguments, "withdraw", "{}");
        }},
       {"incident",
        "ask",
        "ask for approval again after it expired or was rejected",
        "ID",
        {},
        {"keywright incident ask ID"},
        [](Session& session, const Arguments& arguments) {
          return decide(session, arguments, "ask-approval", "{}");
        }}});
}

}  // namespace

void add_incident_commands(std::vector<Command>& commands) {
  add_starting(commands);
  add_looking(commands);
  add_deciding(commands);
}

}  // namespace kw::cli
