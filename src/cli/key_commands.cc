#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

// The version that protects by default, or nullopt.
std::optional<JsonView> primary_of(const JsonView& key) {
  const auto versions = key.member("versions");
  if (!versions) return std::nullopt;
  for (const JsonView& version : versions->elements())
    if (count(version, "version") == count(key, "primary")) return version;
  return std::nullopt;
}

std::string reference_of(const JsonView& key) {
  return member(key, "tenant") + ":" + member(key, "name");
}

Status label_members(JsonWriter& json, const std::vector<std::string>& labels) {
  json.name("labels").begin_object();
  for (const std::string& label : labels) {
    const auto equals = label.find('=');
    if (equals == label.npos)
      return error(Code::kInvalidArgument, "usage", "a label is NAME=VALUE");
    json.member(label.substr(0, equals), label.substr(equals + 1));
  }
  json.end_object();
  return ok();
}

// Metadata flags that create, import and edit share; only given ones are written.
Status metadata_members(JsonWriter& json, const Arguments& arguments) {
  if (arguments.has("--owner")) json.member("owner", arguments.text("--owner"));
  if (arguments.has("--class")) json.member("classification", arguments.text("--class"));
  if (arguments.has("--grace")) json.member("lease_grace_seconds", arguments.number("--grace", 60));
  if (arguments.has("--region")) {
    json.name("regions").begin_array();
    for (const std::string& region : arguments.repeated("--region")) json.value(region);
    json.end_array();
  }
  if (arguments.has("--label")) KW_OK(label_members(json, arguments.repeated("--label")));
  return ok();
}

const std::vector<Flag> kMetadataFlags = {
    {"--owner", "team that answers for the key", Kind::kText},
    {"--class", "public, internal, confidential or restricted", Kind::kText},
    {"--grace", "seconds a demoted version may still protect when named", Kind::kNumber},
    {"--region", "allowed region; may be given more than once", Kind::kRepeated},
    {"--label", "NAME=VALUE; may be given more than once", Kind::kRepeated},
};

std::vector<Flag> with_metadata(std::vector<Flag> flags) {
  flags.insert(flags.end(), kMetadataFlags.begin(), kMetadataFlags.end());
  return flags;
}

void print_created(const JsonView& key) {
  const auto primary = primary_of(key);
  std::string text = "created " + reference_of(key);
  if (primary)
    text += "@" + std::to_string(count(*primary, "version")) + "  primary  " +
            member(*primary, "algorithm");
  if (const std::string owner = member(key, "owner"); !owner.empty()) text += "  owner " + owner;
  Session::line(text);
  Session::line("  next     keywright key encrypt " + member(key, "name") +
                " --in FILE --out FILE.kw");
  Session::line("  rotate   keywright key rotate " + member(key, "name"));
}

Status create(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  JsonWriter json;
  json.begin_object().member("name", at.name);
  if (arguments.has("--purpose")) json.member("purpose", arguments.text("--purpose"));
  if (arguments.has("--algorithm")) json.member("algorithm", arguments.text("--algorithm"));
  if (arguments.has("--exportable")) json.member("exportable", true);
  KW_OK(metadata_members(json, arguments));
  json.end_object();
  KW_TRY(const auto answer,
         session.send("POST", "/api/v1/tenants/" + at.tenant + "/keys", json.text()));
  if (!session.print_for_machines(answer, at.text())) print_created(answer.json.root());
  return ok();
}

std::string primary_text(const JsonView& key) {
  const auto primary = primary_of(key);
  return primary ? "@" + std::to_string(count(*primary, "version")) : "none";
}

