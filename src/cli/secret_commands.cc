// Secrets: values by path. A value is never an argument and never printed but by get.
#include "base/reveal.h"
#include "cli/command.h"
#include "cli/listing.h"
#include "cli/sealed_file.h"
#include "cli/secret_value.h"
#include "cli/session.h"
#include "codec/base64.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

Error usage(const std::string& message) {
  return error(Code::kInvalidArgument, "usage", message);
}

Status label_members(JsonWriter& json, const std::vector<std::string>& labels) {
  json.name("labels").begin_object();
  for (const std::string& label : labels) {
    const auto equals = label.find('=');
    if (equals == label.npos) return usage("a label is NAME=VALUE");
    json.member(label.substr(0, equals), label.substr(equals + 1));
  }
  json.end_object();
  return ok();
}

Status metadata_members(JsonWriter& json, const Arguments& arguments) {
  for (const auto& [flag, name] :
       {std::pair("--type", "type"), std::pair("--owner", "owner"),
        std::pair("--class", "classification"), std::pair("--describe", "description")})
    if (arguments.has(flag)) json.member(name, arguments.text(flag));
  if (arguments.has("--region")) {
    json.name("regions").begin_array();
    for (const std::string& region : arguments.repeated("--region")) json.value(region);
    json.end_array();
  }
  if (arguments.has("--instructions")) {
    KW_TRY(const WipedBytes text, read_file(arguments.text("--instructions")));
    json.member("instructions", as_text(without_newline(text, false)));
  }
  if (arguments.has("--label")) KW_OK(label_members(json, arguments.repeated("--label")));
  return ok();
}

const std::vector<Flag> kMetadataFlags = {
    {"--type", "what policies call it: app-secret, postgresql, redis …", Kind::kText},
    {"--owner", "team that answers for it", Kind::kText},
    {"--class", "public, internal, confidential or restricted", Kind::kText},
    {"--describe", "one line about it", Kind::kText},
    {"--instructions", "FILE that says how a person renews it", Kind::kText},
    {"--region", "allowed region; may be given more than once", Kind::kRepeated},
    {"--label", "NAME=VALUE; may be given more than once", Kind::kRepeated},
};

std::vector<Flag> with_metadata(std::vector<Flag> flags) {
  flags.insert(flags.end(), kMetadataFlags.begin(), kMetadataFlags.end());
  return flags;
}

Status content_members(Session& session, JsonWriter& json, const Arguments& arguments) {
  const bool reads = arguments.has("--from-file") || arguments.has("--json");
  if (arguments.has("--generate")) json.member("generate", arguments.text("--generate"));
  if (arguments.has("--generate") && !reads) return ok();
  if (arguments.has("--template")) {
    KW_TRY(const WipedBytes text, read_file(arguments.text("--template")));
    json.member("template", as_text(without_newline(text, false)));
    return ok();
  }
  return value_members(session, json, arguments);
}

std::string reference_of(const JsonView& secret) {
  return member(secret, "tenant") + ":" + member(secret, "path");
}

void print_put(const JsonView& secret) {
  const auto primary = count(secret, "primary");
  Session::line("put " + reference_of(secret) + "@" + std::to_string(primary) + "  primary");
  if (primary > 1)
    Session::line("  before   readable until the next one: keywright secret get " +
                  member(secret, "path") + " --version previous");
  Session::line("  undo     keywright secret " +
                std::string(primary > 1 ? "rollback " : "delete ") + member(secret, "path"));
}

Status put(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.secret_reference(arguments.reference));
  JsonWriter json;
  json.begin_object();
  KW_OK(content_members(session, json, arguments));
  KW_OK(metadata_members(json, arguments));
  if (arguments.has("--if-version")) json.member("if_version", arguments.number("--if-version", 0));
  if (arguments.has("--expires")) json.member("expires_at", arguments.text("--expires"));
  if (arguments.has("--adopt")) json.member("adopt", true);
  if (arguments.has("--principal")) json.member("principal", arguments.text("--principal"));
  json.end_object();
  // A body with a value is not shown: it would end up in the history of a terminal.
  if (session.options().show_request && !arguments.has("--generate"))
    return usage("--show-request would print the value; use --generate, or -v");
  KW_TRY(const auto answer, session.send("PUT", Session::secret_path(at), json.text()));
  if (!session.print_for_machines(answer, at.text())) print_put(answer.json.root());
  return ok();
}

