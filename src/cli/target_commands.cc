// Targets: foreign systems that accept secrets, and what is bound to them.
#include "cli/command.h"
#include "cli/listing.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

std::string target_path(const Reference& at) {
  return "/api/v1/tenants/" + at.tenant + "/targets/" + at.name;
}

Status settings_member(JsonWriter& json, const char* name,
                       const std::vector<std::string>& settings) {
  json.name(name).begin_object();
  for (const std::string& each : settings) {
    const auto equals = each.find('=');
    if (equals == each.npos || equals == 0)
      return error(Code::kInvalidArgument, "usage", "a setting is NAME=VALUE");
    json.member(each.substr(0, equals), each.substr(equals + 1));
  }
  json.end_object();
  return ok();
}

std::string settings_text(const JsonView& row, const char* name) {
  std::string text;
  const auto settings = row.find(name);
  if (!settings) return text;
  for (const auto& [key, value] : settings->members())
    text += (text.empty() ? "" : " ") + std::string(key) + "=" +
            std::string(value.text() ? *value.text() : "");
  return text;
}

Status add(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  JsonWriter json;
  json.begin_object().member("connector", arguments.text("--connector"));
  KW_OK(settings_member(json, "settings", arguments.repeated("--set")));
  if (arguments.has("--admin-secret"))
    json.member("admin_secret", arguments.text("--admin-secret"));
  json.end_object();
  KW_TRY(const auto answer, session.send("PUT", target_path(at), json.text()));
  if (session.print_for_machines(answer, at.text())) return ok();
  Session::line("added " + at.text() + "  " + arguments.text("--connector"));
  Session::line("  next     keywright target test " + at.name);
  Session::line("  bind     keywright secret bind PATH --target " + at.name + " --set NAME=VALUE");
  return ok();
}

Status list(Session& session, const Arguments&) {
  KW_TRY(const std::string tenant, session.tenant());
  KW_TRY(const auto answer, session.send("GET", "/api/v1/tenants/" + tenant + "/targets"));
  const auto settings = [](const JsonView& row) { return settings_text(row, "settings"); };
  return show_list(session, answer,
                   {{text_column("TARGET", "name"),
                     text_column("CONNECTOR", "connector"),
                     text_column("ADMIN SECRET", "admin_secret"),
                     {"SETTINGS", settings},
                     time_column("CREATED", "created_at", true)},
                    [](const JsonView& row) { return member(row, "name"); },
                    "no targets in tenant " + tenant +
                        ".  add one: keywright target add NAME --connector postgres"});
}

Status show(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_TRY(const auto answer, session.send("GET", target_path(at)));
  if (session.print_for_machines(answer, at.text())) return ok();
  const JsonView root = answer.json.root();
  Session::line(at.text() + "  " + member(root, "connector"));
  Session::line("  settings  " + settings_text(root, "settings"));
  Session::line("  admin     " + member(root, "admin_secret"));
  KW_TRY(const auto bound, session.send("GET", "/api/v1/tenants/" + at.tenant + "/secrets" +
                                                   client::query({{"target", at.name}})));
  Table table = {{"  SECRET", "PRIMARY", "ACCOUNT"}};
  if (const auto items = bound.json.root().find("items"))
    for (const JsonView& row : items->elements())
      table.push_back({"  " + member(row, "path"), std::to_string(count(row, "primary")),
                       settings_text(row, "account")});
  if (table.size() > 1) Session::print(table);
  return ok();
}

Status remove(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_OK(session.send("DELETE", target_path(at)));
  Session::line("removed " + at.text());
  return ok();
}

std::string capabilities_text(const JsonView& can) {
  const auto flag = [&](const char* name) {
    const auto set = can.boolean(name);
    return set && *set;
  };
  std::string text = std::to_string(count(can, "slots")) + " credentials at once";
  if (flag("principal_per_version")) text += ", a user per version";
  if (flag("native_overlap")) text += ", two passwords per user";
  if (flag("soft_disable")) text += ", can stop a user";
  if (flag("consumer_takes")) text += ", old ones stay until the receiver takes the new one";
  return text + ", use is metered: " + member(can, "meter");
}