Status list(Session& session, const Arguments& arguments) {
  KW_TRY(const std::string tenant, session.tenant());
  const std::string filters = client::query({{"owner", arguments.text("--owner")},
                                             {"state", arguments.text("--state")},
                                             {"purpose", arguments.text("--purpose")},
                                             {"algorithm", arguments.text("--algorithm")},
                                             {"label", arguments.text("--label")},
                                             {"prefix", arguments.text("--prefix")},
                                             {"classification", arguments.text("--class")},
                                             {"sort", arguments.text("--sort")},
                                             {"limit", arguments.text("--limit")},
                                             {"after", arguments.text("--after")}});
  KW_TRY(const auto answer, session.send("GET", "/api/v1/tenants/" + tenant + "/keys" + filters));
  KW_TRY(const JsonView items, answer.json.root().member("items"));
  if (session.options().quiet || session.options().format == Format::kName) {
    for (const JsonView& key : items.elements()) Session::line(member(key, "name"));
    return ok();
  }
  if (session.print_for_machines(answer)) return ok();
  Table table = {{"NAME", "PRIMARY", "VERSIONS", "ALGORITHM", "CLASS", "OWNER", "CREATED"}};
  for (const JsonView& key : items.elements()) {
    const auto primary = primary_of(key);
    table.push_back({member(key, "name"), primary_text(key),
                     std::to_string(key.member("versions")->elements().size()),
                     primary ? member(*primary, "algorithm") : "", member(key, "classification"),
                     member(key, "owner"), moment(member(key, "created_at"))});
  }
  if (table.size() == 1) {
    Session::say("no keys in tenant " + tenant + " match.  make one: keywright key create NAME");
    return ok();
  }
  Session::print(table);
  if (const std::string next = member(answer.json.root(), "next"); !next.empty())
    Session::say("more: --after " + next);
  return ok();
}

void print_key(const JsonView& key) {
  Session::line(reference_of(key) + "  " + member(key, "purpose") + "  " +
                member(key, "classification") +
                (member(key, "owner").empty() ? "" : "  owner " + member(key, "owner")));
  Table table = {{"  VERSION", "STATE", "ALGORITHM", "ORIGIN", "CREATED", "NOTE"}};
  const auto versions = key.member("versions");
  for (const JsonView& version : versions->elements()) {
    std::string note = member(version, "reason");
    if (const std::string after = member(version, "destroy_after"); !after.empty())
      note += (note.empty() ? "" : ", ") + std::string("destroyed after ") + moment(after);
    table.push_back({"  @" + std::to_string(count(version, "version")), member(version, "state"),
                     member(version, "algorithm"), member(version, "origin"),
                     moment(member(version, "created_at")), note});
  }
  Session::print(table);
}

Status show(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_TRY(const auto answer, session.send("GET", Session::key_path(at)));
  if (!session.print_for_machines(answer, at.text())) print_key(answer.json.root());
  return ok();
}

Status edit(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  JsonWriter json;
  json.begin_object();
  KW_OK(metadata_members(json, arguments));
  json.end_object();
  KW_TRY(const auto before, session.send("GET", Session::key_path(at)));
  const std::string etag = "\"" + std::to_string(count(before.json.root(), "epoch")) + "\"";
  KW_TRY(const auto answer, session.send("PATCH", Session::key_path(at), json.text(), etag));
  if (!session.print_for_machines(answer, at.text())) Session::line("changed " + at.text());
  return ok();
}

Status rotate(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  if (arguments.has("--dry-run")) {
    KW_TRY(const auto answer, session.send("GET", Session::key_path(at)));
    const JsonView key = answer.json.root();
    const auto primary = primary_of(key);
    const auto next = std::to_string(key.member("versions")->elements().size() + 1);
    Session::line("plan  " + at.text() + " " + primary_text(key) + " -> @" + next +
                  "      nothing has been changed");
    Session::line("  + " + at.name + "@" + next + "    " +
                  arguments.text("--algorithm", primary ? member(*primary, "algorithm") : "") +
                  ", proved by a known-answer test before use");
    if (primary)
      Session::line("  ~ " + at.name + primary_text(key) +
                    "    primary -> secondary: decrypts; protects only when named, for " +
                    std::to_string(count(key, "lease_grace_seconds")) + " s");
    Session::line("  rollback     keywright key rollback " + at.name);
    return ok();
  }
  JsonWriter json;
  json.begin_object();
  if (arguments.has("--algorithm")) json.member("algorithm", arguments.text("--algorithm"));
  if (arguments.has("--no-promote")) json.member("promote", false);
  json.end_object();
  KW_TRY(const auto answer, session.send("POST", Session::key_path(at) + ":rotate", json.text()));
  const auto version = count(answer.json.root(), "version");
  const std::string made = at.text() + "@" + std::to_string(version);
  if (session.print_for_machines(answer, made)) return ok();
  Session::line("rotated " + made + (arguments.has("--no-promote") ? "  active" : "  primary"));
  Session::line("  undo     keywright key rollback " + at.name);
  return ok();
}

