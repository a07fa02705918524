
#include "cli/emergency_commands.h"
#include "cli/listing.h"
#include "cli/sealed_file.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

constexpr std::string_view kGraph = "/api/v1/rotation/graph";

std::string flagged(const JsonView& edge, const char* name, const char* word) {
  const auto set = edge.boolean(name);
  return set && *set ? word : "";
}

std::string tenant_of(Session& session, const Arguments& arguments) {
  if (arguments.has("--all")) return "";
  const auto tenant = session.tenant();
  return tenant ? *tenant : "";
}

Status show(Session& session, const Arguments& arguments) {
  const bool dot = arguments.has(std::string(kDotFlag));
  KW_TRY(const auto answer,
         session.send(
             "GET", std::string(kGraph) + client::query({{"tenant", tenant_of(session, arguments)},
                                                         {"format", dot ? "dot" : ""}})));
  if (dot || session.options().format == Format::kJson) {
    Session::line(std::string(answer.text.data(), answer.text.size()));
    return ok();
  }
  if (session.print_for_machines(answer)) return ok();
  const auto edges = answer.json.root().find("edges");
  if (!edges || edges->elements().empty()) {
    Session::say("the graph is empty");
    return ok();
  }
  Table table = {{"FROM", "TYPE", "TO", "BREAK"}};
  for (const JsonView& edge : edges->elements())
    table.push_back({member(edge, "from"), member(edge, "type"), member(edge, "to"),
                     flagged(edge, "break", "break")});
  Session::print(table);
  return ok();
}

Status add(Session& session, const Arguments& arguments) {
  JsonWriter json;
  json.begin_object().member("from", arguments.text("--from")).member("to", arguments.text("--to"));
  json.member("type", arguments.text("--type"));
  if (arguments.has("--break")) json.member("break", true);
  if (arguments.has("--other-approval"))
    json.member("approval", arguments.text("--other-approval"));
  json.end_object();
  KW_OK(session.send(
      "POST", std::string(kGraph) + client::query({{"tenant", tenant_of(session, arguments)}}),
      json.text()));
  Session::line(arguments.text("--from") + " -" + arguments.text("--type") + "-> " +
                arguments.text("--to"));
  return ok();
}

Status remove(Session& session, const Arguments& arguments) {
  KW_OK(session.send("DELETE",
                     std::string(kGraph) + client::query({{"tenant", tenant_of(session, arguments)},
                                                          {"from", arguments.text("--from")},
                                                          {"to", arguments.text("--to")},
                                                          {"type", arguments.text("--type")}})));
  Session::line("removed");
  return ok();
}

Status import(Session& session, const Arguments& arguments) {
  KW_TRY(const WipedBytes content, read_file(arguments.reference));
  JsonWriter json;
  json.begin_object().member("text", as_text(content));
  json.member("mode", arguments.has("--replace") ? "replace" : "merge").end_object();
  KW_TRY(const auto answer, session.send("POST", std::string(kGraph) + ":import", json.text()));
  const JsonView done = answer.json.root();
  if (!session.print_for_machines(answer))
    Session::line(grouped(count(done, "added")) + " added, " + grouped(count(done, "removed")) +
                  " removed, " + grouped(count(done, "kept")) + " kept");
  return ok();
}

std::string counts_text(const JsonView& object, std::string_view name) {
  std::string text;
  const auto found = object.find(name);
  if (!found) return text;
  for (const auto& [word, value] : found->members())
    text += (text.empty() ? "" : ", ") + grouped(value.integer() ? *value.integer() : 0) + " " +
            (word.empty() ? "outside" : std::string(word));
  return text;
}

void print_blast(const JsonView& blast) {
  Session::line(member(blast, "subject") + "  reaches " + grouped(count(blast, "descendants")) +
                ", stands on " + grouped(count(blast, "ancestors")));
  Session::print({{"  kinds", counts_text(blast, "by_kind")},
                  {"  tenants", counts_text(blast, "by_tenant")},
                  {"  must be", counts_text(blast, "by_mode")}});
  const auto waves = blast.find("waves");
  std::size_t number = 0;
  for (const JsonView& wave : waves ? waves->elements() : std::vector<JsonView>()) {
    std::string names;
    std::size_t shown = 0;
    const auto units = wave.elements();
    for (const JsonView& unit : units) {
      if (++shown > 8) break;
      const auto nodes = unit.find("nodes");
      for (const JsonView& node : nodes ? nodes->elements() : std::vector<JsonView>())
        names += (names.empty() ? "" : ", ") + (node.text() ? std::string(*node.text()) : "");
      names += " (" + member(unit, "mode") + ")";
    }
    if (units.size() > 8) names += " … " + std::to_string(units.size() - 8) + " more";
    Session::line("  wave " + std::to_string(number++) + "  " + names);
  }
}

Status blast(Session& session, const Arguments& arguments) {
  std::string subject = arguments.reference;
  if (subject.find(':') == subject.npos && subject.find('/') == subject.npos) {
    KW_TRY(const Reference at, session.reference(subject));
    subject = "key:" + at.tenant + "/" + at.name;
  }
  KW_TRY(const auto answer,
         session.send("GET", std::string(kGraph) + "/blast" +
                                 client::query({{"tenant", tenant_of(session, arguments)},
                                                {"subject", subject}})));
  if (!session.print_for_machines(answer, subject)) print_blast(answer.json.root());
  return ok();
}

const Flag kAll{"--all", "of all tenants", Kind::kSwitch};

std::vector<Flag> ends() {
  return {{"--from", "what the other stands on: kek:acme/kek, key:acme/orders, db:orders",
           Kind::kText, true},
          {"--to", "what stands on it", Kind::kText, true},
          {"--type", "wraps, issues, authenticates, embeds, shares or verifies", Kind::kText, true},
          kAll};
}

}  // namespace

void add_graph_commands(std::vector<Command>& commands) {
  std::vector<Flag> adding = ends();
  adding.push_back({"--break", "the order may be given up here", Kind::kSwitch});
  adding.push_back(
      {"--other-approval", "of the other tenant, when the ends have two", Kind::kText});
  commands.insert(commands.end(),
                  {{"graph",
                    "show",
                    "what depends on what; -o dot for Graphviz",
                    "",
                    {kAll},
                    {"keywright graph show", "keywright graph show -o dot"},
                    show},
                   {"graph",
                    "import",
                    "declare edges from a YAML or JSON file, all or none",
                    "FILE",
                    {{"--replace", "afterwards the declared graph is exactly this", Kind::kSwitch}},
                    {"keywright graph import edges.yaml"},
                    import},
                   {"graph",
                    "add",
                    "declare an edge",
                    "",
                    adding,
                    {"keywright graph add --from key:acme/orders --to app:shop --type verifies"},
                    add},
                   {"graph",
                    "remove",
                    "remove a declared edge",
                    "",
                    ends(),
                    {"keywright graph remove --from key:acme/orders --to app:shop --type verifies"},
                    remove},
                   {"graph",
                    "blast",
                    "what must follow when it is compromised, wave by wave",
                    "SUBJECT",
                    {kAll},
                    {"keywright graph blast kek:acme/kek", "keywright graph blast orders"},
                    blast}});
}

}  // namespace kw::cli