void write_bytes(ByteView bytes) {
  std::fwrite(bytes.data(), 1, bytes.size(), stdout);
}

void print_fields(const JsonView& fields) {
  for (const auto& [name, value] : fields.members())
    Session::line(std::string(name) + "=" + std::string(value.text() ? *value.text() : ""));
}

Status print_value(const JsonView& root, const std::string& field) {
  if (const auto fields = root.find("fields")) {
    if (field.empty()) {
      print_fields(*fields);
      return ok();
    }
    const auto text = fields->text(field);
    if (!text)
      return error(Code::kNotFound, "no_such_field", "the secret has no field \"" + field + "\"");
    write_bytes(as_bytes(*text));
  } else {
    if (!field.empty())
      return error(Code::kNotFound, "no_such_field", "the secret has one value and no fields");
    KW_TRY(const std::string_view text, root.text("value"));
    KW_TRY(const WipedBytes value, codec::wiped_from_base64(text));
    write_bytes(value);
  }
  if (Session::terminal_out()) std::fputc('\n', stdout);
  return ok();
}

Status get(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.secret_reference(arguments.reference));
  std::string version = arguments.text("--version");
  if (version.empty() && at.version) version = std::to_string(*at.version);
  const std::string query =
      client::query({{"version", version}, {"consumer", arguments.text("--consumer")}});
  KW_TRY(const auto answer, session.send("GET", Session::secret_path(at) + query));
  if (Session::terminal_out())
    Session::say("warning: the value is on your screen and in what your terminal keeps");
  if (session.print_for_machines(answer, at.text())) return ok();
  return print_value(answer.json.root(), arguments.text("--field"));
}

Status list(Session& session, const Arguments& arguments) {
  KW_TRY(const std::string tenant, session.tenant());
  const std::string query = client::query({{"prefix", arguments.text("--prefix")},
                                           {"target", arguments.text("--target")},
                                           {"deleted", arguments.has("--deleted") ? "true" : ""},
                                           {"limit", arguments.text("--limit")},
                                           {"after", arguments.text("--after")}});
  KW_TRY(const auto answer, session.send("GET", "/api/v1/tenants/" + tenant + "/secrets" + query));
  const auto primary = [](const JsonView& row) { return std::to_string(count(row, "primary")); };
  const auto versions = [](const JsonView& row) {
    const auto all = row.find("versions");
    return std::to_string(all ? all->elements().size() : 0);
  };
  return show_list(
      session, answer,
      {{text_column("PATH", "path"),
        {"PRIMARY", primary},
        {"VERSIONS", versions},
        text_column("SHAPE", "shape"),
        text_column("TYPE", "type"),
        text_column("CLASS", "classification"),
        text_column("OWNER", "owner"),
        text_column("TARGET", "target"),
        text_column("GENERATOR", "generator", true),
        text_column("DESCRIPTION", "description", true),
        time_column("CREATED", "created_at"),
        time_column("DELETED", "deleted_at", true)},
       [](const JsonView& row) { return member(row, "path"); },
       "no secrets in tenant " + tenant + " match.  make one: keywright secret put PATH"});
}

void print_versions(const JsonView& secret) {
  Table table = {{"VERSION", "STATE", "ORIGIN", "PRINCIPAL", "CREATED", "PROMOTED", "EXPIRES",
                  "REASON", "NOTE"}};
  if (const auto versions = secret.find("versions"))
    for (const JsonView& each : versions->elements())
      table.push_back({std::to_string(count(each, "version")), member(each, "state"),
                       member(each, "origin"), member(each, "principal"),
                       moment(member(each, "created_at")), moment(member(each, "promoted_at")),
                       moment(member(each, "expires_at")), member(each, "reason"),
                       member(each, "note")});
  Session::print(table);
}

Status history(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.secret_reference(arguments.reference));
  KW_TRY(const auto answer, session.send("GET", Session::secret_path(at) + ":metadata"));
  if (session.print_for_machines(answer, at.text())) return ok();
  const JsonView secret = answer.json.root();
  std::string head = reference_of(secret) + "  " + member(secret, "shape") + "  " +
                     member(secret, "type") + "  " + member(secret, "classification");
  if (const std::string owner = member(secret, "owner"); !owner.empty()) head += "  owner " + owner;
  Session::line(head);
  if (const std::string text = member(secret, "template"); !text.empty())
    Session::line("  made of  " + text);
  if (const std::string target = member(secret, "target"); !target.empty())
    Session::line("  target   " + target);
  if (const std::string when = member(secret, "deleted_at"); !when.empty())
    Session::line("  deleted  " + moment(when) + "; back with: keywright secret undelete " +
                  member(secret, "path"));
  print_versions(secret);
  return ok();
}