Status roll_back(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  JsonWriter json;
  json.begin_object();
  if (at.version) json.member("to", *at.version);
  json.end_object();
  Reference key = at;
  key.version.reset();
  KW_TRY(const auto answer, session.send("POST", Session::key_path(at) + ":rollback", json.text()));
  const std::string now = key.text() + primary_text(answer.json.root());
  if (!session.print_for_machines(answer, now))
    Session::line("rolled back: " + now + " is primary again");
  return ok();
}

Status readiness(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  if (!at.version)
    return error(Code::kInvalidArgument, "usage", "say which version: " + at.name + "@1");
  const std::string target = arguments.text("--for", "retire");
  KW_TRY(const auto answer,
         session.send("GET",
                      Session::key_path(at) + "/readiness" +
                          client::query({{"version", std::to_string(*at.version)},
                                         {"for", target},
                                         {"quiet_seconds", arguments.text("--quiet-seconds")}})));
  const JsonView root = answer.json.root();
  const bool ready = root.boolean("ready") && *root.boolean("ready");
  const Error refused{Code::kFailedPrecondition, "not_ready", "", std::nullopt};
  if (session.print_for_machines(answer, at.text())) return ready ? ok() : Status(refused);
  if (ready) {
    Session::line("ready: " + at.text() + " can be " +
                  (target == "destroy" ? "destroyed" : target + "d"));
    return ok();
  }
  const auto blockers = root.member("blockers")->elements();
  const std::string not_before = member(root, "not_before");
  Session::line("not ready: " + at.text() + " has " + std::to_string(blockers.size()) +
                (blockers.size() == 1 ? " blocker" : " blockers") +
                (not_before.empty() ? "" : "; not before " + moment(not_before)));
  Table table = {{"  BLOCKER", "AMOUNT", "WHERE", "CLEARS WHEN"}};
  for (const JsonView& blocker : blockers)
    table.push_back({"  " + member(blocker, "kind"), grouped(count(blocker, "amount")),
                     member(blocker, "where"), member(blocker, "clears_when")});
  Session::print(table);
  return refused;
}

Status usage(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_TRY(const auto answer,
         session.send("GET", Session::key_path(at) + "/usage" +
                                 client::query({{"since", arguments.text("--since")}})));
  if (session.print_for_machines(answer, at.text())) return ok();
  Table table = {{"HOUR", "VERSION", "OPERATION", "CALLER", "COUNT", "LAST"}};
  KW_TRY(const JsonView items, answer.json.root().member("items"));
  for (const JsonView& row : items.elements())
    table.push_back({moment(member(row, "hour")), "@" + std::to_string(count(row, "version")),
                     member(row, "operation"), member(row, "caller"), grouped(count(row, "count")),
                     moment(member(row, "last_at"))});
  if (table.size() == 1) {
    Session::say(at.text() + " was not used in this time");
    return ok();
  }
  Session::print(table);
  return ok();
}

Status public_key(Session& session, const Arguments& arguments) {
  KW_TRY(Reference at, session.reference(arguments.reference));
  if (!at.version) {
    KW_TRY(const auto key, session.send("GET", Session::key_path(at)));
    at.version = static_cast<std::uint32_t>(count(key.json.root(), "primary"));
  }
  KW_TRY(const auto answer, session.send("GET", Session::key_path(at) + "/versions/" +
                                                    std::to_string(*at.version) + "/public-key"));
  if (session.options().format == Format::kJson && session.print_for_machines(answer)) return ok();
  const std::string pem = member(answer.json.root(), "public_key");
  Session::line(pem.substr(0, pem.find_last_not_of('\n') + 1));
  return ok();
}

Status put_alias(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  JsonWriter json;
  json.begin_object().member("key", arguments.text("--key")).end_object();
  KW_OK(session.send("PUT", "/api/v1/tenants/" + at.tenant + "/aliases/" + at.name, json.text()));
  Session::line(at.text() + " -> " + arguments.text("--key"));
  return ok();
}

Status remove_alias(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_OK(session.send("DELETE", "/api/v1/tenants/" + at.tenant + "/aliases/" + at.name));
  Session::line("removed " + at.text());
  return ok();
}

