#include "cli/emergency_commands.h"
#include "cli/evidence_file.h"
#include "cli/listing.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

constexpr std::string_view kCeremonies = "/api/v1/rotation/ceremonies";

Error usage(const std::string& message) {
  return error(Code::kInvalidArgument, "usage", message);
}

std::string path_of(const Arguments& arguments, const std::string& rest = "") {
  return std::string(kCeremonies) + "/" + arguments.reference + rest;
}

std::vector<JsonView> people(const JsonView& ceremony) {
  const auto list = ceremony.find("participants");
  return list ? list->elements() : std::vector<JsonView>();
}

void print_ceremony(const JsonView& ceremony) {
  Session::line("ceremony " + member(ceremony, "id") + "  " + member(ceremony, "state"));
  Session::line("  does          " + member(ceremony, "operation") + " " +
                member(ceremony, "object"));
  Session::line("  request hash  " + member(ceremony, "request_hash"));
  Session::line("  needs         " + std::to_string(count(ceremony, "threshold")) +
                " custodians, then all witnesses, then the operator; until " +
                moment(member(ceremony, "expires_at")));
  Table table = {{"  ROLE", "WHO", "ACKNOWLEDGED"}};
  for (const JsonView& one : people(ceremony))
    table.push_back({"  " + member(one, "role"), member(one, "principal"),
                     one.has("acknowledged_at") ? moment(member(one, "acknowledged_at")) : "-"});
  Session::print(table);
}

std::string next_text(const JsonView& ceremony) {
  const std::string id = member(ceremony, "id");
  const std::string state = member(ceremony, "state");
  if (state == "complete") return "the operator: keywright ceremony perform " + id;
  if (state == "performed") return "keywright ceremony transcript " + id + " --out transcript.json";
  if (state != "open") return "keywright ceremony list";
  std::int64_t acted = 0;
  bool witnessed = true;
  for (const JsonView& one : people(ceremony)) {
    const bool done = one.has("acknowledged_at");
    if (member(one, "role") == "custodian") acted += done ? 1 : 0;
    if (member(one, "role") == "witness") witnessed = witnessed && done;
  }
  if (acted < count(ceremony, "threshold")) return "a custodian: keywright ceremony share " + id;
  if (!witnessed) return "a witness: keywright ceremony witness " + id;
  return "the operator: keywright ceremony perform " + id;
}

void print_answer(const Session& session, const client::Answer& answer) {
  const JsonView ceremony = answer.json.root();
  if (session.print_for_machines(answer, member(ceremony, "id"))) return;
  print_ceremony(ceremony);
  Session::line("next: " + next_text(ceremony));
}

void write_people(JsonWriter& json, const char* name, const std::vector<std::string>& all) {
  json.name(name).begin_array();
  for (const std::string& one : all) json.value(one);
  json.end_array();
}

Status start(Session& session, const Arguments& arguments) {
  const std::string operation = arguments.text("--operation"), object = arguments.text("--object");
  JsonWriter json;
  json.begin_object().member("operation", operation).member("object", object);
  json.member("threshold", arguments.number("--threshold", 2));
  write_people(json, "custodians", arguments.repeated("--custodian"));
  write_people(json, "witnesses", arguments.repeated("--witness"));
  if (arguments.has("--valid-seconds"))
    json.member("valid_seconds", arguments.number("--valid-seconds", 3600));
  json.end_object();
  const std::string tenant = operation.starts_with("kek.") ? object : "";
  KW_TRY(const auto answer,
         session.send("POST", std::string(kCeremonies) + client::query({{"tenant", tenant}}),
                      json.text()));
  print_answer(session, answer);
  return ok();
}

// Shows what would be done and acknowledges exactly that.
Status acknowledge(Session& session, const Arguments& arguments, const std::string& role) {
  KW_TRY(const auto shown, session.send("GET", path_of(arguments)));
  KW_TRY(const auto self, session.send("GET", "/api/v1/tokens/self"));
  const std::string me = member(self.json.root(), "principal");
  const std::string hash = member(shown.json.root(), "request_hash");
  for (const JsonView& one : people(shown.json.root()))
    if (member(one, "principal") == me && member(one, "role") != role)
      return usage("here you are " + member(one, "role") + ", not " + role);
  if (arguments.has("--hash") && arguments.text("--hash") != hash)
    return error(Code::kFailedPrecondition, "operation_changed",
                 "what would be done is not what you were told");
  JsonWriter json;
  json.begin_object().member("request_hash", hash).end_object();
  KW_TRY(const auto answer,
         session.send("POST", path_of(arguments, ":acknowledge"), json.text()));
  print_answer(session, answer);
  return ok();
}

