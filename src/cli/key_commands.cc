#include "cli/command.h"
#include "cli/key_facts.h"
#include "cli/listing.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

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
            algorithm_text(member(*primary, "algorithm"));
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

std::string labels_text(const JsonView& key) {
  std::string text;
  const auto labels = key.find("labels");
  if (!labels) return text;
  for (const auto& [name, value] : labels->members())
    text += (text.empty() ? "" : " ") + std::string(name) + "=" +
            std::string(value.text() ? *value.text() : "");
  return text;
}

std::vector<Column> key_columns() {
  const auto versions = [](const JsonView& key) {
    return std::to_string(key.member("versions")->elements().size());
  };
  const auto algorithm = [](const JsonView& key) {
    const auto primary = primary_of(key);
    return primary ? member(*primary, "algorithm") : "";
  };
  return {text_column("NAME", "name"),
          {"PRIMARY", primary_text},
          {"VERSIONS", versions},
          {"ALGORITHM", algorithm},
          text_column("PURPOSE", "purpose", true),
          text_column("CLASS", "classification"),
          text_column("OWNER", "owner"),
          {"LABELS", labels_text, true},
          text_column("ID", "id", true),
          time_column("CREATED", "created_at")};
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
  return show_list(
      session, answer,
      {key_columns(), [](const JsonView& key) { return member(key, "name"); },
       "no keys in tenant " + tenant + " match.  make one: keywright key create NAME"});
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
  std::string etag;
  if (!session.showing()) {
    KW_TRY(const auto before, session.send("GET", Session::key_path(at)));
    etag = "\"" + std::to_string(count(before.json.root(), "epoch")) + "\"";
  }
  KW_TRY(const auto answer, session.send("PATCH", Session::key_path(at), json.text(), etag));
  if (!session.print_for_machines(answer, at.text())) Session::line("changed " + at.text());
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
  return show_list(session, answer,
                   {{text_column("ALIAS", "alias"), text_column("KEY", "key")},
                    [](const JsonView& row) { return member(row, "alias"); },
                    ""});
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
  add_aliases(commands);
}

}  // namespace kw::cli