// The table says what failed; the exit code says that something did.
Status test(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_TRY(const auto answer, session.send("POST", target_path(at) + ":test", "{}"));
  const JsonView root = answer.json.root();
  KW_TRY(const JsonView items, root.member("items"));
  bool good = true;
  Table table = {{"PROBE", "SECRET", "OUTCOME", "WHY"}};
  for (const JsonView& row : items.elements()) {
    const std::string outcome = member(row, "outcome");
    good = good && outcome == "ok";
    const std::string reason = member(row, "reason");
    table.push_back({member(row, "probe"), member(row, "secret"), outcome,
                     reason.empty() ? "" : reason + ": " + member(row, "detail")});
  }
  if (!session.print_for_machines(answer, at.text())) {
    Session::line(at.text() + "  " + member(root, "connector"));
    if (const auto can = root.find("capabilities"))
      Session::line("  can  " + capabilities_text(*can));
    Session::print(table);
  }
  return good ? ok() : Status(error(Code::kFailedPrecondition, "proof_failed", ""));
}

Status connectors(Session& session, const Arguments&) {
  KW_TRY(const auto answer, session.send("GET", "/api/v1/connectors"));
  const auto names = [](const char* list) {
    return [list](const JsonView& row) {
      std::string text;
      if (const auto rules = row.find(list))
        for (const JsonView& rule : rules->elements())
          text += (text.empty() ? "" : " ") + member(rule, "name") +
                  (rule.boolean("required") && *rule.boolean("required") ? "*" : "");
      return text;
    };
  };
  return show_list(session, answer,
                   {{text_column("CONNECTOR", "name"),
                     {"TARGET SETTINGS (* needed)", names("target_settings")},
                     {"ACCOUNT SETTINGS", names("account_settings")},
                     {"ROLE SETTINGS", names("role_settings"), true}},
                    [](const JsonView& row) { return member(row, "name"); },
                    "this server has no connectors"});
}

Status bind(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.secret_reference(arguments.reference));
  JsonWriter json;
  json.begin_object().member("target", arguments.text("--target"));
  KW_OK(settings_member(json, "account", arguments.repeated("--set")));
  json.end_object();
  KW_TRY(const auto answer, session.send("POST", Session::secret_path(at) + ":bind", json.text()));
  if (session.print_for_machines(answer, at.text())) return ok();
  Session::line("bound " + at.text() + " to " + arguments.text("--target"));
  Session::line("  check    keywright target test " + arguments.text("--target"));
  Session::line("  rotate   keywright secret rotate " + at.name);
  return ok();
}

Status unbind(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.secret_reference(arguments.reference));
  KW_TRY(const auto answer, session.send("POST", Session::secret_path(at) + ":unbind", "{}"));
  if (session.print_for_machines(answer, at.text())) return ok();
  Session::line("unbound " + at.text() + "; the target still accepts its credential");
  return ok();
}

const Flag kSet{"--set", "NAME=VALUE; may be given more than once", Kind::kRepeated};

}  // namespace

void add_target_commands(std::vector<Command>& commands) {
  commands.insert(
      commands.end(),
      {{"target",
        "add",
        "describe a foreign system that accepts secrets",
        "TARGET",
        {{"--connector", "its kind; see: keywright target connectors", Kind::kText, true},
         kSet,
         {"--admin-secret", "path of the secret that may change credentials there", Kind::kText}},
        {"keywright target add shop-db --connector postgres --set host=db.internal "
         "--admin-secret admin/shop-db"},
        add},
       {"target", "list", "the tenant's targets", "", {}, {"keywright target list"}, list},
       {"target",
        "show",
        "one target and what is bound to it",
        "TARGET",
        {},
        {"keywright target show shop-db"},
        show},
       {"target",
        "test",
        "log in and probe, without changing anything",
        "TARGET",
        {},
        {"keywright target test shop-db"},
        test},
       {"target",
        "remove",
        "remove a target to which nothing is bound",
        "TARGET",
        {},
        {"keywright target remove shop-db"},
        remove},
       {"target",
        "connectors",
        "the kinds of systems and their settings",
        "",
        {},
        {"keywright target connectors -o wide"},
        connectors},
       {"secret",
        "bind",
        "say which target accepts it",
        "PATH",
        {{"--target", "the target", Kind::kText, true}, kSet},
        {"keywright secret bind app/db --target shop-db --set account=app"},
        bind},
       {"secret",
        "unbind",
        "say that no target accepts it any more",
        "PATH",
        {},
        {"keywright secret unbind app/db"},
        unbind}});
}

}  // namespace kw::cli