Status perform(Session& session, const Arguments& arguments) {
  KW_TRY(const auto shown, session.send("GET", path_of(arguments)));
  if (member(shown.json.root(), "state") == "open") {
    JsonWriter json;
    json.begin_object().member("request_hash", member(shown.json.root(), "request_hash"));
    json.end_object();
    KW_OK(session.send("POST", path_of(arguments, ":acknowledge"), json.text()));
  }
  KW_TRY(const auto answer, session.send("POST", path_of(arguments, ":perform"), "{}"));
  print_answer(session, answer);
  return ok();
}

Status cancel(Session& session, const Arguments& arguments) {
  KW_TRY(const auto answer, session.send("POST", path_of(arguments, ":cancel"), "{}"));
  print_answer(session, answer);
  return ok();
}

Status show(Session& session, const Arguments& arguments) {
  KW_TRY(const auto answer, session.send("GET", path_of(arguments)));
  print_answer(session, answer);
  return ok();
}

Status list(Session& session, const Arguments& arguments) {
  const std::string tenant = arguments.has("--all")         ? ""
                             : session.tenant().has_value() ? *session.tenant()
                                                            : "";
  KW_TRY(const auto answer, session.send("GET", std::string(kCeremonies) +
                                                    client::query({{"tenant", tenant}})));
  return show_list(session, answer,
                   {{text_column("CEREMONY", "id"),
                     text_column("OPERATION", "operation"),
                     text_column("OBJECT", "object"),
                     text_column("STATE", "state"),
                     time_column("OPENED", "opened_at"),
                     time_column("EXPIRES", "expires_at")},
                    [](const JsonView& row) { return member(row, "id"); },
                    "no ceremonies"});
}

Command step(const std::string& verb, const std::string& summary, const std::string& role) {
  return {"ceremony",
          verb,
          summary,
          "ID",
          {{"--hash", "the request hash that you were told, if you were", Kind::kText}},
          {"keywright ceremony " + verb + " ID"},
          [role](Session& session, const Arguments& arguments) {
            return acknowledge(session, arguments, role);
          }};
}

void add_steps(std::vector<Command>& commands) {
  commands.push_back(
      {"ceremony",
       "start",
       "open a key ceremony: you are its operator",
       "",
       {{"--operation", "kek.rotate or root.reseal", Kind::kText, true},
        {"--object", "the tenant; or new shares such as 2-of-3", Kind::kText, true},
        {"--custodian", "who may act, at least two", Kind::kRepeated, true},
        {"--witness", "who must see it", Kind::kRepeated, true},
        {"--threshold", "so many custodians act (2)", Kind::kNumber},
        {"--valid-seconds", "time to finish, 60 to 86400 (3600)", Kind::kNumber}},
       {"keywright ceremony start --operation kek.rotate --object acme --custodian ada "
        "--custodian amy --witness ann"},
       start});
  commands.push_back(step("share", "a custodian acknowledges what would be done", "custodian"));
  commands.push_back(step("witness", "a witness acknowledges it, after the custodians", "witness"));
  commands.insert(commands.end(), {{"ceremony",
                                    "perform",
                                    "the operator executes it, last of all",
                                    "ID",
                                    {},
                                    {"keywright ceremony perform ID"},
                                    perform},
                                   {"ceremony",
                                    "cancel",
                                    "a participant ends it without executing it",
                                    "ID",
                                    {},
                                    {"keywright ceremony cancel ID"},
                                    cancel}});
}

}  // namespace

void add_ceremony_commands(std::vector<Command>& commands) {
  add_steps(commands);
  commands.insert(
      commands.end(),
      {{"ceremony",
        "list",
        "ceremonies, newest first",
        "",
        {{"--all", "of all tenants", Kind::kSwitch}},
        {"keywright ceremony list"},
        list},
       {"ceremony", "show", "one ceremony", "ID", {}, {"keywright ceremony show ID"}, show},
       {"ceremony",
        "transcript",
        "the signed file of a performed ceremony",
        "ID",
        {{"--out", "a file; else standard output", Kind::kText}},
        {"keywright ceremony transcript ID --out transcript.json"},
        [](Session& session, const Arguments& arguments) {
          return save_evidence(session, arguments, path_of(arguments, "/transcript"), "ceremony");
        }},
       {"ceremony",
        "verify",
        "prove, offline, that a transcript is what was signed and kept the rules",
        "FILE",
        {{"--key", "the pinned verifier key line: keywright audit checkpoint", Kind::kText, true}},
        {"keywright ceremony verify transcript.json --key KEY"},
        [](Session& session, const Arguments& arguments) {
          return verify_evidence_file(session, arguments, "ceremony");
        }}});
}

}  // namespace kw::cli