Status list_aliases(Session& session, const Arguments&) {
  KW_TRY(const std::string tenant, session.tenant());
  KW_TRY(const auto answer, session.send("GET", "/api/v1/tenants/" + tenant + "/aliases"));
  if (session.print_for_machines(answer)) return ok();
  Table table = {{"ALIAS", "KEY"}};
  KW_TRY(const JsonView items, answer.json.root().member("items"));
  for (const JsonView& row : items.elements())
    table.push_back({member(row, "alias"), member(row, "key")});
  Session::print(table);
  return ok();
}

}  // namespace

namespace {

void add_inventory(std::vector<Command>& commands) {
  commands.insert(
      commands.end(),
      {{"key",
        "create",
        "make a key; version 1 is primary",
        "KEY",
        with_metadata(
            {{"--purpose", "encrypt, wrap, sign, mac, derive or deterministic", Kind::kText},
             {"--algorithm", "see: keywright help algorithms", Kind::kText},
             {"--exportable", "material may leave, wrapped and approved; cannot be changed later",
              Kind::kSwitch}}),
        {"keywright key create orders",
         "keywright key create tokens --algorithm ed25519 --owner payments"},
        create},
       {"key",
        "list",
        "the inventory",
        "",
        {{"--owner", "only this owner's", Kind::kText},
         {"--state", "with a version in this state", Kind::kText},
         {"--purpose", "of this purpose", Kind::kText},
         {"--algorithm", "with this algorithm", Kind::kText},
         {"--label", "NAME=VALUE", Kind::kText},
         {"--prefix", "names that start so", Kind::kText},
         {"--class", "of this classification", Kind::kText},
         {"--sort", "name, -name, created, -created", Kind::kText},
         {"--limit", "at most so many, 1 to 1000", Kind::kNumber},
         {"--after", "go on after this cursor", Kind::kText}},
        {"keywright key list", "keywright key list --owner payments --sort -created"},
        list},
       {"key",
        "show",
        "one key and its versions",
        "KEY",
        {},
        {"keywright key show orders", "keywright key show orders -o json"},
        show},
       {"key",
        "edit",
        "change owner, class, labels, regions, grace",
        "KEY",
        kMetadataFlags,
        {"keywright key edit orders --owner billing"},
        edit}});
}

void add_rotation(std::vector<Command>& commands) {
  commands.insert(commands.end(),
                  {{"key",
                    "rotate",
                    "make a new version and promote it",
                    "KEY",
                    {{"--algorithm", "another algorithm for the new version", Kind::kText},
                     {"--no-promote", "leave the new version active, for a canary", Kind::kSwitch},
                     {"--dry-run", "show what would happen", Kind::kSwitch}},
                    {"keywright key rotate orders --dry-run", "keywright key rotate orders"},
                    rotate},
                   {"key",
                    "rollback",
                    "make an older version primary again",
                    "KEY[@N]",
                    {},
                    {"keywright key rollback orders"},
                    roll_back},
                   {"key",
                    "readiness",
                    "may this version go, and what is in the way",
                    "KEY@N",
                    {{"--for", "retire, archive or destroy", Kind::kText},
                     {"--quiet-seconds", "how long it must have been unused", Kind::kNumber}},
                    {"keywright key readiness orders@1 --for retire"},
                    readiness},
                   {"key",
                    "usage",
                    "who used which version for what",
                    "KEY",
                    {{"--since", "from this time, RFC 3339", Kind::kText}},
                    {"keywright key usage orders"},
                    usage},
                   {"key",
                    "public-key",
                    "the public key as PEM",
                    "KEY[@N]",
                    {},
                    {"keywright key public-key tokens"},
                    public_key}});
}

void add_aliases(std::vector<Command>& commands) {
  commands.insert(
      commands.end(),
      {{"alias",
        "put",
        "point an alias at a key",
        "ALIAS",
        {{"--key", "the key", Kind::kText, true}},
        {"keywright alias put current --key orders"},
        put_alias},
       {"alias", "list", "the tenant's aliases", "", {}, {"keywright alias list"}, list_aliases},
       {"alias",
        "remove",
        "remove an alias",
        "ALIAS",
        {},
        {"keywright alias remove current"},
        remove_alias}});
}

}  // namespace

void add_key_commands(std::vector<Command>& commands) {
  add_inventory(commands);
  add_rotation(commands);
  add_aliases(commands);
}

}  // namespace kw::cli