Status usage_of(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.secret_reference(arguments.reference));
  KW_TRY(const auto answer,
         session.send("GET", Session::secret_path(at) + ":usage" +
                                 client::query({{"since", arguments.text("--since")}})));
  const auto number = [](const char* name) {
    return [name](const JsonView& row) { return std::to_string(count(row, name)); };
  };
  return show_list(session, answer,
                   {{{"VERSION", number("version")},
                     text_column("READER", "caller"),
                     time_column("HOUR", "hour"),
                     {"READS", number("uses")},
                     time_column("LAST", "last_at")},
                    [](const JsonView& row) { return member(row, "caller"); },
                    "nobody has read it lately"});
}

Status edit(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.secret_reference(arguments.reference));
  JsonWriter json;
  json.begin_object();
  KW_OK(metadata_members(json, arguments));
  if (arguments.has("--generator")) json.member("generator", arguments.text("--generator"));
  json.end_object();
  KW_TRY(const auto answer, session.send("PATCH", Session::secret_path(at), json.text()));
  if (!session.print_for_machines(answer, at.text()))
    Session::line("changed " + reference_of(answer.json.root()));
  return ok();
}

// One verb of POST …/secrets/PATH:verb, or DELETE.
struct SecretVerb {
  std::string verb;
  std::string past;
};

Status move(Session& session, const Reference& at, const SecretVerb& verb, std::string_view body) {
  const bool deletes = verb.verb == "delete";
  KW_TRY(const auto answer,
         deletes ? session.send("DELETE", Session::secret_path(at))
                 : session.send("POST", Session::secret_path(at) + ":" + verb.verb, body));
  if (session.print_for_machines(answer, at.text())) return ok();
  const auto primary = count(answer.json.root(), "primary");
  Session::line(verb.past + " " + at.text() +
                (verb.verb == "rollback" ? "  primary is @" + std::to_string(primary) : ""));
  if (deletes) Session::line("  undo     keywright secret undelete " + at.name);
  if (verb.verb == "destroy" && at.version)
    Session::line("  undo     keywright secret undelete " + at.text() +
                  "   (until the wait is over)");
  return ok();
}

Status rotate(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.secret_reference(arguments.reference));
  KW_TRY(const auto answer, session.send("POST", Session::secret_path(at) + ":rotate", "{}"));
  const std::string run = member(answer.json.root(), "id");
  if (session.print_for_machines(answer, run)) return ok();
  Session::line("rotating " + at.text() + "  run " + run);
  Session::line("  watch    keywright run watch " + run);
  Session::line("  undo     keywright run rollback " + run);
  return ok();
}

Status roll_back(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.secret_reference(arguments.reference));
  JsonWriter json;
  json.begin_object();
  if (at.version) json.member("to", *at.version);
  json.end_object();
  return move(session, {at.tenant, at.name, std::nullopt}, {"rollback", "rolled back"},
              json.text());
}

Status remove(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.secret_reference(arguments.reference));
  return move(session, at, {"delete", "deleted"}, "");
}

Status undelete(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.secret_reference(arguments.reference));
  JsonWriter json;
  json.begin_object();
  if (at.version) json.member("version", *at.version);
  json.end_object();
  return move(session, at, {"undelete", "brought back"}, json.text());
}

Status destroy(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.secret_reference(arguments.reference));
  if (at.version.has_value() == arguments.has("--all"))
    return usage("say which version: " + at.name + "@1, or --all of a deleted secret");
  KW_OK(session.confirm_by_name("destroy " + at.text(), "its value is gone for ever", at.name,
                                arguments.text("--confirm")));
  JsonWriter json;
  json.begin_object();
  if (at.version) json.member("version", *at.version);
  if (arguments.has("--all")) json.member("all", true);
  json.end_object();
  return move(session, at, {"destroy", "will be destroyed:"}, json.text());
}

Status find(Session& session, const Arguments& arguments) {
  if (session.options().show_request) return usage("--show-request would print the value");
  KW_TRY(const WipedBytes value, read_value(session, arguments));
  JsonWriter json;
  json.begin_object().name("value").base64(without_newline(value, arguments.has("--keep-newline")));
  json.end_object();
  KW_TRY(const auto answer, session.send("POST", "/api/v1/secrets:find", json.text()));
  const auto where = [](const JsonView& row) {
    const std::string field = member(row, "field");
    return reference_of(row) + "@" + std::to_string(count(row, "version")) +
           (field.empty() ? "" : "#" + field);
  };
  return show_list(
      session, answer,
      {{{"WHERE", where}, text_column("STATE", "state"), text_column("SUBJECT", "subject")},
       [](const JsonView& row) { return member(row, "subject"); },
       "the value is nowhere here"});
}

void add_values(std::vector<Command>& commands) {
  commands.insert(
      commands.end(),
      {{"secret",
        "put",
        "a new value, or a new secret",
        "PATH",
        with_metadata(
            {kFromFile,
             kKeepNewline,
             kJsonFields,
             {"--generate", "have it made: 'length=32 alphabet=alnum', uuid, hex, ed25519 …",
              Kind::kText},
             {"--template", "FILE with {{path#field|filter}}: follows its sources", Kind::kText},
             {"--if-version", "only if this version is primary; 0: only if there is none",
              Kind::kNumber},
             {"--expires", "not handed out from then on, RFC 3339", Kind::kText},
             {"--adopt", "the target has this value already", Kind::kSwitch},
             {"--principal", "who presents it at the target", Kind::kText}}),
        {"keywright secret put app/db --json < db.json",
         "keywright secret put app/token --generate 'hex bytes=32'",
         "keywright secret put app/url --template url.tmpl"},
        put},
       {"secret",
        "get",
        "print the value",
        "PATH",
        {{"--field", "of a structured value", Kind::kText},
         {"--version", "a number, or previous", Kind::kText},
         {"--consumer", "on whose behalf, for rollouts", Kind::kText}},
        {"keywright secret get app/db --field password", "keywright secret get app/db -o json"},
        get},
       {"secret",
        "list",
        "secrets by path, without values",
        "",
        {{"--prefix", "paths that start so", Kind::kText},
         {"--target", "accepted by this target", Kind::kText},
         {"--deleted", "those that wait for undelete", Kind::kSwitch},
         {"--limit", "at most so many, 1 to 1000", Kind::kNumber},
         {"--after", "go on after this path", Kind::kText}},
        {"keywright secret list --prefix app/"},
        list},
       {"secret",
        "history",
        "one secret and its versions, without values",
        "PATH",
        {},
        {"keywright secret history app/db"},
        history},
       {"secret",
        "usage",
        "who read which version",
        "PATH",
        {{"--since", "RFC 3339", Kind::kText}},
        {"keywright secret usage app/db"},
        usage_of}});
}

void add_moves(std::vector<Command>& commands) {
  commands.insert(
      commands.end(),
      {{"secret",
        "edit",
        "change type, owner, class, labels, generator",
        "PATH",
        with_metadata({{"--generator", "how new values are made; '' by hand", Kind::kText}}),
        {"keywright secret edit app/db --owner payments"},
        edit},
       {"secret",
        "rotate",
        "start a rotation, here and at its target",
        "PATH",
        {},
        {"keywright secret rotate app/db"},
        rotate},
       {"secret",
        "rollback",
        "the value before is primary again",
        "PATH",
        {},
        {"keywright secret rollback app/db", "keywright secret rollback app/db@3"},
        roll_back},
       {"secret",
        "delete",
        "nobody reads it until it is undeleted",
        "PATH",
        {},
        {"keywright secret delete app/old"},
        remove},
       {"secret",
        "undelete",
        "bring a secret back, or a version that waits for its destruction",
        "PATH",
        {},
        {"keywright secret undelete app/old", "keywright secret undelete app/db@1"},
        undelete},
       {"secret",
        "destroy",
        "destroy a version after the waiting period",
        "PATH@N",
        {{"--all", "all versions of a deleted secret", Kind::kSwitch},
         {"--confirm", "the secret's path, for scripts", Kind::kText}},
        {"keywright secret destroy app/db@1 --confirm app/db"},
        destroy},
       {"secret",
        "find",
        "where the same material is, in all tenants",
        "",
        {kFromFile, kKeepNewline},
        {"keywright secret find --from-file leaked.txt"},
        find}});
}

}  // namespace

void add_secret_commands(std::vector<Command>& commands) {
  add_values(commands);
  add_moves(commands);
}

}  // namespace kw::cli
